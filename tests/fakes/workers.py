"""Supervised workers for the length of a test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from laresd.backends.workers.process import Spec
from laresd.backends.workers.supervisor import Worker, WorkerStatus


@asynccontextmanager
async def running(spec: Spec) -> AsyncIterator[Worker]:
    """A worker whose supervisor runs until the block is left."""
    async with Worker(spec) as worker, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(worker.run())
        try:
            yield worker
        finally:
            run.cancel()


def soon(seconds: float = 60.0) -> float:
    """A deadline that a loaded machine meets, too."""
    return asyncio.get_running_loop().time() + seconds


async def status_when(worker: Worker, wanted: Callable[[WorkerStatus], bool]) -> WorkerStatus:
    """The worker's status as soon as it is as wanted."""
    async with asyncio.timeout(60.0):
        while not wanted(status := await worker.status()):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.01)
    return status


async def pid_of(worker: Worker) -> int:
    pid = (await worker.status()).pid
    assert pid is not None
    return pid


def is_alive(pid: int) -> bool:
    """Also true of a zombie: a process that nobody has waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_running(pid: int) -> bool:
    """False for a zombie, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
