"""A library whose writer is killed at a random moment, and what must hold of it then."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge import derived
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.sqlite import Connection
from laresd.core.knowledge.words import words
from tests.fakes.library_writer import always, passages_of


@dataclass(slots=True)
class Killed:
    """`documents`: those that were acknowledged, uri to digest. `begun`: what was not: it may be
    there or not. `faults`: what was found wrong, after all kills.
    """

    path: Path
    many: int
    documents: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    changes: int = 0

    async def kill_once(self, seed: int) -> None:
        """Let it be written for a while, kill the writer, and look at what is left."""
        chance = random.Random(seed)
        program = (sys.executable, "-m", "tests.fakes.library_writer")
        writer = await asyncio.create_subprocess_exec(
            *program, str(self.path), str(seed), str(self.many), stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        lines = chance.randrange(1, 120)
        while lines and (line := await writer.stdout.readline()):
            self._noted(line)
            lines -= 1
        await asyncio.sleep(chance.random() * 0.03)
        writer.kill()
        while line := await writer.stdout.readline():
            self._noted(line)
        await writer.wait()
        if lines:
            self.faults.append(f"seed {seed}: the writer ended by itself")
        await self._look(seed)

    def _noted(self, line: bytes) -> None:
        state, *change = line.decode().split()
        if state == "begin":
            self.begun = change
        elif change:
            self.changes += 1
            self._apply(change)
            self.begun = []

    def _apply(self, change: list[str]) -> None:
        match change:
            case ["put", uri, digest]:
                self.documents[uri] = digest
            case ["drop", uri]:
                self.documents.pop(uri, None)

    async def _look(self, seed: int) -> None:
        async with LibraryStore(self.path, words) as store:
            if store.moved_aside is not None:
                self.faults.append(f"seed {seed}: the file is damaged")
            held = {
                uri: each.digest
                for source in await store.sources()
                for uri, each in (await store.known(source.id)).items()
            }
            if held != self.documents:
                self._apply(self.begun)
            if held != self.documents:
                self.faults.append(f"seed {seed}: documents are lost, doubled or others")
            self.documents, self.begun = held, []
            self.faults += [f"seed {seed}: {fault}" for fault in await store.read(_faults)]
            await Upkeep(store, SystemClock(), always, many=self.many).settle()
            bad = await store.read(lambda db: derived.unusable(db, thorough=True))
            self.faults += [f"seed {seed}: {each.table} is not as it should be" for each in bad]


def _faults(db: Connection) -> list[str]:
    """What the truth says that was never written."""
    found = []
    for number, digest in db.execute("SELECT id, digest FROM document").fetchall():
        texts = db.execute("SELECT text FROM passage WHERE document = ?", (number,)).fetchall()
        if Counter(str(text) for (text,) in texts) != Counter(
            passage.text for passage in passages_of(str(digest))
        ):
            found.append(f"document {number} is not whole")
    (strays,) = db.execute(
        "SELECT count(*) FROM passage WHERE document NOT IN (SELECT id FROM document)"
    ).fetchone() or (0,)
    (needless,) = db.execute(
        "SELECT count(*) FROM embedding WHERE content NOT IN (SELECT content FROM passage) "
        "AND content NOT IN (SELECT content FROM unused)"
    ).fetchone() or (0,)
    if strays or needless:
        found.append(f"{strays} passages without document, {needless} vectors without passage")
    return found
