"""Training a verifier on the labelled clips of a home, and measuring it on clips it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from laresd.engines.listen.verifier import SIZE, Vector, Verifier, fit
from laresd.errors import Refused

LEAST = 5  # labelled clips of each kind; fewer say nothing
FOLDS = 5
HOME_COUNTS = 3  # a clip of the home counts as so many that a synthesizer made
MOST_LOST = 0.02  # share of wakes that a verifier may lose
LEAST_REJECTED = 0.2  # share of false wakes below which it is not worth having
MARGIN = 0.1  # a threshold lies at this share of the odds of the hardest wake that it must keep
BOUNDS = (0.002, 0.5)  # of a threshold


@dataclass(frozen=True, slots=True)
class Examples:
    """Described clips, one a row: of the home, and of synthesizers, which are only trained on."""

    wanted: Vector
    unwanted: Vector
    made_wanted: Vector
    made_unwanted: Vector


@dataclass(frozen=True, slots=True)
class Report:
    """Counts from cross validation: each clip judged by a verifier that was not trained on it, at
    a threshold that was not chosen by it.
    """

    wanted: int
    unwanted: int
    lost: int  # of `wanted`, that it would have rejected
    rejected: int  # of `unwanted`
    made: int  # by synthesizers, in the training

    @property
    def lost_at_most(self) -> float:
        """Share of wakes that may be lost, with 95 % certainty (Clopper and Pearson's bound)."""
        return _upper(self.lost, self.wanted)

    @property
    def worth_it(self) -> bool:
        return (
            self.lost <= MOST_LOST * self.wanted and self.rejected >= LEAST_REJECTED * self.unwanted
        )


def tune(word: str, model: str, examples: Examples) -> tuple[Verifier, Report]:
    """A verifier trained on everything, and what it is worth.

    Raises Refused with fewer than LEAST labelled clips of either kind.
    """
    for clips, said in ((examples.wanted, "that are"), (examples.unwanted, "that are not")):
        if len(clips) < LEAST:
            raise Refused(
                f"there are {len(clips)} clips {said} {word}; {LEAST} are the least, 30 are good",
                remedy="label more of them: lares wake list, listen, label",
            )
    yes, no = _judged(word, model, examples)
    report = Report(
        wanted=len(yes),
        unwanted=len(no),
        lost=sum(not kept for kept in yes),
        rejected=sum(not kept for kept in no),
        made=len(examples.made_wanted) + len(examples.made_unwanted),
    )
    return _trained(word, model, examples), report


def _judged(word: str, model: str, examples: Examples) -> tuple[list[bool], list[bool]]:
    """Whether each clip of the home is accepted by what the others teach."""
    yes, no = [False] * len(examples.wanted), [False] * len(examples.unwanted)
    for fold in range(FOLDS):
        verifier = _trained(word, model, _without(examples, fold, FOLDS))
        for index in range(fold, len(yes), FOLDS):
            yes[index] = verifier.accepts(examples.wanted[index])
        for index in range(fold, len(no), FOLDS):
            no[index] = verifier.accepts(examples.unwanted[index])
    return yes, no


def _trained(word: str, model: str, examples: Examples) -> Verifier:
    """With a threshold from clips that were left out in turn."""
    scores: list[float] = []
    folds = min(FOLDS, len(examples.wanted))
    for fold in range(folds):
        verifier = _fit(word, model, _without(examples, fold, folds))
        scores += [verifier.score(row) for row in examples.wanted[fold::folds]]
    return replace(_fit(word, model, examples), threshold=_threshold(scores))


def _threshold(scores: Sequence[float]) -> float:
    """One that the wakes with these scores pass, all but MOST_LOST of them, with some room."""
    hardest = sorted(scores)[int(MOST_LOST * len(scores))]
    odds = hardest / max(1e-9, 1 - hardest) * MARGIN
    return min(max(odds / (1 + odds), BOUNDS[0]), BOUNDS[1])


def _fit(word: str, model: str, examples: Examples) -> Verifier:
    wanted = np.concatenate([*[examples.wanted] * HOME_COUNTS, examples.made_wanted])
    unwanted = np.concatenate([*[examples.unwanted] * HOME_COUNTS, examples.made_unwanted])
    return fit(word, model, wanted, unwanted)


def _without(examples: Examples, fold: int, folds: int) -> Examples:
    def rest(clips: Vector) -> Vector:
        keep = [index for index in range(len(clips)) if index % folds != fold]
        return clips[keep].reshape(-1, SIZE)

    return replace(examples, wanted=rest(examples.wanted), unwanted=rest(examples.unwanted))


def _upper(hits: int, count: int) -> float:
    """The share that gives at most so many hits with a chance of 5 %, by bisection."""
    low, high = hits / count, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        terms = range(hits + 1)
        chance = sum(_choose(count, k) * middle**k * (1 - middle) ** (count - k) for k in terms)
        low, high = (middle, high) if chance > 0.05 else (low, middle)
    return high


def _choose(count: int, some: int) -> float:
    result = 1.0
    for step in range(some):
        result = result * (count - step) / (step + 1)
    return result
