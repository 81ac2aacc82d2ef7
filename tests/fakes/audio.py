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

    `spoken` is what the room says to each microphone that is opened, one item a stream. A
    loudspeaker takes sound as fast as it comes, or nothing while `deaf`; every sample is in the air
    at the time 0.
    """

    def __init__(self, *spoken: bytes) -> None:
        self.failures: list[LaresError] = []  # raised first, one for each opening
        self.opened = 0
        self.closed = 0
        self.channels: list[int] = []  # of the microphones that were opened
        self.has_opened = threading.Event()
        self.has_played = threading.Event()
        self.has_closed = threading.Event()
        self.deaf = False
        self.delay_s = 0.03
        self.streams: list[FakeStream] = []  # that are open
        self._spoken = list(spoken)
        self._heard = bytearray()

    @property
    def played(self) -> bytes:
        """What was heard of the loudspeaker, from the first sample that is not silent on; complete
        when its stream is closed.
        """
        return bytes(self._heard).rstrip(b"\0")

    def open_input(
        self,
        device: str,
        channel: int,
        hear: Callable[[bytes, float], None],
        gone: Callable[[], None],
    ) -> FakeStream:
        stream = self._open(gone)
        self.channels.append(channel)
        if self._spoken:
            pcm = self._spoken.pop(0)
            for start in range(0, len(pcm), 1000):  # not a whole number of frames, as on cards
                hear(pcm[start : start + 1000], start / 2 / SAMPLE_RATE)
        return stream

    def open_output(
        self, device: str, supply: Callable[[int, float], bytes], gone: Callable[[], None]
    ) -> FakeStream:
        stream = self._open(gone)
        if not self.deaf:
            stream.taking = threading.Thread(target=self._take, args=(stream, supply), daemon=True)
            stream.taking.start()
        return stream

    def unplug(self) -> None:
        """Every open device ends its stream."""
        for stream in list(self.streams):
            stream.unplug()

    def forget(self, stream: FakeStream) -> None:
        self.streams.remove(stream)
        self.closed += 1
        self.has_closed.set()

    def _open(self, gone: Callable[[], None]) -> FakeStream:
        if self.failures:
            raise self.failures.pop(0)
        stream = FakeStream(self, gone)
        self.streams.append(stream)
        self.opened += 1
        self.has_opened.set()
        return stream

    def _take(self, stream: FakeStream, supply: Callable[[int, float], bytes]) -> None:
        while not stream.ended.is_set():
            piece = supply(160, 0.0)
            if self._heard or piece.strip(b"\0"):
                self._heard += piece
                self.has_played.set()
            if not piece.strip(b"\0"):
                stream.ended.wait(0.001)


class FakeStream:
    def __init__(self, card: FakeCard, gone: Callable[[], None]) -> None:
        self.ended = threading.Event()
        self.delay_s = card.delay_s
        self.taking: threading.Thread | None = None
        self._card = card
        self._gone = gone
        self._is_open = True

    def unplug(self) -> None:
        self.ended.set()
        self._gone()

    def close(self) -> None:
        self.ended.set()
        if self.taking is not None:
            self.taking.join()
        if self._is_open:
            self._is_open = False
            self._card.forget(self)
