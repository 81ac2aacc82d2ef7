"""A program that changes a library without end, and says what it begins and what is done: for tests
that kill it. `python -m tests.fakes.library_writer FILE SEED MANY`.

A line is `begin` or `done`, `put` or `drop`, a document's uri and, of what is put, its digest.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
from pathlib import Path

import numpy as np

from laresd.backends.clock import SystemClock
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.knowledge.vectors import coded
from laresd.core.knowledge.words import words as cut
from laresd.documents import Document, Passage, Place, Source, SourceKind

WIDTH, DOCUMENTS, MODEL = 16, 40, "tiny"


def passages_of(digest: str) -> list[Passage]:
    """What a document of this digest says; some of it is said by others, too."""
    chance = random.Random(digest)
    texts = [f"text {chance.randrange(3000)} of {chance.randrange(9)}" for _ in range(30)]
    return [Passage(text, Place(0, 1), 3) for text in dict.fromkeys(texts)]


async def change(store: LibraryStore, source: Source, chance: random.Random) -> None:
    """One change after the other."""
    for number in itertools.count():
        uri = f"{chance.randrange(DOCUMENTS)}.txt"
        known = await store.known(source.id)
        if uri in known and chance.random() < 0.3:
            say("begin", "drop", uri)
            await store.drop([known[uri].id])
            say("done", "drop", uri)
        else:
            digest = f"{chance.randrange(1 << 30)}"
            say("begin", "put", uri, digest)
            document = Document(0, source.id, "house", uri, "", digest, 1, 0.0)
            await store.put(document, "", passages_of(digest))
            say("done", "put", uri, digest)
        if number % 5 == 0:
            await embed(store)
        if number % 40 == 39:
            await store.rebuild()


async def embed(store: LibraryStore) -> None:
    wanted = await store.unembedded(MODEL, 100)
    if wanted:
        topics = [random.Random(each.content).randrange(20) for each in wanted]
        near = np.stack([np.random.default_rng(topic).standard_normal(WIDTH) for topic in topics])
        made = coded(near.astype(np.float32))
        contents = (each.content for each in wanted)
        await store.put_vectors(MODEL, WIDTH, list(zip(contents, made, strict=True)))


async def main(path: Path, seed: int, many: int) -> None:
    async with LibraryStore(path, cut) as store, asyncio.TaskGroup() as tasks:
        source = await store.add(Source("house", SourceKind.FOLDER, "/srv"))
        tasks.create_task(keep_up(Upkeep(store, SystemClock(), always, many=many)))
        await change(store, source, random.Random(seed))


async def keep_up(upkeep: Upkeep) -> None:
    while True:
        await upkeep.settle()
        await asyncio.sleep(0.01)


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def always() -> None:
    """Nobody waits for anything."""


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
