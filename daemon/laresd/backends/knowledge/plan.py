"""What is to be done next for the indexes: decided here, done in upkeep.py. Pure.

A model's vectors are searched exactly (vec0) while they are few, and approximately (vec1) when they
are many, as long as that finds what is there. The border is lower on the way back, so that a
library at the border does not change its index again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from laresd.backends.knowledge.derived import Derived, Kind
from laresd.backends.knowledge.embeddings import Model

MANY = 20_000  # vectors, from which the approximate index is faster by much
STILL_MANY = 0.75  # of MANY, down to which it is kept
GOAL = 0.97  # recall of the ten nearest, below which the approximate index is not used
CHANGED = 1.25  # of the number of vectors, from which the recall is measured again
OUTGROWN = 3.0  # of the number of vectors that it was trained for
AGAIN = 2.0  # of the number of vectors at which it was refused


@dataclass(frozen=True, slots=True)
class Counted:
    """A model, and how many vectors it has."""

    model: Model
    vectors: int


@dataclass(frozen=True, slots=True)
class State:
    """`last`: the newest passage. `current`: the model that is whole and in use, if one is; the
    others' vectors are not needed any more then.
    """

    derived: Sequence[Derived]
    models: Sequence[Counted]
    last: int
    is_vec1_usable: bool
    current: str = ""
    many: int = MANY


@dataclass(frozen=True, slots=True)
class Begin:
    kind: Kind
    model: Model | None = None
    vectors: int = 0


@dataclass(frozen=True, slots=True)
class Fill:
    index: Derived


@dataclass(frozen=True, slots=True)
class Measure:
    """The recall of an approximate index."""

    index: Derived
    counted: Counted


@dataclass(frozen=True, slots=True)
class Discard:
    index: Derived


@dataclass(frozen=True, slots=True)
class DropModel:
    model: Model


Job = Begin | Fill | Measure | Discard | DropModel


def next_job(state: State) -> Job | None:
    """The most urgent one: what is not there at all comes first."""
    return next(_jobs(state), None)


def is_enough(recall: float) -> bool:
    return recall >= GOAL


def is_refused(index: Derived, vectors: int, recall: float) -> bool:
    """Whether vec1 itself is at fault, and not that it was trained for another library."""
    return not is_enough(recall) and not _differs(vectors, index.trained, CHANGED)


def _jobs(state: State) -> Iterator[Job]:
    words = [each for each in state.derived if each.kind is Kind.WORDS]
    if not words:
        yield Begin(Kind.WORDS)
    yield from (Fill(each) for each in words if not each.is_whole)
    for counted in state.models:
        if state.current and counted.model.key != state.current:
            yield DropModel(counted.model)
    known = {each.model.id for each in state.models}
    yield from (Discard(each) for each in state.derived if each.model and each.model not in known)
    for counted in state.models:
        own = [each for each in state.derived if each.model == counted.model.id]
        yield from _of_model(state, counted, own)


def _of_model(state: State, counted: Counted, own: Sequence[Derived]) -> Iterator[Job]:
    whole = [each for each in own if each.is_whole]
    building = [each for each in own if not each.is_whole]
    used = whole[-1] if whole else None
    wanted = _wanted(state, counted, used)
    yield from (Discard(each) for each in whole[:-1])
    yield from (Discard(each) for each in building[:-1])
    if building:
        new = building[-1]
        if used is not None and new.kind is not wanted:
            yield Discard(new)
        elif new.kind is Kind.VEC1 and new.recall is None and new.filled >= state.last:
            yield Measure(new, counted)
        else:
            yield Fill(new)
    elif used is None:
        yield Begin(Kind.VEC0, counted.model, counted.vectors)
    elif used.kind is not wanted or _is_outgrown(used, counted):
        yield Begin(wanted, counted.model, counted.vectors)
    elif used.kind is Kind.VEC1 and _differs(counted.vectors, counted.model.checked or 0, CHANGED):
        yield Measure(used, counted)


def _wanted(state: State, counted: Counted, used: Derived | None) -> Kind:
    refused = counted.model.refused
    if not state.is_vec1_usable or (refused and counted.vectors < refused * AGAIN):
        return Kind.VEC0
    is_used = used is not None and used.kind is Kind.VEC1
    border = state.many * (STILL_MANY if is_used else 1.0)
    return Kind.VEC1 if counted.vectors > border else Kind.VEC0


def _is_outgrown(used: Derived, counted: Counted) -> bool:
    if used.kind is not Kind.VEC1:
        return False
    recall = counted.model.recall
    is_bad = recall is not None and not is_enough(recall) and counted.model.refused is None
    return is_bad or _differs(counted.vectors, used.trained, OUTGROWN)


def _differs(now: int, then: int, factor: float) -> bool:
    return now > then * factor or then > now * factor
