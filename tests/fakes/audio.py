"""Sound whose samples carry their meaning, a source and a sink, and a PortAudio without a card.

Every stretch of sound is one constant level: SILENCE, the WAKE_WORD, or speech at any level above.
The fake listener, transcriber and synthesizer agree on that, so a test writes down what a room
hears: `silence(500) + wake_word() + speech(700, TURN_ON) + silence(900)`.
"""

from __future__ import annotations

import array
import asyncio
import threading
from collections.abc import AsyncGenerator, Callable

from laresd.errors import LaresError
from laresd.ports import one
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

SILENCE = 0
NOISE = 300  # heard by nobody
WAKE_WORD = 2_000
SPEECH = 3_000  # this level and above is speech; each level is another sentence
FRAME_MS = FRAME_SAMPLES * 1000 // SAMPLE_RATE  # 32
FRAME_BYTES = FRAME_SAMPLES * 2


def level(value: int, ms: float) -> bytes:
    """Sound of one level, of about `ms` milliseconds: a whole number of frames."""
    frames = max(1, round(ms / FRAME_MS))
    return array.array("h", [value] * (frames * FRAME_SAMPLES)).tobytes()


def silence(ms: float) -> bytes:
    return level(SILENCE, ms)


def noise(ms: float) -> bytes:
    return level(NOISE, ms)


def wake_word(ms: float = 640) -> bytes:
    return level(WAKE_WORD, ms)


def speech(ms: float, sentence: int = SPEECH) -> bytes:
    return level(sentence, ms)


def levels(pcm: bytes) -> list[int]:
    """The levels that follow each other in the sound, without repetitions."""
    found: list[int] = []
    for value in array.array("h", pcm):
        if not found or found[-1] != value:
            found.append(value)
    return found


class FakeSource:
    """An AudioSource that gives a fixed sound, frame by frame, and ends.

    A `live` one takes as long as a microphone would.
    """

    def __init__(self, pcm: bytes, *, live: bool = False) -> None:
        self._pcm = pcm
        self._live = live

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(self._pcm), FRAME_BYTES):
            if self._live:
                await asyncio.sleep(FRAME_MS / 1000)
            yield self._pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


class FakeSink:
    """An AudioSink that takes as long as the sound, if `timed`, and counts what was cut off."""

    def __init__(self, *, timed: bool = False) -> None:
        self.played: list[bytes] = []
        self.cut_off = 0
        self.failures: list[LaresError] = []  # raised first, one for each call
        self.ducked: list[float] = []  # how loud it was told to be, in order
        self._timed = timed

    def duck(self, share: float) -> None:
        self.ducked.append(share)

    async def play(self, pcm: bytes) -> None:
        if self.failures:
            raise self.failures.pop(0)
        try:
            if self._timed:
                await asyncio.sleep(len(pcm) / 2 / SAMPLE_RATE)
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        self.played.append(pcm)


class FakeCard:
    """A sound system whose devices the test plugs in and out.

    `spoken` is what the room says to each stream that is opened, one item a stream. A loudspeaker
    takes all of a sound at once, or nothing while `deaf`.
    """

    def __init__(self, *spoken: bytes) -> None:
        self.failures: list[LaresError] = []  # raised first, one for each opening
        self.played: list[bytes] = []
        self.opened = 0
        self.closed = 0
        self.has_opened = threading.Event()
        self.has_closed = threading.Event()
        self.deaf = False
        self._spoken = list(spoken)

    def open_input(self, device: str, hear: Callable[[bytes], None]) -> FakeStream:
        stream = self._open()
        if self._spoken:
            pcm = self._spoken.pop(0)
            for start in range(0, len(pcm), 1000):  # not a whole number of frames, as on cards
                hear(pcm[start : start + 1000])
        return stream

    def open_output(self, device: str, pcm: bytes, on_end: Callable[[], object]) -> FakeStream:
        stream = self._open()
        if not self.deaf:
            self.played.append(pcm)
            on_end()
        return stream

    def _open(self) -> FakeStream:
        if self.failures:
            raise self.failures.pop(0)
        self.opened += 1
        self.has_opened.set()
        return FakeStream(self)


class FakeStream:
    def __init__(self, card: FakeCard) -> None:
        self._card = card
        self._is_open = True

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._card.closed += 1
            self._card.has_closed.set()
