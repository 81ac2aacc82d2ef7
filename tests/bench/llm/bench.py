"""What every measurement is given, and how its figures become rows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from laresd.types import Json
from tests.bench.llm.engine import Model
from tests.bench.llm.peer import LlamaBench, LlamaServer, Tuning
from tests.bench.measures import say
from tests.bench.results import Row


@dataclass(frozen=True)
class Bench:
    """`label`: of the model in the names of the rows. `peer`: llama.cpp's programs for it, and what
    they are fastest with here.
    """

    label: str
    peer: LlamaBench
    tuning: Tuning
    rounds: int
    command: str

    @cached_property
    def model(self) -> Model:
        self.say("loading")
        return Model(self.path, self.peer.threads)

    @property
    def path(self) -> Path:
        return self.peer.model

    @property
    def large(self) -> bool:
        """Whether tokens are dear: then less is asked for at a time."""
        return self.path.stat().st_size > 1_000_000_000

    @property
    def few(self) -> int:
        """Rounds of what takes minutes on a large model."""
        return min(self.rounds, 2) if self.large else self.rounds

    def server(self, *, cells: int, slots: int = 1) -> LlamaServer:
        return LlamaServer(self.peer, self.tuning, cells=cells, slots=slots)

    def say(self, text: str) -> None:
        """Show how far it is."""
        say(f"{self.label}: {text}")

    def row(self, what: str, value: float, goal: str, note: str, peer: str = "") -> Row:
        name = f"llm/{self.label}_{what}"
        return Row(name, value, goal, self.command, peer, f"{note}; {self.peer.threads} threads")

    def ratio(
        self,
        what: str,
        ours: Sequence[float],
        theirs: Sequence[float],
        goal: str,
        *,
        unit: str,
        beside: str,
        note: str = "",
    ) -> Row:
        """Median over median. `unit`: of both; `beside`: what the second is."""
        value = median(ours) / median(theirs)
        spread = f"{min(ours):.4g} to {max(ours):.4g} {unit} in {len(ours)} rounds"
        text = f"{median(ours):.4g} {unit} ({spread})" + (f"; {note}" if note else "")
        peer = f"{beside}: {median(theirs):.4g} {unit} ({min(theirs):.4g} to {max(theirs):.4g})"
        return self.row(what, round(value, 4), goal, text, peer)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def slot(number: int) -> dict[str, Json]:
    """Of llama-server: this slot's cache is used and kept."""
    return {"id_slot": number, "cache_prompt": True}
