"""A daemon's control socket, as commands find it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from laresd.frontends.control import ControlServer, Handler


@contextmanager
def control_socket(path: Path, handlers: Mapping[str, Handler]) -> Iterator[None]:
    """In a thread of its own, as another process would have it."""
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        server = ControlServer(path, handlers)
        async with server, asyncio.TaskGroup() as group:
            running = group.create_task(server.run())
            await asyncio.sleep(0)
            ready.set()
            await stop.wait()
            running.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
