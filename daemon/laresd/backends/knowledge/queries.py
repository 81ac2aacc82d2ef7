"""Rows of a database query as sources, by SQLAlchemy: read, and never written.

An address is SQLAlchemy's (`postgresql+psycopg://reader@db.lan/house`). Its password is not in it:
`?password_file=/path` or `?password_env=NAME` says where it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from laresd.backends.knowledge.origin import (
    Changed,
    Expected,
    Gone,
    Noted,
    Original,
    Step,
    Unchanged,
)
from laresd.backends.knowledge.store import Known
from laresd.documents import Block, Extracted, Source
from laresd.errors import LaresError, Permanent, Refused, Temporary

MOST_BYTES = 64 << 20  # of all rows; they are in memory together
_AT_ONCE = 500  # rows
_READS = re.compile(r"\s*(?:select|with|values|table|from)\b", re.IGNORECASE)
_PACKAGES = {  # of drivers, where the name differs
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "pyodbc": "pyodbc",
    "cx_Oracle": "oracledb",
}


@dataclass(frozen=True, slots=True)
class Question:
    """`key`: the column by which a row is known, "": the first. `group`: a column whose equal
    values make one document of all their rows; "": each row is one.
    """

    query: str
    key: str = ""
    group: str = ""

    @classmethod
    def of(cls, source: Source) -> Question:
        options = dict(source.options)
        return cls(options["query"], options.get("key", ""), options.get("group", ""))


@dataclass(frozen=True, slots=True)
class _Rows:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    cut: bool


class QueryOrigin:
    """Port `Origin` of a query. `location`: as it is kept, with a mark behind it."""

    def __init__(
        self, location: str, question: Question, *, most_rows: int, wall: Callable[[], float]
    ) -> None:
        self._address = location.rpartition("#")[0]
        self._question, self._most_rows, self._wall = question, most_rows, wall

    async def is_still(self, original: Original) -> bool:
        return True

    async def steps(self, known: Mapping[str, Known]) -> AsyncGenerator[Step, None]:
        found = await asyncio.to_thread(_rows, self._address, self._question.query, self._most_rows)
        documents = await asyncio.to_thread(lambda: dict(_documents(found, self._question)))
        yield Expected(len(documents))
        if found.cut:
            yield Noted(f"only the first {len(found.rows)} rows are read (knowledge.rows)")
        for uri, extracted in documents.items():
            text = extracted.blocks[0].text
            digest = hashlib.sha256(f"{extracted.title}\0{text}".encode()).hexdigest()
            before = known.get(uri)
            if before is not None and before.digest == digest:
                yield Unchanged(1)
            else:
                size, title = len(text.encode()), extracted.title
                yield Changed(Original(uri, title, digest, size, self._wall(), extracted=extracted))
        if not found.cut:
            yield Gone([each.id for uri, each in known.items() if uri not in documents])


def checked(source: Source) -> Source:
    """Raises Refused for a password in the address and for what does not only read, Permanent where
    there is no driver. Blocks.
    """
    address, question = source.location.rpartition("#")[0], Question.of(source)
    if not _READS.match(question.query):
        raise Refused("the query must only read: SELECT ...")
    url = _url(address)
    if url.password:
        raise Refused(
            "the address holds a password, which would be kept for all to see",
            remedy="put it into a file: ...?password_file=/etc/lares/db-password",
        )
    _engine(url).dispose()
    return source


def _rows(address: str, query: str, most: int) -> _Rows:
    """In a transaction that is rolled back. Blocks."""
    try:
        engine = _engine(_with_password(_url(address)))
        with engine.connect() as connection:
            try:
                _only_read(connection)
                return _fetched(connection, query, most)
            finally:
                connection.rollback()
    except SQLAlchemyError as error:
        raise _told(address, error) from None


def _fetched(connection: Connection, query: str, most: int) -> _Rows:
    options = {"stream_results": True, "max_row_buffer": _AT_ONCE}
    result = connection.execution_options(**options).exec_driver_sql(query)
    columns, rows, size = list(result.keys()), list[Sequence[str]](), 0
    while part := result.fetchmany(_AT_ONCE):
        for row in part:
            if len(rows) >= most or size > MOST_BYTES:
                result.close()
                return _Rows(columns, rows, cut=True)
            rows.append(["" if value is None else str(value) for value in row])
            size += sum(map(len, rows[-1]))
    return _Rows(columns, rows, cut=False)


def _only_read(connection: Connection) -> None:
    """So that the database itself refuses what would change it."""
    match connection.dialect.name:
        case "sqlite":
            connection.exec_driver_sql("PRAGMA query_only=ON")
        case "postgresql" | "mysql" | "mariadb" | "oracle":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _documents(found: _Rows, question: Question) -> Iterator[tuple[str, Extracted]]:
    if question.group:
        yield from _grouped(found, _column(found, question.group))
        return
    key = _column(found, question.key)
    for row in found.rows:
        text = "\n".join(
            f"{name}: {value}" for name, value in zip(found.columns, row, strict=True) if value
        )
        yield row[key], Extracted((Block(text),), title=_title(row, key))


def _grouped(found: _Rows, column: int) -> Iterator[tuple[str, Extracted]]:
    """A table for each value of the column."""
    tables: dict[str, list[Sequence[str]]] = {}
    for row in found.rows:
        tables.setdefault(row[column], []).append(row)
    for name, rows in tables.items():
        lines = (
            " | ".join(" ".join(cell.split()) for cell in row) for row in (found.columns, *rows)
        )
        cells = f"A1:{_letter(len(found.columns))}{len(rows) + 1}"
        yield name, Extracted((Block("\n".join(lines), cells=cells),), title=name)


def _title(row: Sequence[str], key: int) -> str:
    """The first words of a row that are not its key."""
    others = (" ".join(value.split()) for number, value in enumerate(row) if number != key)
    return next((value for value in others if 0 < len(value) <= 80), row[key])


def _column(found: _Rows, name: str) -> int:
    if not name:
        return 0
    if name not in found.columns:
        raise Permanent(
            f"the query has no column {name!r}", remedy="it has: " + ", ".join(found.columns)
        )
    return list(found.columns).index(name)


def _letter(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _url(address: str) -> URL:
    try:
        return make_url(address)
    except ArgumentError:
        raise Refused(
            "that is no address of a database", remedy="dialect://user@host/name"
        ) from None


def _engine(url: URL) -> sqlalchemy.Engine:
    """Nothing is connected yet."""
    bare = url.difference_update_query(["password_file", "password_env"])
    if bare.get_backend_name() == "sqlite" and bare.database:
        query = {"mode": "ro", "uri": "true"}
        bare = bare.set(database=f"file:{bare.database}").update_query_dict(query)
    try:
        return sqlalchemy.create_engine(bare, poolclass=NullPool, hide_parameters=True)
    except NoSuchModuleError:
        raise Permanent(f"there is no kind of database {bare.drivername!r}") from None
    except ModuleNotFoundError as error:
        name = error.name or bare.get_driver_name()
        raise Permanent(
            f"{bare.get_backend_name()} needs the package {_PACKAGES.get(name, name)}",
            remedy="install it beside Lares: pip install " + _PACKAGES.get(name, name),
        ) from None


def _with_password(url: URL) -> URL:
    """Raises Permanent where it cannot be had."""
    file, variable = url.query.get("password_file"), url.query.get("password_env")
    if isinstance(file, str):
        try:
            return url.set(password=Path(file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise Permanent(f"the database's password cannot be read from {file}: {why}") from None
    if isinstance(variable, str):
        password = os.environ.get(variable)
        if password is None:
            raise Permanent(f"laresd has no environment variable {variable}")
        return url.set(password=password)
    return url


def _told(address: str, error: SQLAlchemyError) -> LaresError:
    """What the database says, without the statement."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
    kind = Temporary if isinstance(error, sqlalchemy.exc.OperationalError) else Permanent
    return kind(f"the database {_url(address).render_as_string(hide_password=True)}: {said}")
