"""The ears and voice of a box, as programs over HTTP use them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from laresd.errors import LaresError, Refused, Temporary
from laresd.frontends.http.audio import Means, Segment
from laresd.types import SAMPLE_RATE
from tests.fakes.audio import speech


class FakeAudio:
    """Every recording says `sentences`, one after the other, each as long as the other.

    `failure` is raised after `before` sentences, heard or said.
    """

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences or ("Turn on the light.", "And the fan.")
        self.heard: list[tuple[int, str, tuple[str, ...], Means]] = []
        self.said: list[tuple[str, str, Means]] = []
        self.failure: LaresError | None = None
        self.before = 0

    async def transcribe(
        self, pcm: bytes, *, language: str, hints: Sequence[str], means: Means
    ) -> AsyncGenerator[Segment, None]:
        self.heard.append((len(pcm), language, tuple(hints), means))
        each = len(pcm) / 2 / SAMPLE_RATE / len(self.sentences)
        for number, sentence in enumerate(self.sentences):
            self._fail(number)
            text = f" {sentence}" if number else sentence
            yield Segment(text, number * each, (number + 1) * each, language or "en", -0.2, 0.01)

    async def speak(self, text: str, *, language: str, means: Means) -> bytes:
        self._fail(len(self.said))
        self.said.append((text, language, means))
        return speech(320)

    def _fail(self, number: int) -> None:
        if self.failure is not None and number >= self.before:
            raise self.failure


class FakeEars:
    """Whoever opens the box's ear. There is one at `site`."""

    def __init__(self, site: str = "") -> None:
        self.site = site
        self.opened: list[float] = []
        self.busy = False

    async def open_ear(self, seconds: float, *, site: str = "") -> None:
        if site != self.site:
            raise Refused(f"this box has no ear {site!r}")
        if self.busy:
            raise Temporary("the microphone is in use", remedy="wait until the turn is over")
        self.opened.append(seconds)
