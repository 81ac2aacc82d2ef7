"""Choose when a text is refused: as many refusals of other speech as a small loss of right texts
allows.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.recognize import Heard

_QUANTILES = (0.0, 0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05)
_MOST_LOST = 0.05  # share of the right texts that may be refused


@dataclass(frozen=True)
class Limits:
    """When a text is refused; any one limit is enough. The scores are those of `Heard`."""

    max_no_speech: float = 0.5
    min_logprob: float = -99.0
    min_fit: float = -99.0
    min_word_fit: float = -99.0

    def accept(self, heard: Heard) -> bool:
        """Whether the text is good enough to act on."""
        return (
            bool(heard.text)
            and heard.silence <= self.max_no_speech
            and heard.logprob >= self.min_logprob
            and heard.fit.score >= self.min_fit
            and heard.fit.worst >= self.min_word_fit
        )

    def write(self, folder: Path) -> None:
        """Add the limits to the model folder's ``lares.json``."""
        path = folder / "lares.json"
        habits = json.loads(path.read_text("utf-8"))
        habits.update({name: round(value, 3) for name, value in vars(self).items()})
        path.write_text(json.dumps(habits, indent=1) + "\n", "utf-8")


def read_limits(folder: Path) -> Limits:
    """The limits of a model folder, or the mildest where it has none."""
    habits = json.loads((folder / "lares.json").read_text("utf-8"))
    return Limits(**{name: habits[name] for name in vars(Limits()) if name in habits})


def choose_limits(right: Sequence[Heard], other: Sequence[Heard]) -> Limits:
    """Limits that refuse at most 5 % of the `right` texts and as many as possible of the `other`.

    `other` is what was heard in speech that is not for the home. Of equally good limits the mildest
    are taken.
    """
    made_up = [heard for heard in other if heard.text]
    lowest = [
        np.quantile([score(heard) for heard in right], _QUANTILES).tolist()
        for score in (_loudness, _logprob, _whole, _worst)
    ]
    best, best_cost = Limits(), (float("inf"), float("inf"))
    for silence, logprob, whole, worst in itertools.product(*lowest):
        limits = Limits(min(1.0, max(0.02, -silence)), logprob, whole, worst)
        lost = sum(not limits.accept(heard) for heard in right) / max(1, len(right))
        cost = (float(sum(limits.accept(heard) for heard in made_up)), lost)
        if lost <= _MOST_LOST and cost < best_cost:
            best, best_cost = limits, cost
    return best


def _loudness(heard: Heard) -> float:
    return -heard.silence


def _logprob(heard: Heard) -> float:
    return heard.logprob


def _whole(heard: Heard) -> float:
    return heard.fit.score


def _worst(heard: Heard) -> float:
    return heard.fit.worst
