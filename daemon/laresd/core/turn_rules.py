"""How long the turn machine waits for what, as the configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from laresd import config
from laresd.types import SAMPLE_RATE

PROBE = 2 * SAMPLE_RATE  # speech that lasts is transcribed so often, to see whether words come
STOP = "stop"  # of `barge_in`


@dataclass(frozen=True, slots=True)
class Rules:
    """Durations in samples; probabilities of speech. `open_ear`: speech opens a turn. `follow_ups`:
    how many answers are listened for after one wake word.
    """

    early: int
    end: int
    clear: int
    open: int
    start_timeout: int
    longest: int
    follow_up: int
    answer: int
    speech: float
    quiet: float
    follow_ups: int
    stop_words: bool
    more: int = 0
    probe: int = PROBE
    open_ear: bool = False

    @classmethod
    def of(cls, settings: config.Turn, *, open_ear: bool = False) -> Self:
        """The rules that a configuration asks for."""

        def samples(ms: int) -> int:
            return ms * SAMPLE_RATE // 1000

        return cls(
            early=samples(settings.early_silence_ms),
            end=samples(settings.end_silence_ms),
            clear=samples(settings.clear_silence_ms),
            open=samples(settings.open_silence_ms),
            start_timeout=samples(settings.start_timeout_ms),
            longest=samples(settings.max_utterance_ms),
            follow_up=samples(settings.follow_up_ms),
            answer=samples(max(settings.answer_ms, settings.follow_up_ms)),
            speech=settings.vad_threshold,
            quiet=max(0.0, settings.vad_threshold - 0.15),
            follow_ups=settings.max_follow_ups,
            stop_words=settings.barge_in == STOP,
            more=samples(settings.more_ms),
            open_ear=open_ear,
        )
