"""What the handlers answer from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laresd.frontends.http.audio import Audio, Listening
from laresd.frontends.http.cards import ModelCard
from laresd.frontends.http.faults import RETRY_S, Rejected
from laresd.ports import Clock, Embedder, LanguageModel, Librarian


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Who answers from documents. `language`: of a question that does not say its own."""

    librarian: Librarian
    language: str


@dataclass(frozen=True, slots=True)
class Services:
    """`language_model`, `embedder`, `audio`, `listening`, `knowledge`: None where there is none.
    `metrics`: in Prometheus' text form. `ready`: "" when the daemon is, else why it is not.
    """

    language_model: LanguageModel | None
    embedder: Embedder | None
    clock: Clock
    models: Callable[[], Sequence[ModelCard]]
    metrics: Callable[[], str]
    ready: Callable[[], str]
    audio: Audio | None = None
    listening: Listening | None = None
    knowledge: Knowledge | None = None


def missing(what: str, remedy: str) -> Rejected:
    """For a call that this box cannot answer as it is configured."""
    return Rejected(
        f"there is no {what} on this box",
        status=503,
        code="not_configured",
        remedy=remedy,
        retry_s=60 * RETRY_S,
    )
