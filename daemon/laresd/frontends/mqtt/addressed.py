"""Recordings that begin with the wake word, as people make them who talk to the box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from laresd.ports import Transcriber
from laresd.types import Transcript


class Addressed:
    """Port `Transcriber` over another one, whose transcripts do not begin with the wake word."""

    def __init__(self, transcriber: Transcriber, without_wake_word: Callable[[str], str]) -> None:
        self._transcriber = transcriber
        self._without_wake_word = without_wake_word

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        heard = await self._transcriber.transcribe(
            pcm, language=language, deadline=deadline, hints=hints
        )
        return replace(heard, text=self._without_wake_word(heard.text))
