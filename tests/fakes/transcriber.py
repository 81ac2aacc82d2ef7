"""A transcriber for the sounds of `tests.fakes.audio`: each level is a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from laresd.errors import DeadlineExceeded, LaresError
from laresd.types import AUTO, SAMPLE_RATE, Transcript
from tests.fakes.audio import NOISE, SILENCE, WAKE_WORD, levels


class FakeTranscriber:
    """Hears the sentence of each level in turn, and "okay nabu" where the wake word was left in.

    `seconds` is how long a transcription takes on the loop's clock. `failures` are raised first,
    one for each call, as a worker that dies would. `hints`: those of the last call.
    """

    def __init__(self, sentences: Mapping[int, str], *, seconds: float = 0.15) -> None:
        self.hints: tuple[str, ...] = ()
        self.heard: list[str] = []  # every text that was given, discarded ones too
        self.started = 0
        self.cancelled = 0
        self.failures: list[LaresError] = []
        self._sentences = {WAKE_WORD: "okay nabu", **sentences}
        self._seconds = seconds

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        self.started += 1
        self.hints = tuple(hints)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.sleep(self._seconds)
        except TimeoutError:
            raise DeadlineExceeded("the speech model was too slow") from None
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failures:
            raise self.failures.pop(0)
        quiet = (SILENCE, NOISE)
        found = [self._sentences.get(value, "") for value in levels(pcm) if value not in quiet]
        text = " ".join(filter(None, found))
        self.heard.append(text)
        seconds = len(pcm) / 2 / SAMPLE_RATE
        return Transcript(
            text,
            audio_seconds=seconds,
            compute_seconds=self._seconds,
            language="en" if language == AUTO else language,
        )
