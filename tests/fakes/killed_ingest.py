"""Ingests that are killed at random moments, of a folder that people change meanwhile."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import apsw

from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge.words import words
from laresd.documents import Query
from tests.fakes.ingesting import FACTS
from tests.fakes.libraries import written

FILES = 120
ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Killed:
    """`killed`: how many of the ingests had not come to their end."""

    library: Path
    folder: Path
    expected: dict[str, str]  # the text of each file, by its name
    killed: int


def killed_ingests(base: Path, kills: int, seed: int) -> Killed:
    """The last one is let to its end. Blocks."""
    state, folder, chance = base / "state", base / "papers", random.Random(seed)
    expected = {f"{number}.txt": f"Page {number} about topic{number}." for number in range(FILES)}
    for name, text in expected.items():
        written(folder / name, text)
    whole = ingest(base / "other", folder, PATIENCE_S)
    assert whole is not None
    killed = 0
    for round_ in range(kills):
        killed += ingest(state, folder, chance.uniform(0.0, 0.7 * whole)) is None
        change(folder, chance, expected, round_)
    assert ingest(state, folder, PATIENCE_S) is not None
    return Killed(state / "library.db", folder, expected, killed)


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
        [sys.executable, "-m", "tests.fakes.ingesting", str(state), str(folder), str(seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert child.returncode in (0, -9)
    return float(child.stdout) if child.returncode == 0 else None


async def assert_whole(done: Killed) -> None:
    """Each file is one document with its own text, found by its words and by its vector."""
    with apsw.Connection(str(done.library), flags=apsw.SQLITE_OPEN_READONLY) as db:
        assert db.pragma("integrity_check") == "ok"
    async with LibraryStore(done.library, words) as store:
        assert len(await store.sources()) == 1
        found = await store.documents("house", limit=1000, offset=0)
        texts = {Path(each.uri).name: await store.text(each.id) for each in found}
        assert len(found) == len(texts)
        assert texts == done.expected
        assert {Path(each.uri).parent for each in found} == {done.folder}
        (collection,) = await store.collections()
        assert collection.passages == len(done.expected)
        assert not await store.unembedded(FACTS.key, 10)
        query = Query("about", "en", ("house",), limit=1000)
        leg = await store.words_leg(["about"], query, 1000)
        assert len({passage for passage, _ in leg}) == len(leg) == len(done.expected)
