"""The box's ears and voice as programs use them over HTTP: by the scheduler, behind who speaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from laresd.core import guard
from laresd.core.scheduler.work import ScheduledWork
from laresd.core.windows import Window
from laresd.frontends.http.audio import Means, Segment
from laresd.types import SAMPLE_RATE, Transcript

STEP_BYTES = 2 * SAMPLE_RATE  # a second; as much is looked at at once in the event loop


@dataclass(frozen=True, slots=True)
class ProgramAudio:
    """`language`: of the box, for requests that name none."""

    work: ScheduledWork
    language: str

    async def transcribe(
        self, pcm: bytes, *, language: str, hints: Sequence[str], means: Means
    ) -> AsyncGenerator[Segment, None]:
        """From pause to pause; what the speech model made up is left out."""
        spoken, begun = language or self.language, False
        for piece, start in pieces(pcm):
            heard = await self.work.transcribe(
                piece,
                language=spoken,
                deadline=means.deadline,
                hints=hints,
                priority=means.priority,
                routing=means.routing,
            )
            if not heard.text or guard.dictated(heard, heard.language or spoken):
                continue
            end = start + len(piece) / 2 / SAMPLE_RATE
            yield _segment(heard, start, end, " " if begun else "")
            begun = True

    async def speak(self, text: str, *, language: str, means: Means) -> bytes:
        return await self.work.synthesize(
            text,
            language=language or self.language,
            deadline=means.deadline,
            priority=means.priority,
            routing=means.routing,
        )


def pieces(pcm: bytes) -> Iterator[tuple[bytes, float]]:
    """A recording cut at its pauses, without those in which nobody speaks, each piece with the
    second that it begins at.
    """
    window = Window()
    for at in range(0, len(pcm), STEP_BYTES):
        window.append(pcm[at : at + STEP_BYTES])
        window.look()
        start = window.begins_s
        while (head := window.cut()) is not None:
            yield head, start
            start = window.begins_s
    if not window.is_quiet:
        yield window.pcm, window.begins_s


def _segment(heard: Transcript, start: float, end: float, space: str) -> Segment:
    text = heard.text.strip()
    wide = text and ord(text[0]) >= 0x2E80  # Chinese and Japanese put no space between sentences
    return Segment(
        text if wide else space + text,
        start,
        end,
        heard.language,
        heard.avg_logprob,
        heard.no_speech_prob,
    )
