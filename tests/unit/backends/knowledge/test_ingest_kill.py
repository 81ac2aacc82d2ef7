"""Killed at any moment, the ingest goes on where it was: nothing is lost, nothing is there twice.

The time from the start to the kill is drawn at random, so that it falls anywhere in the work.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge.words import words
from laresd.documents import Query
from tests.fakes.libraries import written
from tests.unit.backends.knowledge.ingesting import FACTS

KILLS = int(os.environ.get("LARES_KILLS", "6"))
FILES = 120
MODULE = "tests.unit.backends.knowledge.ingesting"
ROOT = Path(__file__).parents[4]
SEED = int(os.environ.get("LARES_SEED", "7"))


def change(folder: Path, chance: random.Random, expected: dict[str, str], round_: int) -> None:
    """What people do to a folder while nobody looks: write, rename, delete, add."""
    for name in chance.sample(sorted(expected), 40):
        text = f"Page {name} of round {round_} about topic{chance.randrange(1000)}."
        written(folder / name, text, at=1_700_000_000 + round_)
        expected[name] = text
    for number, name in enumerate(chance.sample(sorted(expected), 10)):
        new = f"renamed-{round_}-{number}.txt"
        (folder / name).rename(folder / new)
        expected[new] = expected.pop(name)
    for number, name in enumerate(chance.sample(sorted(expected), 10)):
        (folder / name).unlink()
        del expected[name]
        new = f"new-{round_}-{number}.txt"
        expected[new] = f"A new page {new} about topic{chance.randrange(1000)}."
        written(folder / new, expected[new], at=1_700_000_000 + round_)


def ingest(state: Path, folder: Path, seconds: float) -> float | None:
    """How long it took; None: it was killed after so many seconds of work."""
    child = subprocess.run(
        [sys.executable, "-m", MODULE, str(state), str(folder), str(seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert child.returncode in (0, -9)
    return float(child.stdout) if child.returncode == 0 else None


@pytest.mark.slow
async def test_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    state, folder, chance = tmp_path / "state", tmp_path / "papers", random.Random(SEED)
    expected = {f"{number}.txt": f"Page {number} about topic{number}." for number in range(FILES)}
    for name, text in expected.items():
        written(folder / name, text)
    whole = ingest(tmp_path / "other", folder, 300.0)
    assert whole is not None
    killed = 0
    for round_ in range(KILLS):
        killed += ingest(state, folder, chance.uniform(0.0, 0.7 * whole)) is None
        change(folder, chance, expected, round_)
    assert killed
    assert ingest(state, folder, 300.0) is not None
    await is_whole(state / "library.db", folder, expected)


async def is_whole(library: Path, folder: Path, expected: dict[str, str]) -> None:
    """Each file is one document with its own text, found by its words and by its vector."""
    with apsw.Connection(str(library), flags=apsw.SQLITE_OPEN_READONLY) as db:
        assert db.pragma("integrity_check") == "ok"
    async with LibraryStore(library, words) as store:
        assert len(await store.sources()) == 1
        found = await store.documents("house", limit=1000, offset=0)
        texts = {Path(each.uri).name: await store.text(each.id) for each in found}
        assert len(found) == len(texts)
        assert texts == expected
        assert {Path(each.uri).parent for each in found} == {folder}
        (collection,) = await store.collections()
        assert collection.passages == len(expected)
        assert not await store.unembedded(FACTS.key, 10)
        query = Query("about", "en", ("house",), limit=1000)
        leg = await store.words_leg(["about"], query, 1000)
        assert len({passage for passage, _ in leg}) == len(leg) == len(expected)
