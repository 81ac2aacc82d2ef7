"""A microphone that can be switched off: the device is closed, not only ignored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from laresd.ports import AudioSource, one
from laresd.types import FRAME_SAMPLES

SILENCE = bytes(2 * FRAME_SAMPLES)
LAST_FRAMES = 16  # half a second of silence at the end, so that whoever listens notices the end


class MutableSource:
    """Port AudioSource over another one, which is closed for as long as `muted`: somebody has
    switched it off, or a switch of the hardware holds it off. `on_change` gets each change.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        muted: bool = False,
        on_change: Callable[[bool], None] = lambda muted: None,
    ) -> None:
        self._source = source
        self._on_change = on_change
        self._off, self._held = muted, False
        self._open = asyncio.Event()
        if not muted:
            self._open.set()

    @property
    def muted(self) -> bool:
        return not self._open.is_set()

    @property
    def off(self) -> bool:
        """Whether it would be muted without a switch of the hardware."""
        return self._off

    @property
    def held(self) -> bool:
        """Whether a switch of the hardware has it off."""
        return self._held

    def mute(self, muted: bool) -> None:
        """No frame that the device gives after this call is handed on while it is muted. What a
        switch of the hardware holds off stays so.
        """
        self._off = muted
        self._settle()

    def hold(self, held: bool) -> None:
        """Mute it, whatever else is called, until it is let go."""
        self._held = held
        self._settle()

    def _settle(self) -> None:
        muted = self._off or self._held
        if muted is self.muted:
            return
        if muted:
            self._open.clear()
        else:
            self._open.set()
        self._on_change(muted)

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        while True:
            await self._open.wait()
            async with aclosing(self._source.frames(at_once)) as frames:
                async for frame in frames:
                    if self.muted:
                        break
                    yield frame
                else:
                    return
            for _ in range(LAST_FRAMES):
                yield SILENCE
