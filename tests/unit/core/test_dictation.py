"""Dictation: text comes while somebody speaks, and no word is lost, doubled or taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.core import guard
from laresd.core.dictation import Agreement, LocalAgreement, common, following, words_of
from laresd.core.windows import LONGEST, PER_SECOND
from laresd.errors import LaresError, Temporary
from laresd.types import SAMPLE_RATE, PartialTranscript, Transcript
from tests.fakes.audio import NOISE, SPEECH, level, levels, silence
from tests.fakes.clock import FakeClock

Gap = tuple[int, int]
"""Milliseconds, and the level of what is no speech."""


@dataclass
class KnownWords:
    """Port Transcriber for sounds in which each level of speech is a word.

    It takes the last word for another one where less than `whole_ms` of it is there yet, as a
    model does with half a word.
    """

    whole_ms: int = 0
    write: Callable[[int], str] = "w{}".format
    seconds: list[float] = field(default_factory=list)
    failure: LaresError | None = None

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        if self.failure:
            raise self.failure
        self.seconds.append(len(pcm) / 2 / SAMPLE_RATE)
        said = [value for value in levels(pcm) if value >= SPEECH]
        tail = pcm[-self.whole_ms * SAMPLE_RATE // 1000 * 2 :] if self.whole_ms else b""
        if said and len(set(levels(tail))) > 1 and levels(tail)[-1] == said[-1]:
            said[-1] = -said[-1]
        words = [self.write(value) for value in said]
        return Transcript(" ".join(words), -0.1, 0.01, len(pcm) / 2 / SAMPLE_RATE, language="en")


async def in_parts(pcm: bytes, size: int = 3200) -> AsyncIterator[bytes]:
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]


def believed(heard: Transcript, language: str) -> str | None:
    """The words of KnownWords are more alike than those of people."""
    return None


async def dictated(
    pcm: bytes,
    ear: KnownWords | None = None,
    size: int = 3200,
    doubt: Callable[[Transcript, str], str | None] = believed,
) -> list[PartialTranscript]:
    dictation = LocalAgreement(ear or KnownWords(), FakeClock(), 5.0, doubt)
    return [piece async for piece in dictation.stream(in_parts(pcm, size), language="en")]


def text_of(pieces: Sequence[PartialTranscript]) -> str:
    return "".join(piece.text for piece in pieces)


def spoken(*words: tuple[int, Gap]) -> tuple[bytes, str]:
    """Words of so many milliseconds, each with the gap after it; and what was said."""
    pcm = b"".join(
        level(SPEECH + number, ms) + level(quiet, gap)
        for number, (ms, (gap, quiet)) in enumerate(words)
    )
    return pcm, " ".join(f"w{SPEECH + number}" for number in range(len(words)))


GAPS = st.tuples(
    st.one_of(st.integers(32, 120), st.integers(300, 500), st.integers(900, 4000)),
    st.sampled_from((0, 20)),
)


@settings(max_examples=30, deadline=None)
@given(
    words=st.lists(st.tuples(st.integers(96, 900), GAPS), max_size=60),
    lead=st.integers(0, 3000),
    size=st.sampled_from((1000, 3200, 32_000, 1_000_000)),
    whole_ms=st.sampled_from((0, 96)),
)
def test_no_word_is_lost_or_doubled_at_a_cut(
    words: list[tuple[int, Gap]], lead: int, size: int, whole_ms: int
) -> None:
    pcm, said = spoken(*words)
    ear = KnownWords(whole_ms)
    pieces = asyncio.run(dictated(level(0, lead) + pcm, ear, size))
    assert text_of(pieces) == said
    assert max(ear.seconds, default=0.0) <= LONGEST / PER_SECOND + 1.1


def test_words_come_out_long_before_the_end_and_memory_is_bounded() -> None:
    pcm, said = spoken(*[(300, (100, 0))] * 600)  # four minutes without a pause
    ear = KnownWords()
    pieces = asyncio.run(dictated(pcm, ear))
    assert text_of(pieces) == said
    assert len(text_of(pieces[: len(pieces) // 2]).split()) > 250
    assert max(ear.seconds) < 26


def test_what_may_follow_is_shown_before_it_is_certain() -> None:
    pcm, _ = spoken(*[(300, (100, 0))] * 6)
    first, *_ = asyncio.run(dictated(pcm))
    assert (first.text, first.maybe) == ("", "w3000 w3001 w3002")


def test_only_what_is_new_is_told() -> None:
    pcm, _ = spoken((600, (4000, 0)), (600, (4000, 0)))
    pieces = asyncio.run(dictated(pcm))
    assert [(piece.text, piece.maybe) for piece in pieces] == [
        ("", "w3000"),
        ("w3000", ""),
        ("", " w3001"),
        (" w3001", ""),
    ]


def test_a_long_pause_makes_everything_before_it_certain() -> None:
    pcm, said = spoken((600, (1500, 0)), (600, (0, 0)))
    pieces = asyncio.run(dictated(pcm + silence(500)))
    before = next(piece for piece in pieces if piece.text)
    assert before.text == said.split()[0]
    assert before.audio_seconds < 2.2


@pytest.mark.parametrize("sound", [silence(60_000), level(NOISE // 20, 60_000), b"", b"\0"])
def test_silence_is_not_even_transcribed(sound: bytes) -> None:
    ear = KnownWords()
    assert asyncio.run(dictated(sound, ear)) == []
    assert ear.seconds == []


def test_what_is_made_up_is_left_out() -> None:
    pcm, _ = spoken((600, (1500, 0)))
    loop = KnownWords(write=lambda value: "the light the light the light the light")
    assert text_of(asyncio.run(dictated(pcm, loop, doubt=guard.dictated))) == ""


def test_words_without_spaces_between_them_get_none() -> None:
    pcm, _ = spoken((600, (1500, 0)), (600, (1500, 0)))
    chinese = KnownWords(write=lambda value: "开灯。")
    assert text_of(asyncio.run(dictated(pcm, chinese))) == "开灯。开灯。"


def test_what_fails_is_an_error_after_what_was_certain() -> None:
    ear = KnownWords(failure=Temporary("it died"))
    with pytest.raises(Temporary, match="it died"):
        asyncio.run(dictated(spoken((2000, (0, 0)))[0], ear))


def test_a_slow_machine_transcribes_more_seldom() -> None:
    clock = FakeClock()

    class Slow(KnownWords):
        async def transcribe(
            self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
        ) -> Transcript:
            await clock.advance(3.0)
            return await super().transcribe(pcm, language=language, deadline=deadline, hints=hints)

    async def run() -> None:
        pcm, said = spoken(*[(300, (100, 0))] * 23)
        pieces = [
            piece
            async for piece in LocalAgreement(ear, clock, 5.0, believed).stream(
                in_parts(pcm), language="en"
            )
        ]
        assert text_of(pieces) == said

    ear = Slow()
    asyncio.run(run())
    assert len(ear.seconds) <= 5


class TestAgreement:
    def test_words_are_certain_when_two_transcripts_agree(self) -> None:
        known, fresh, maybe = Agreement().heard(words_of("turn on the kit"))
        assert (fresh, maybe) == ((), words_of("turn on the kit"))
        known, fresh, maybe = known.heard(words_of("Turn on, the kitchen light"))
        assert "".join(fresh) == "Turn on, the"
        assert maybe == (" kitchen", " light")

    @pytest.mark.parametrize(
        ("words", "rest"),
        [
            ("turn on the light", "light"),
            ("Turn on, the light", "light"),
            ("turnon the light", "light"),
            ("do turn on the light", "light"),
            ("turn on the", ""),
            ("turn on", ""),
            ("", ""),
        ],
    )
    def test_a_model_that_changes_its_mind_doubles_nothing(self, words: str, rest: str) -> None:
        found = words_of(words)
        assert "".join(found[following(words_of("turn on the"), found) :]).strip() == rest

    def test_characters_are_the_words_of_chinese(self) -> None:
        assert words_of("打开 lamp 灯") == ("打", "开", " lamp", " 灯")
        assert common(words_of("打开灯"), words_of("打开门")) == 2

    @given(st.text(max_size=80))
    def test_nothing_but_space_is_lost_in_words(self, text: str) -> None:
        assert "".join("".join(words_of(text)).split()) == "".join(text.split())
