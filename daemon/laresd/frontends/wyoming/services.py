"""What the server is given: the ports and the decisions that are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from laresd.config import Config
from laresd.frontends.wyoming.info import Offer
from laresd.ports import (
    Assistant,
    Clock,
    Dictation,
    Grammar,
    Listener,
    Synthesizer,
    Transcriber,
)
from laresd.types import Transcript


@dataclass(frozen=True, slots=True)
class Services:
    """`offer`: what is there now. `listener(name)` gives one for a stream of sound. `doubt`: why a
    transcript is not what was said; None where it is. `grammar` None: no sentence is understood;
    `assistant` None: nothing is carried out.
    """

    config: Config
    clock: Clock
    offer: Callable[[], Offer]
    transcriber: Transcriber
    synthesizer: Synthesizer
    listener: Callable[[str], Listener]
    doubt: Callable[[Transcript, str], str | None]
    dictation: Dictation | None = None
    grammar: Grammar | None = None
    assistant: Assistant | None = None

    @property
    def language(self) -> str:
        return self.config.box.language

    @property
    def answer_seconds(self) -> float:
        """How long understanding, acting and the device's echo may take together."""
        actions = self.config.actions
        return actions.grammar_timeout_s + self.config.llm.timeout_s + actions.echo_timeout_s
