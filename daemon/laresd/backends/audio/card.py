"""What the microphone and the loudspeaker need of a sound system, and how they hold a stream.

PortAudio's calls block (opening a USB device takes tenths of a second), so all of them run in a
thread; a stream that finishes opening after its user was cancelled is closed there too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

Hear = Callable[[bytes], None]  # takes 16 kHz mono s16, in the sound system's own thread


class Stream(Protocol):
    """An open device. The methods block."""

    def finish(self) -> None:
        """Play what is queued, then close."""
        ...

    def close(self) -> None:
        """Stop at once and close; closing again does nothing."""
        ...


class SoundCard(Protocol):
    """The sound system. `device` is part of a device's name, in any case; "" is the default.

    Opening raises Permanent when there is no sound system, Temporary when there is no such device.
    """

    def open_input(self, device: str, hear: Hear) -> Stream: ...

    def open_output(self, device: str, pcm: bytes, on_end: Callable[[], object]) -> Stream:
        """Play these samples; `on_end` is called, in its own thread, when the last was taken."""
        ...


S = TypeVar("S", bound=Stream)


@asynccontextmanager
async def opened(open_stream: Callable[[], S]) -> AsyncIterator[S]:
    """The stream that `open_stream` opens in a thread; closed when the block is left."""
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, open_stream)
    try:
        stream = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise
    try:
        yield stream
    finally:
        await asyncio.shield(loop.run_in_executor(None, stream.close))


def _close_unwanted(opening: asyncio.Future[S]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, opening.result().close)
