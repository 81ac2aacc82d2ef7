"""What the voice frontend is given: the ports and the decisions that are made elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from laresd.config import Config
from laresd.ports import (
    Assistant,
    AudioSink,
    Clock,
    Listener,
    Synthesizer,
    Transcriber,
    TurnMachine,
)
from laresd.types import Transcript

Doubt = Callable[[Transcript, str], str | None]
"""(heard, language) -> why it must not reach an action; None when it may."""

Complete = Callable[[str, str], Awaitable[bool]]
"""(text, language) -> whether it is a whole command, so that the turn need not wait for more."""


MayAnswer = Callable[[float, float], Awaitable[bool]]
"""(score, loudness) of a wake word -> whether this box answers it, or another one in the house."""


async def always(score: float, loudness: float) -> bool:
    """There is no other box."""
    return True


async def never_complete(text: str, language: str) -> bool:
    """Wait for the silence after every command."""
    return False


@dataclass(frozen=True, slots=True)
class Parts:
    """`machine(open_ear)` gives a fresh turn machine; with an open ear speech opens a turn.
    `answer_doubt` takes the place of `doubt` for what is said after a question, if there is one.
    """

    config: Config
    clock: Clock
    listener: Listener
    transcriber: Transcriber
    assistant: Assistant
    synthesizer: Synthesizer
    sink: AudioSink
    machine: Callable[[bool], TurnMachine]
    doubt: Doubt
    complete: Complete = never_complete
    may_answer: MayAnswer = always
    answer_doubt: Doubt | None = None

    @property
    def language(self) -> str:
        return self.config.box.language

    @property
    def answer_seconds(self) -> float:
        """How long understanding, acting and the device's echo may take together."""
        actions = self.config.actions
        return actions.grammar_timeout_s + self.config.llm.timeout_s + actions.echo_timeout_s
