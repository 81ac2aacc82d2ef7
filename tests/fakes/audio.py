"""Sound whose samples carry their meaning, a source and a sink, and a PortAudio without a card.

Every stretch of sound is one constant level: SILENCE, the WAKE_WORD, or speech at any level above.
The fake listener, transcriber and synthesizer agree on that, so a test writes down what a room
hears: `silence(500) + wake_word() + speech(700, TURN_ON) + silence(900)`.
"""

from __future__ import annotations

import array
from collections.abc import AsyncIterator

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

    Like a recording it ends; like a microphone (`live`) it goes on while a turn thinks or speaks.
    """

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm

    async def frames(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._pcm), FRAME_BYTES):
            yield self._pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


class FakeSink:
    """An AudioSink that remembers what was played to its end, and what was cut off."""

    def __init__(self) -> None:
        self.played: list[bytes] = []

    async def play(self, pcm: bytes) -> None:
        self.played.append(pcm)
