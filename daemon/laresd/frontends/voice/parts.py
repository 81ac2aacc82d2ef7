"""What the voice frontend is given: the ports and the decisions that are made elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from laresd.config import Config
from laresd.ports import (
    Assistant,
    AudioSink,
    Clock,
    Listener,
    Signs,
    StreamingSynthesizer,
    Transcriber,
    TurnMachine,
)
from laresd.turns import Sign
from laresd.types import Transcript

Doubt = Callable[[Transcript, str], str | None]
"""(heard, language) -> why it must not reach an action; None when it may."""

Hints = Callable[[str], Sequence[str]]
"""(language) -> the names that people may say now."""

MayAnswer = Callable[[float, float], Awaitable[bool]]
"""(score, loudness) of a wake word -> whether it is answered here, or elsewhere in the house."""

MayAnswerAt = Callable[[float, float, str], Awaitable[bool]]
"""The same for the ear at a site: another one of this box may have heard the word, too."""

WasSaid = Callable[[str, str], Awaitable[bool]]
"""(ear, wake word) -> whether a second look at what that ear just heard finds it, too."""


async def believed(ear: str, wake_word: str) -> bool:
    """Nobody looks again."""
    return True


async def always(score: float, loudness: float, site: str = "") -> bool:
    """There is no other ear."""
    return True


def no_hints(language: str) -> Sequence[str]:
    """Nothing in particular may be said."""
    return ()


class NoSigns:
    """Port Signs where nothing is shown."""

    def show(self, sign: Sign, site: str) -> None:
        """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`machine(open_ear)` gives a fresh turn machine; with an open ear speech opens a turn.
    `listener(name)` gives one for a stream of sound of that name. `sink`: the box's own.
    `answer_doubt` takes the place of `doubt` for what is said after a question, if there is one.
    """

    config: Config
    clock: Clock
    listener: Callable[[str], Listener]
    transcriber: Transcriber
    assistant: Assistant
    synthesizer: StreamingSynthesizer
    sink: AudioSink
    machine: Callable[[bool], TurnMachine]
    doubt: Doubt
    may_answer: MayAnswerAt = always
    was_said: WasSaid = believed
    answer_doubt: Doubt | None = None
    hints: Hints = no_hints
    signs: Signs = field(default_factory=NoSigns)

    @property
    def language(self) -> str:
        return self.config.box.language

    @property
    def answer_seconds(self) -> float:
        """How long understanding, acting and the device's echo may take together."""
        actions = self.config.actions
        return actions.grammar_timeout_s + self.config.llm.timeout_s + actions.echo_timeout_s
