"""vec1, the SQLite project's approximate index (an inverted file of product-quantized vectors),
that travels with APSW: its time hardly grows with their number.

Young, and marked experimental: `probe` says whether it works here; `recall.py` whether it finds
what is there. Its interface: SQLite's documentation of vec1, version 0.8.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from laresd.backends.knowledge.vectors import units
from laresd.backends.sqlite import UNUSABLE, Connection, load_extra, memory
from laresd.errors import Permanent

VERSION = 1  # of the layout and its parameters: with another one it is made again
PROBED = 0.2  # of the buckets that a search looks into; a whole number would be a count of buckets
SAMPLES = 64  # vectors for each bucket that it is trained on
MOST_SAMPLES = 20_000
_NICE = 10
NUMBERS_EACH = 6  # of a vector become one byte
_PROBE_ROWS, _PROBE_WIDTH = 600, 16  # fewer than 512 cannot be trained on


def load(db: Connection) -> bool:
    """Into one connection; whether it is there."""
    return load_extra(db, "vec1")


def probe() -> str:
    """Why it cannot be used here; "" where it finds vectors that it was given."""
    random = np.random.default_rng(0)
    rows = random.standard_normal((_PROBE_ROWS, _PROBE_WIDTH)).astype(np.float32)
    codes = [row.tobytes() for row in np.rint(rows * 30).clip(-127, 127).astype(np.int8)]
    db = memory()
    try:
        if not load(db):
            return "the extension vec1 cannot be loaded"
        create(db, "probe", train(codes))
        put(db, "probe", ((at, at % 2, code) for at, code in enumerate(codes)))
        drop(db, "probe", [0])
        for at in (1, _PROBE_ROWS // 2 + 1, _PROBE_ROWS - 1):
            if at not in search(db, "probe", units([codes[at]])[0], [1], 10):
                return "the extension vec1 does not find what it was given"
        if count(db, "probe") != _PROBE_ROWS - 1:
            return "the extension vec1 does not forget what it should"
    except UNUSABLE as error:
        return f"the extension vec1 fails: {error}"
    finally:
        db.close()
    return ""


def buckets(rows: int) -> int:
    """Of an index of so many vectors."""
    return max(8, min(4096, round(math.sqrt(rows))))


def train(codes: Sequence[bytes], rows: int = 0) -> bytes:
    """What an index of `rows` vectors is made with, from a sample of them. Blocks, for seconds, and
    no database waits for it. Raises what SQLite raises.
    """
    width = len(codes[0])
    size = _code_size(width)
    spec = f'{{distance: "cos", nbucket: {buckets(rows or len(codes))}, codesize: {size}}}'
    db = memory()
    try:
        load(db)
        db.execute("CREATE TABLE sample (vector)")
        db.executemany("INSERT INTO sample VALUES (?)", ((row.tobytes(),) for row in units(codes)))
        found = db.execute("SELECT vec1_train(vector, ?) FROM sample", (spec,)).fetchone()
    finally:
        db.close()
    assert found is not None
    assert isinstance(found[0], bytes)
    return found[0]


async def trained(codes: Sequence[bytes], rows: int) -> bytes:
    """`train` in a thread that leaves the processor to whoever wants it."""

    def work() -> bytes:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        return train(codes, rows)

    thread = ThreadPoolExecutor(1, thread_name_prefix="vector training")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
    except UNUSABLE as error:
        raise Permanent(f"an index of vectors could not be trained: {error}") from error
    finally:
        thread.shutdown(wait=False)


def create(db: Connection, table: str, trained: bytes) -> None:
    db.execute(f"CREATE VIRTUAL TABLE {table} USING vec1(vector, source)")
    db.execute(f"INSERT INTO {table} (cmd, arg) VALUES ('rebuild', ?)", (trained,))


def put(db: Connection, table: str, rows: Iterable[tuple[int, int, bytes]]) -> None:
    """(passage, source, int8 vector) each, of passages that are not in it."""
    there = list(rows)
    if not there:
        return
    units_of = units([code for _, _, code in there])
    db.executemany(
        f"INSERT INTO {table} (rowid, vector, source) VALUES (?, ?, ?)",
        (
            (passage, unit.tobytes(), source)
            for (passage, source, _), unit in zip(there, units_of, strict=True)
        ),
    )


def drop(db: Connection, table: str, passages: Iterable[int]) -> None:
    db.executemany(f"DELETE FROM {table} WHERE rowid = ?", ((passage,) for passage in passages))


def count(db: Connection, table: str) -> int:
    (found,) = db.execute(f"SELECT count(*) FROM {table}_base").fetchone() or (0,)
    return int(str(found))


def search(
    db: Connection,
    table: str,
    asked: NDArray[np.float32],
    sources: Sequence[int] | None,
    limit: int,
) -> list[int]:
    """Passages that may be among the nearest: their exact cosines are to be compared. `sources`:
    None for all.
    """
    values: list[bytes | str | int] = [asked.tobytes(), f"{{k: {limit}, nprobe: {PROBED}}}"]
    where = ""
    if sources is not None:
        where = f"WHERE source IN ({','.join('?' for _ in sources)})"
        values += sources
    rows = db.execute(f"SELECT rowid FROM {table}(?, ?) {where}", values)
    return [int(str(passage)) for (passage,) in rows]


def _code_size(width: int) -> int:
    """Bytes that a vector becomes, of which each stands for as many numbers."""
    wanted = max(1, width // NUMBERS_EACH)
    return max(size for size in range(1, wanted + 1) if width % size == 0)
