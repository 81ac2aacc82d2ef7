"""Text that comes out while it is still being said, from a speech model that reads whole clips.

What has been said since the last pause is transcribed again and again. Words that two transcripts
in a row agree on are certain (LocalAgreement-2: Liu, Spanakis and Niehues, 2020; with Whisper:
Macháček, Dabre and Bojar, 2023). At a pause the window is closed: what it holds is
transcribed for good, and forgotten. So memory is bounded, however long somebody speaks.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from laresd.core import guard
from laresd.core.windows import Window
from laresd.ports import Clock, Transcriber
from laresd.types import SAMPLE_RATE, PartialTranscript, Transcript

STEP_S = 1.0  # of sound, before it is transcribed again
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\s*(?:[{_CJK}]|[^\s{_CJK}]+)")
_JOINED = re.compile(rf"[{_CJK}，。！？、]")

_NO_LETTER = re.compile(r"[\W_]+")

Words = tuple[str, ...]
"""With the space before each, where there is one."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is known of one window: the words that are certain, and the last transcript."""

    certain: Words = ()
    last: Words = ()

    def heard(self, words: Words) -> tuple[Agreement, Words, Words]:
        """After another transcript: the words that became certain, and those that may follow."""
        agreed = common(self.last, words)
        fresh = words[following(self.certain, words) : agreed]
        known = (*self.certain, *fresh)
        return Agreement(known, words), fresh, words[following(known, words) :]

    def closed(self, words: Words) -> tuple[Agreement, Words]:
        """With the last transcript of all before a cut: what is known of the sound after it, where
        words may be certain already, and the words that became certain.
        """
        after = self.certain[following(words, self.certain) :]
        return Agreement(after, after), words[following(self.certain, words) :]


def words_of(text: str) -> Words:
    """Words, or characters of languages that put no space between words."""
    return tuple(" " * (found[0].isspace()) + found.strip() for found in _WORD.findall(text))


def common(left: Words, right: Words) -> int:
    """With how many words both begin, but for case and punctuation."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if _bare(one) != _bare(other):
            break
        count += 1
    return count


def following(certain: Words, words: Words) -> int:
    """Where a transcript goes on after the words that are certain: they may be another number of
    words there, since a model changes its mind.
    """
    size = len(certain)
    if common(certain, words) == size:
        return size
    row = list(range(len(words) + 1))  # edit distances to each beginning of `words`
    for i, want in enumerate(map(_bare, certain), 1):
        before, row[0] = row[0], i
        for j, got in enumerate(map(_bare, words), 1):
            cost = min(row[j] + 1, row[j - 1] + 1, before + (want != got))
            before, row[j] = row[j], cost
    return min(range(len(row)), key=lambda end: (row[end], abs(end - size)))


class LocalAgreement:
    """Port Dictation over a Transcriber, that of the box or one of a host.

    `timeout_s`: for each transcription. What `doubt` objects to (see `guard.transcript`) is left
    out.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        clock: Clock,
        timeout_s: float,
        doubt: Callable[[Transcript, str], str | None] = guard.dictated,
    ) -> None:
        self._transcriber, self._clock, self._timeout = transcriber, clock, timeout_s
        self._doubt = doubt

    async def stream(
        self, frames: AsyncIterator[bytes], *, language: str, hints: Sequence[str] = ()
    ) -> AsyncGenerator[PartialTranscript, None]:
        """The pieces that say something new."""
        shown = ""
        async with aclosing(self._pieces(frames, language, hints)) as pieces:
            async for piece in pieces:
                if piece.text or piece.maybe != shown:
                    yield piece
                shown = piece.maybe

    async def _pieces(
        self, frames: AsyncIterator[bytes], language: str, hints: Sequence[str]
    ) -> AsyncGenerator[PartialTranscript, None]:
        """After each transcript. A slow machine transcribes more seldom, and does not fall
        behind.
        """
        window, known, text = Window(), Agreement(), _Text()
        wait = STEP_S
        async with aclosing(_parts(frames)) as parts:
            async for part in parts:
                window.append(part)
                if window.fresh_s < wait:
                    continue
                begun = self._clock.now()
                window.look()
                while (head := window.cut()) is not None:
                    heard = await self._heard(head, language, hints)
                    known, piece = text.closed(known, heard, window.begins_s)
                    yield piece
                if not window.is_quiet:
                    heard = await self._heard(window.pcm, language, hints)
                    known, piece = text.more(known, heard, window.begins_s)
                    yield piece
                wait = max(STEP_S, self._clock.now() - begun)
        if not window.is_quiet:
            heard = await self._heard(window.pcm, language, hints)
            _, piece = text.closed(known, heard, window.ends_s)
            yield piece

    async def _heard(self, pcm: bytes, language: str, hints: Sequence[str]) -> Transcript:
        deadline = self._clock.now() + self._timeout
        heard = await self._transcriber.transcribe(
            pcm, language=language, deadline=deadline, hints=hints
        )
        doubtful = not heard.text or self._doubt(heard, heard.language or language)
        return Transcript("", language=heard.language) if doubtful else heard


class _Text:
    """Puts the words of the windows together."""

    def __init__(self) -> None:
        self._begun = False

    def more(
        self, known: Agreement, heard: Transcript, covered: float
    ) -> tuple[Agreement, PartialTranscript]:
        """What another transcript of the same window adds."""
        known, fresh, maybe = known.heard(words_of(heard.text))
        text = self._joined(fresh)
        return known, PartialTranscript(text, self._shown(maybe), heard.language, covered)

    def closed(
        self, known: Agreement, heard: Transcript, covered: float
    ) -> tuple[Agreement, PartialTranscript]:
        """What the last transcript of a window adds."""
        known, fresh = known.closed(words_of(heard.text))
        return known, PartialTranscript(self._joined(fresh), "", heard.language, covered)

    def _joined(self, words: Words) -> str:
        text = self._shown(words)
        self._begun = self._begun or bool(text)
        return text

    def _shown(self, words: Words) -> str:
        """As it follows the text so far."""
        text = "".join(words).strip()
        first = words[0].strip() if words else ""
        return f" {text}" if self._begun and first and not _JOINED.match(first) else text


async def _parts(frames: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """No part longer than a step, however much comes at once."""
    size = int(STEP_S * SAMPLE_RATE) * 2
    async for frame in frames:
        for start in range(0, len(frame), size):
            yield frame[start : start + size]


def _bare(word: str) -> str:
    return _NO_LETTER.sub("", word).casefold()
