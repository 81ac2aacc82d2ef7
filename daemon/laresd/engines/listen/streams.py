"""What is kept of each stream of sound that is listened to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from laresd.engines.listen.found import Found
from laresd.engines.listen.voice import VoiceActivity, VoiceModel
from laresd.engines.listen.words import WakeWords, Word
from laresd.errors import Permanent, Refused

AT_ONCE = 32  # streams; a house has fewer ears
FORGOTTEN_S = 60.0  # a stream that gave nothing for so long makes room for a new one

Wanted = Mapping[str, float]
"""The wake words of a stream, by name, each with its sensitivity."""


class Stream:
    """One ear: its voice activity, and the wake words that are wanted there."""

    def __init__(self, voice: VoiceModel, words: Sequence[Word]) -> None:
        self._activity = VoiceActivity(voice)
        self._known = {word.name: word for word in words}
        self._wanted: Wanted = {}
        self._wake = WakeWords({})

    def hear(self, pcm: bytes, wanted: Wanted) -> list[Found]:
        """What was found, not sorted. Words that were not wanted before begin to listen now.

        Raises Permanent for half a sample, Refused for a word that there is no model of.
        """
        if len(pcm) % 2:
            raise Permanent(f"{len(pcm)} bytes are no 16-bit samples")
        if wanted != self._wanted:
            self._want(wanted)
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
        return [*self._activity.hear(samples), *self._wake.hear(pcm)]

    def _want(self, wanted: Wanted) -> None:
        unknown = sorted(set(wanted) - set(self._known))
        if unknown:
            raise Refused(
                f"there is no wake word {unknown[0]!r} on this box",
                remedy="name it in [wake] words, which has: " + ", ".join(self._known),
            )
        at = self._activity.heard
        self._wake = WakeWords(
            {self._known[name]: self._known[name].at(value) for name, value in wanted.items()}, at
        )
        self._wanted = dict(wanted)

    def reset(self) -> None:
        self._activity.reset()
        self._wake.reset()


class Streams:
    """All of them, by name. One that is not known is new; `now` gives monotonic seconds."""

    def __init__(self, new: Callable[[], Stream], now: Callable[[], float]) -> None:
        self._new, self._now = new, now
        self._streams: dict[str, Stream] = {}
        self._heard: dict[str, float] = {}  # when, by name

    def __len__(self) -> int:
        return len(self._streams)

    def of(self, name: str) -> Stream:
        """Raises Refused when too many are listened to at once."""
        if name not in self._streams:
            self._make_room()
            self._streams[name] = self._new()
        self._heard[name] = self._now()
        return self._streams[name]

    def close(self, name: str) -> None:
        self._streams.pop(name, None)
        self._heard.pop(name, None)

    def _make_room(self) -> None:
        if len(self._streams) < AT_ONCE:
            return
        oldest = min(self._heard, key=self._heard.__getitem__)
        if self._now() - self._heard[oldest] < FORGOTTEN_S:
            raise Refused(
                f"{AT_ONCE} ears are listened to already", remedy="let some satellites rest"
            )
        self.close(oldest)
