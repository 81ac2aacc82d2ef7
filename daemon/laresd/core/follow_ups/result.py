"""What a follow-up was understood to mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from laresd.core.intent.meaning import Meaning
from laresd.types import Outcome


class Telling(StrEnum):
    """What is said instead of acting."""

    DONE = "done"  # outcomes: what was done, told again
    NOTHING_DONE = "nothing_done"
    NOTHING_TO_UNDO = "nothing_to_undo"
    UNDONE_ALREADY = "undone_already"
    NO_WAY_BACK = "no_way_back"  # ids; empty for what is no entity


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Either a meaning to act on or something to tell.

    `puts_back`: the meaning's actions put back what was done before (it must not be put back
    again). With a meaning, `ids` are the entities that could not be put back beside it.
    """

    meaning: Meaning | None = None
    telling: Telling | None = None
    outcomes: tuple[Outcome, ...] = ()
    ids: tuple[str, ...] = ()
    puts_back: bool = False
