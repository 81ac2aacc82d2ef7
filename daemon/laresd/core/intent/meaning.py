"""What a sentence was understood to mean: actions, a question, a timer, or why none of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from laresd.timing import TimerCommand
from laresd.types import EMPTY, Action, Json


class Ask(StrEnum):
    """What a question wants to know."""

    STATE = "state"  # of each entity
    IS = "is"  # is this one in that state?
    ANY = "any"
    ALL = "all"
    WHICH = "which"
    HOW_MANY = "how_many"
    TEMPERATURE = "temperature"
    TIME = "time"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the entities named by id. `state`: the one asked about (IS to HOW_MANY)."""

    ask: Ask
    entity_ids: tuple[str, ...] = ()
    state: str = ""


class Trouble(StrEnum):
    """Why an understood sentence cannot be done."""

    UNKNOWN_DEVICE = "unknown_device"  # name
    NOTHING_THERE = "nothing_there"  # kind (a domain), area or ""
    AMBIGUOUS = "ambiguous"  # ids: those that it may be
    UNSUPPORTED = "unsupported"  # name
    READ_ONLY = "read_only"  # name; it is known, and cannot be reached
    OUT_OF_RANGE = "out_of_range"  # name, minimum, maximum
    LATER = "later"  # a command for later
    NO_RELATIVE = "no_relative"  # name; its level is not known
    ONE_ROOM = "one_room"  # name, area: a robot that can only be started
    DANGEROUS = "dangerous"  # name; not clear enough for a lock or a gate


@dataclass(frozen=True, slots=True)
class Problem:
    """`facts`: what the sentence about it needs, by the names given at each Trouble."""

    trouble: Trouble
    facts: Mapping[str, Json] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Exactly one of actions, question, timer, talk and problem is set.

    `exact` is False when something was concluded rather than said: a name heard almost right, a
    part of a name. `talk` is the key of a fixed answer ("hello", "nevermind").
    """

    intent: str
    actions: tuple[Action, ...] = ()
    question: Question | None = None
    timer: TimerCommand | None = None
    talk: str = ""
    problem: Problem | None = None
    exact: bool = True


def trouble(intent: str, why: Trouble, **facts: Json) -> Meaning:
    return Meaning(intent, problem=Problem(why, facts))
