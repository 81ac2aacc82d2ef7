"""Rows of a database: each a document, or all of a group; and never a change to it."""

from __future__ import annotations

import sqlite3
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from laresd.backends.knowledge import queries
from laresd.backends.knowledge.addresses import source_of
from laresd.backends.knowledge.origin import Changed, Gone, Noted, Step, Unchanged
from laresd.backends.knowledge.queries import QueryOrigin, Question
from laresd.backends.knowledge.store import Known
from laresd.errors import LaresError, Permanent, Refused

NOTES = "SELECT id, title, text FROM note ORDER BY id"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "house.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE note (id INTEGER, title TEXT, text TEXT, room TEXT)")
        db.executemany(
            "INSERT INTO note VALUES (?, ?, ?, ?)",
            [
                (1, "Boiler", "Error E5 means low pressure.", "cellar"),
                (2, "Bins", "Glass goes out on Tuesday.", "yard"),
                (3, "Pump", None, "cellar"),
            ],
        )
        db.commit()
    return path


def origin(base: Path, question: Question, *, most_rows: int = 100) -> QueryOrigin:
    return QueryOrigin(
        f"sqlite:///{base}#mark", question, most_rows=most_rows, wall=lambda: 1_790_000_000.0
    )


async def look(origin: QueryOrigin, known: dict[str, Known] | None = None) -> list[Step]:
    async with aclosing(origin.steps(known or {})) as steps:
        return [step async for step in steps]


def texts(steps: list[Step]) -> dict[str, str]:
    return {
        step.original.uri: step.original.extracted.blocks[0].text
        for step in steps
        if isinstance(step, Changed) and step.original.extracted
    }


def as_known(steps: list[Step]) -> dict[str, Known]:
    found = [step.original for step in steps if isinstance(step, Changed)]
    return {
        each.uri: Known(number, each.digest, each.modified, each.size, "")
        for number, each in enumerate(found, 1)
    }


async def test_each_row_is_a_document_known_by_its_key(base: Path) -> None:
    steps = await look(origin(base, Question(NOTES)))
    assert texts(steps) == {
        "1": "id: 1\ntitle: Boiler\ntext: Error E5 means low pressure.",
        "2": "id: 2\ntitle: Bins\ntext: Glass goes out on Tuesday.",
        "3": "id: 3\ntitle: Pump",
    }
    (first, *_) = [step.original for step in steps if isinstance(step, Changed)]
    assert first.title == "Boiler"
    by_title = await look(origin(base, Question(NOTES, key="title")))
    assert list(texts(by_title)) == ["Boiler", "Bins", "Pump"]


async def test_rows_of_a_group_are_one_table(base: Path) -> None:
    question = Question("SELECT room, title FROM note ORDER BY id", group="room")
    assert texts(await look(origin(base, question))) == {
        "cellar": "room | title\ncellar | Boiler\ncellar | Pump",
        "yard": "room | title\nyard | Bins",
    }


async def test_only_rows_that_changed_are_read_again(base: Path) -> None:
    known = as_known(await look(origin(base, Question(NOTES))))
    with closing(sqlite3.connect(base)) as db:
        db.execute("UPDATE note SET text = 'Paper goes out, too.' WHERE id = 2")
        db.execute("DELETE FROM note WHERE id = 3")
        db.commit()
    steps = await look(origin(base, Question(NOTES)), known)
    assert list(texts(steps)) == ["2"]
    assert Unchanged(1) in steps
    assert Gone([known["3"].id]) in steps


async def test_beyond_the_limit_nothing_is_taken_for_gone(base: Path) -> None:
    known = as_known(await look(origin(base, Question(NOTES))))
    steps = await look(origin(base, Question(NOTES), most_rows=2), known)
    assert Noted("only the first 2 rows are read (knowledge.rows)") in steps
    assert not any(isinstance(step, Gone) for step in steps)


@pytest.mark.parametrize(
    "query", ["WITH x AS (SELECT 1) INSERT INTO note (id) SELECT 9", "DELETE FROM note"]
)
async def test_nothing_is_ever_written(base: Path, query: str) -> None:
    before = base.read_bytes()
    with pytest.raises(LaresError):
        await look(origin(base, Question(query)))
    assert base.read_bytes() == before


async def test_a_query_with_a_mistake_says_which(base: Path) -> None:
    with pytest.raises(LaresError, match="no such column: tilte"):
        await look(origin(base, Question("SELECT tilte FROM note")))
    with pytest.raises(Permanent, match="no column 'number'"):
        await look(origin(base, Question(NOTES, key="number")))


def test_what_is_no_reading_query_is_refused() -> None:
    with pytest.raises(Refused, match="only read"):
        queries.checked(source_of("sqlite:////x.db", "house", query="DROP TABLE note"))


def test_a_password_is_never_kept() -> None:
    given = source_of("postgresql+psycopg://ann:secret@db.lan/x", "house", query=NOTES)
    with pytest.raises(Refused) as caught:
        queries.checked(given)
    assert "secret" not in str(caught.value)
    assert "password_file" in str(caught.value)


def test_a_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("DB_PASSWORD", "s4cret")
    url = queries._url(f"mysql://ann@db.lan/x?password_file={tmp_path / 'password'}")
    assert queries._with_password(url).password == "s3cret"
    url = queries._url("mysql://ann@db.lan/x?password_env=DB_PASSWORD")
    assert queries._with_password(url).password == "s4cret"
    with pytest.raises(Permanent, match="cannot be read from"):
        queries._with_password(queries._url("mysql://a@b/x?password_file=/nowhere"))


def test_a_driver_that_is_missing_is_named() -> None:
    with pytest.raises(Permanent, match="needs the package") as caught:
        queries.checked(source_of("mysql://ann@db.lan/x", "house", query=NOTES))
    assert "mysqlclient" in str(caught.value)
    with pytest.raises(Permanent, match="no kind of database"):
        queries.checked(source_of("nosuch://x/y", "house", query=NOTES))


def test_two_queries_of_one_database_are_two_sources() -> None:
    one = source_of("sqlite:////x.db", "house", query="SELECT 1")
    other = source_of("sqlite:////x.db", "house", query="SELECT 2")
    assert one.location != other.location
    assert one == source_of("sqlite:////x.db", "house", query="SELECT 1")
