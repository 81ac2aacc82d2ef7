"""Wake words by microWakeWord's models.

A word is the name of a model in pymicro-wakeword's wheel, or the path of a .tflite file with the
.json of the same name beside it that microWakeWord's trainer writes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from laresd.engines.listen.found import Found
from laresd.engines.listen.verifier import KEPT, Vector, Verifier, describe
from laresd.errors import Permanent
from laresd.types import SAMPLE_RATE, HeardKind

WINDOW, STEP = 480, 160  # samples of one feature, and between two
NEAR = 0.5  # share of a wake word's threshold that is worth telling
NORMAL = 0.5  # sensitivity at which a model's own threshold holds
REACH = 3.5  # by how much the whole range of sensitivities moves a threshold's log-odds
AGAIN = 8 * SAMPLE_RATE  # who says a word again so soon after it was rejected, means it


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A wake word that streams may ask for. `threshold` at normal sensitivity."""

    name: str  # of the model: the wheel's, or the .tflite file's without its ending
    phrase: str  # as people say it
    file: Path  # the description beside the model
    threshold: float
    verifier: Verifier | None = None  # looks again at what this home's models take for it

    def at(self, sensitivity: float) -> float:
        """The threshold for a sensitivity from 0 (wakes seldom) to 1 (wakes easily)."""
        low = min(max(self.threshold, 0.001), 0.999)
        odds = math.log(low / (1 - low)) + (NORMAL - sensitivity) * REACH
        return 1 / (1 + math.exp(-odds))

    def digest(self) -> str:
        """sha256 of the model."""
        return hashlib.sha256(self.file.with_suffix(".tflite").read_bytes()).hexdigest()


def word(given: str, threshold: float = 0.0) -> Word:
    """The word of a name or path; `threshold` 0: its model's own.

    Raises Permanent when there is no such model, or it cannot be used.
    """
    known = [model.value for model in Model]
    if given not in known and Path(given).suffix != ".tflite":
        raise Permanent(
            f"there is no wake word {given!r}",
            remedy="use one of " + ", ".join(sorted(known)) + ", or the path of a .tflite file",
        )
    if given in known:
        model = MicroWakeWord.from_builtin(Model(given))
    else:
        model = _own_model(Path(given).expanduser())
    file = Path(model.tflite_model).with_suffix(".json")
    return Word(model.id, model.wake_word, file, threshold or model.probability_cutoff)


def _own_model(path: Path) -> MicroWakeWord:
    description = path.with_suffix(".json")
    try:
        with path.open("rb") as file:
            head = file.read(8)
        model = json.loads(description.read_bytes())["model"]
        if head[4:] != b"TFL3" or not (path.parent / model).samefile(path):
            raise ValueError(f"it is no TensorFlow Lite model, or {description.name} names another")
        return MicroWakeWord.from_config(description)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Permanent(
            f"the wake word model {path} cannot be used: {error}",
            remedy=f"put the trainer's {path.name} and {description.name} there",
        ) from error


class Spotter:
    """One wake word's probabilities turned into events: one `wake` for each time it is said."""

    def __init__(self, name: str, threshold: float) -> None:
        self.name = name
        self._threshold = threshold
        self._armed = True
        self._peak = 0.0

    def feed(self, probability: float, sample: int) -> Found | None:
        if probability > self._threshold:
            if not self._armed:
                return None
            self._armed, self._peak = False, 0.0
            return Found(HeardKind.WAKE, sample, probability, self.name)
        if probability >= self._threshold * NEAR:
            self._peak = max(self._peak, probability)
            return None
        peak, self._peak = self._peak, 0.0
        near = self._armed and peak > 0.0
        self._armed = True
        return Found(HeardKind.NEAR_WAKE, sample, peak, self.name) if near else None


class SecondLook:
    """A verifier's judgement of what a spotter found."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._rejected_at: int | None = None

    def judge(self, found: Found, described: Vector) -> Found:
        """The same, or rejected: unless the word is said again soon, for then it was meant."""
        if found.kind is not HeardKind.WAKE or self._verifier.accepts(described):
            return found
        before, self._rejected_at = self._rejected_at, found.sample
        if before is not None and found.sample - before <= AGAIN:
            self._rejected_at = None
            return found
        return replace(found, kind=HeardKind.REJECTED_WAKE)


@dataclass(slots=True)
class Peak:
    """How likely a word was at its likeliest; when it was heard, and what the sound was like then:
    where it woke, or else where it was likeliest.
    """

    score: float
    sample: int
    described: Vector


class WakeWords:
    """The words of one stream; the features of the sound are computed once for them."""

    def __init__(self, thresholds: Mapping[Word, float], at: int = 0) -> None:
        """`at`: the sample of the stream with which they begin to listen."""
        self._at = at
        self._thresholds = thresholds
        self._models = [MicroWakeWord.from_config(word.file) for word in thresholds]
        self._features = MicroWakeWordFeatures()
        self._begin()

    def reset(self) -> None:
        self._at = 0
        self._features.reset()
        for model in self._models:
            model.reset()
        self._begin()

    def _begin(self) -> None:
        self._count = 0
        self._kept: deque[npt.NDArray[np.float32]] = deque(maxlen=KEPT)
        self._spotters = [Spotter(word.name, least) for word, least in self._thresholds.items()]
        self._second = {
            word.name: SecondLook(word.verifier) for word in self._thresholds if word.verifier
        }

    def hear(self, pcm: bytes) -> Iterator[Found]:
        """`rejected_wake` in place of `wake` where a word's verifier does not know it."""
        for index, probability, sample in self._probabilities(pcm):
            found = self._spotters[index].feed(probability, sample)
            if found is None:
                continue
            second = self._second.get(found.name)
            yield found if second is None else second.judge(found, describe([*self._kept]))

    def peaks(self, pcm: bytes) -> list[Peak]:
        """Of each word in a whole clip, in the order of the words; forgets what was before."""
        self.reset()
        best = [Peak(0.0, 0, describe([])) for _ in self._models]
        least = [*self._thresholds.values()]
        for index, probability, sample in self._probabilities(pcm):
            peak = best[index]
            if probability > peak.score:
                if peak.score <= least[index]:
                    peak.sample, peak.described = sample, describe([*self._kept])
                peak.score = probability
        return best

    def _probabilities(self, pcm: bytes) -> Iterator[tuple[int, float, int]]:
        """(index of the word, probability, sample), whenever a model says something new."""
        if not self._models:
            return
        for feature in self._features.process_streaming(pcm):
            sample = self._at + WINDOW + self._count * STEP
            self._count += 1
            self._kept.append(feature)
            for index, model in enumerate(self._models):
                probability = model.process_streaming_prob(feature)
                if self._count % model.stride or probability is None:
                    continue  # the model waits for more features before it says anything new
                yield index, probability, sample
