"""What `lares wake` asks the listening engine: how it hears a clip, and to be tuned to a home."""

from __future__ import annotations

import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from laresd.backends.workers.supervisor import Worker
from laresd.frames import Fields
from laresd.types import Json


@dataclass(frozen=True, slots=True)
class Peak:
    """How likely a wake word was in a clip, at `seconds`. `verified`: what its verifier says of
    it, 0 to 1; -1 without one. `described`: what a verifier is trained on.
    """

    word: str
    model: str  # sha256
    score: float
    threshold: float
    seconds: float
    verified: float
    accepted: bool  # by the verifier, or there is none
    described: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tuned:
    """A verifier's file, and what it did to clips that it was not trained on: `lost` of `wanted`
    and `rejected` of `unwanted`. `made`: clips of synthesizers in the training.
    """

    verifier: bytes
    worth_it: bool
    wanted: int
    unwanted: int
    lost: int
    lost_at_most: float  # share of all wakes, with 95 % certainty
    rejected: int
    made: int


@dataclass(frozen=True, slots=True)
class Described:
    """Clips of one wake word, as `Peak.described`; those that are made are only trained on."""

    wanted: list[tuple[float, ...]] = field(default_factory=list)
    unwanted: list[tuple[float, ...]] = field(default_factory=list)
    made_wanted: list[tuple[float, ...]] = field(default_factory=list)
    made_unwanted: list[tuple[float, ...]] = field(default_factory=list)


class WakeExaminer:
    """Over a worker of `laresd.engines.listen`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def phrase(self, word: str) -> str:
        """As people say it, once the engine has been asked something; "" for an unknown word."""
        phrases = self._worker.facts.get("phrases")
        found = phrases.get(word) if isinstance(phrases, dict) else None
        return found if isinstance(found, str) else ""

    async def examine(self, pcm: bytes, *, deadline: float) -> Sequence[Peak]:
        """Of each wake word in a clip (16 kHz mono s16)."""
        frame = await self._worker.call("examine", {}, pcm, deadline=deadline)
        rows = Fields(frame.body).rows("peaks")
        described = array.array("f", frame.payload)
        size = len(described) // max(1, len(rows))
        return [
            Peak(
                word=row.text("name"),
                model=row.text("model"),
                score=row.real("score"),
                threshold=row.real("threshold"),
                seconds=row.real("seconds"),
                verified=row.real("verified"),
                accepted=row.flag("accepted"),
                described=tuple(described[index * size : (index + 1) * size]),
            )
            for index, row in enumerate(rows)
        ]

    async def tune(self, word: str, clips: Described, *, deadline: float) -> Tuned:
        """Raises Refused when there are too few clips of the home."""
        sets = {
            "wanted": clips.wanted,
            "unwanted": clips.unwanted,
            "made_wanted": clips.made_wanted,
            "made_unwanted": clips.made_unwanted,
        }
        counts: dict[str, Json] = {name: len(rows) for name, rows in sets.items()}
        numbers = [number for rows in sets.values() for row in rows for number in row]
        frame = await self._worker.call(
            "tune", {"name": word, **counts}, array.array("f", numbers).tobytes(), deadline=deadline
        )
        body = Fields(frame.body)
        return Tuned(
            verifier=body.text("verifier").encode(),
            worth_it=body.flag("worth_it"),
            wanted=body.integer("wanted"),
            unwanted=body.integer("unwanted"),
            lost=body.integer("lost"),
            lost_at_most=body.real("lost_at_most"),
            rejected=body.integer("rejected"),
            made=body.integer("made"),
        )
