"""The second look at a wake word: a small classifier of this home's own voices and noises.

microWakeWord's models know the word from everybody; what they take for it by mistake in one home
is the same few sounds again and again. The verifier is a logistic regression over the features
that the models read anyway (40 bands, every 10 ms), of the last SECONDS before the detection,
averaged over cells of time and band, so that some dozen clips suffice to train it.

Its file is JSON: {"format": 1, "word", "model" (sha256 of the .tflite file), "weights", "centre",
"scale" (a number for each cell), "bias", "threshold", "report" {...}}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

FORMAT = 1
BANDS = 40  # of microWakeWord's features
SECONDS = 1.2
KEPT = 120  # features: SECONDS of them
CELLS = (12, 10)  # of time and of bands
SIZE = CELLS[0] * CELLS[1]
STRENGTH = 2.0  # of the ridge that keeps the weights small: less lost more wakes of unknown voices
ROUNDS = 30  # of Newton's method, which needs fewer

Vector = npt.NDArray[np.float64]


def describe(features: Sequence[npt.NDArray[np.float32]]) -> Vector:
    """The last KEPT features as SIZE numbers; what is missing before them was quiet."""
    sheet = np.zeros((KEPT, BANDS))
    if features:
        last = np.concatenate([np.reshape(f, (1, BANDS)) for f in features[-KEPT:]])
        sheet[KEPT - len(last) :] = last
    time, bands = KEPT // CELLS[0], BANDS // CELLS[1]
    cells = sheet.reshape(CELLS[0], time, CELLS[1], bands).mean(axis=(1, 3))
    return np.asarray(cells - cells.mean()).ravel()


@dataclass(frozen=True, slots=True)
class Verifier:
    """`score` of a described detection is the probability that the word was meant."""

    word: str
    model: str
    weights: Vector
    centre: Vector
    scale: Vector
    bias: float
    threshold: float
    report: Mapping[str, Json] = field(default_factory=dict)

    def score(self, described: Vector) -> float:
        odds = float((described - self.centre) / self.scale @ self.weights) + self.bias
        return float(1 / (1 + np.exp(-np.clip(odds, -50, 50))))

    def accepts(self, described: Vector) -> bool:
        return self.score(described) >= self.threshold

    def to_json(self) -> bytes:
        body = {
            "format": FORMAT,
            "word": self.word,
            "model": self.model,
            "weights": [round(float(x), 6) for x in self.weights],
            "centre": [round(float(x), 6) for x in self.centre],
            "scale": [round(float(x), 6) for x in self.scale],
            "bias": self.bias,
            "threshold": self.threshold,
            "report": dict(self.report),
        }
        return json.dumps(body, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, *, word: str, model: str) -> Self:
        """Raises Permanent when it is damaged, or was trained for another model."""
        try:
            body = json.loads(data)
        except ValueError as error:
            raise Permanent("it is damaged: no JSON") from error
        if not isinstance(body, dict):
            raise Permanent("it is damaged: no object")
        fields = Fields(body)
        if fields.integer("format") != FORMAT:
            raise Permanent("it was made by another version of Lares")
        if (fields.text("word"), fields.text("model")) != (word, model):
            raise Permanent("it was trained for another model of the wake word")
        threshold = fields.real("threshold")
        if not 0 < threshold < 1:
            raise Permanent(f"it is damaged: a threshold of {threshold}")
        weights, centre, scale = (
            _numbers(body.get(key), key) for key in ("weights", "centre", "scale")
        )
        if np.any(scale <= 0):
            raise Permanent("it is damaged: a scale that is not above 0")
        bias = float(_numbers([fields.real("bias")] * SIZE, "bias")[0])
        report = fields.mapping("report")
        return cls(word, model, weights, centre, scale, bias, threshold, report)


def fit(word: str, model: str, wanted: Vector, unwanted: Vector) -> Verifier:
    """Trained on rows of described clips that are, and are not, the word; each side counts the
    same, however many there are. The threshold is 0.5.
    """
    rows = np.concatenate([wanted, unwanted])
    centre = rows.mean(axis=0)
    scale = rows.std(axis=0) + 0.1
    matrix = np.hstack([(rows - centre) / scale, np.ones((len(rows), 1))])
    goal = np.concatenate([np.ones(len(wanted)), np.zeros(len(unwanted))])
    share = np.where(goal == 1, 0.5 / max(1, len(wanted)), 0.5 / max(1, len(unwanted)))
    ridge = np.full(matrix.shape[1], STRENGTH / SIZE)
    ridge[-1] = 1e-6
    solution = np.zeros(matrix.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(matrix @ solution, -50, 50)))
        slope = matrix.T @ (share * (chance - goal)) + ridge * solution
        bend = share * np.maximum(chance * (1 - chance), 1e-6)
        step = np.linalg.solve((matrix.T * bend) @ matrix + np.diag(ridge), slope)
        solution -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    weights, bias = solution[:-1], float(solution[-1])
    return Verifier(word, model, weights, centre, scale, bias, 0.5)


def _numbers(values: object, key: str) -> Vector:
    if not isinstance(values, list) or len(values) != SIZE:
        raise Permanent(f"it is damaged: {key} must be {SIZE} numbers")
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise Permanent(f"it is damaged: {key} are no numbers") from error
    if numbers.shape != (SIZE,) or not np.all(np.isfinite(numbers)):
        raise Permanent(f"it is damaged: {key} are no numbers")
    return numbers
