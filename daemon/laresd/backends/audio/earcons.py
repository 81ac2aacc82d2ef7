"""Short, soft sounds that tell by ear how a turn goes. They are computed: there are no files."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import Protocol

import numpy as np

from laresd.errors import LaresError
from laresd.turns import Sign
from laresd.types import SAMPLE_RATE

log = logging.getLogger(__name__)

LOUDNESS = 0.12  # of full scale: softer than the voice
RISE_S = 0.01  # in which a note comes up; without it, it would click


class Earcon(Enum):
    """Its notes, in hertz, and how long each is, in seconds. Up: go on; down: it is over."""

    HEARD = ((660.0, 880.0), 0.06)
    UNDERSTOOD = ((880.0,), 0.06)
    DONE = ((880.0, 1320.0), 0.08)
    CLOSED = ((880.0, 660.0), 0.06)
    FAILED = ((988.0, 740.0, 988.0, 740.0), 0.07)
    MUTED = ((880.0, 660.0, 523.0), 0.07)

    def pcm(self) -> bytes:
        """16 kHz mono s16."""
        notes, seconds = self.value
        return b"".join(_note(hertz, seconds) for hertz in notes)


_BEGINS = {
    Sign.LISTENING: Earcon.HEARD,
    Sign.ERROR: Earcon.FAILED,
    Sign.MUTED: Earcon.MUTED,
}
_FOLLOWS = {
    (Sign.LISTENING, Sign.THINKING): Earcon.UNDERSTOOD,
    (Sign.LISTENING, Sign.IDLE): Earcon.CLOSED,
    (Sign.THINKING, Sign.IDLE): Earcon.DONE,
}


class Speaker(Protocol):
    """What of a loudspeaker is asked for."""

    async def wake(self) -> None:
        """Be ready for a sound that will come soon."""
        ...

    async def chime(self, pcm: bytes) -> None:
        """Play it unless, and no longer than until, something else is to be heard."""
        ...


class Earcons:
    """Port Signs: the box's own ear in sounds, which give way to all that is said. `run` plays
    them; of several at once only the last. `audible` off: the loudspeaker only gets ready.
    """

    def __init__(self, speaker: Speaker, *, audible: bool = True) -> None:
        self._speaker = speaker
        self._audible = audible
        self._sounds = {earcon: earcon.pcm() for earcon in Earcon}
        self._shown = Sign.IDLE
        self._next: Earcon | None = None
        self._news = asyncio.Event()

    def show(self, sign: Sign, site: str) -> None:
        if site:  # it has a loudspeaker of its own
            return
        before, self._shown = self._shown, sign
        earcon = between(before, sign)
        if earcon is not None:
            self._next = earcon
            self._news.set()

    async def run(self) -> None:
        """Until cancelled. A loudspeaker that fails is a matter for who speaks through it."""
        while True:
            await self._news.wait()
            self._news.clear()
            earcon, self._next = self._next, None
            try:
                if earcon is not None and self._audible:
                    await self._speaker.chime(self._sounds[earcon])
                elif earcon is Earcon.HEARD:
                    await self._speaker.wake()
            except LaresError as error:
                log.debug("no earcon: %s", error)


def between(before: Sign, now: Sign) -> Earcon | None:
    """What is heard when one sign follows another; None: nothing."""
    return None if before is now else _BEGINS.get(now) or _FOLLOWS.get((before, now))


def _note(hertz: float, seconds: float) -> bytes:
    """A tone that comes up quickly and dies away, with a little of its octave."""
    count = int(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * hertz * time) + 0.2 * np.sin(4 * np.pi * hertz * time)
    envelope = np.minimum(1.0, time / RISE_S) * np.cos(np.pi / 2 * np.arange(count) / count) ** 2
    samples: bytes = np.rint(LOUDNESS * 32767 * tone * envelope).astype("<i2").tobytes()
    return samples
