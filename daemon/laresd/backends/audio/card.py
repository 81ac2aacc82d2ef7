"""What the microphone and the loudspeaker need of a sound system, and how they hold a stream.

PortAudio's calls block (opening a USB device takes tenths of a second), so all of them run in a
thread; a stream that finishes opening after its user was cancelled is closed there too.

Times are seconds of `time.monotonic` at which a sample is in the air: in front of the microphone,
or of the loudspeaker.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

Hear = Callable[[bytes, float], None]
"""(16 kHz mono s16, when its first sample was in the air), in the sound system's own thread."""

Supply = Callable[[int, float], bytes]
"""(samples, when the first will be in the air) -> that many as 16 kHz mono s16, in the same."""

Gone = Callable[[], None]
"""Told once, in any thread, when a device ended a stream: it was unplugged."""


class Stream(Protocol):
    """An open device. The methods block."""

    @property
    def delay_s(self) -> float:
        """From the samples that a loudspeaker took to the air: what it plays after its last."""
        ...

    def close(self) -> None:
        """Stop at once and close; closing again does nothing."""
        ...


class SoundCard(Protocol):
    """The sound system. `device` is part of a device's name, in any case; "" is the default.

    Opening raises Permanent when there is no sound system, Temporary when there is no such device.
    """

    def open_input(self, device: str, channel: int, hear: Hear, gone: Gone) -> Stream:
        """Listen to one of its microphones; the first has number 1."""
        ...

    def open_output(self, device: str, supply: Supply, gone: Gone) -> Stream: ...


S = TypeVar("S", bound=Stream)


async def open_in_thread(open_stream: Callable[[], S]) -> S:
    """The stream that `open_stream` opens; nobody's, if this is cancelled meanwhile, is closed."""
    opening = asyncio.get_running_loop().run_in_executor(None, open_stream)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


async def close_in_thread(stream: Stream) -> None:
    """Also to the end when this is cancelled."""
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, stream.close))


@asynccontextmanager
async def opened(open_stream: Callable[[], S]) -> AsyncIterator[S]:
    """The stream that `open_stream` opens in a thread; closed when the block is left."""
    stream = await open_in_thread(open_stream)
    try:
        yield stream
    finally:
        await close_in_thread(stream)


def _close_unwanted(opening: asyncio.Future[S]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, opening.result().close)


T = TypeVar("T")


def settle(loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], value: T) -> None:
    """The future's result, told from the sound system's thread; a loop that ended needs none."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_set, future, value)


def _set(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
