"""Wake words and voice activity, on every frame that the microphone gives. Runs as a worker.

Ops: `hear`, payload 16 kHz mono s16 that follows the previous call's -> {heard: [{kind, sample,
score, name}]}: one `speech` for each complete 512-sample frame, `wake` where a wake word ended,
`near_wake` where one almost was. `reset`: forget the audio so far.

Wake words are microWakeWord models: a name of one in pymicro-wakeword's wheel, or the path of a
.tflite file (with the .json of the same name beside it that microWakeWord's trainer writes).
Voice activity is Silero's model, from faster-whisper's wheel. This process runs all day, so it is
kept cheap: one thread, no waiting loops, and one call of the model for all frames of a request.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, SessionOptions  # type: ignore[attr-defined]
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from laresd.engines import worker
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import FRAME_SAMPLES, HeardKind, Json

CONTEXT = 64  # samples of the frame before, which Silero's model reads, too
WINDOW, STEP = 480, 160  # samples of one wake word feature, and between two
NEAR = 0.5  # share of a wake word's threshold that is worth telling

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; `sample` is where it ends, counted since the reset."""

    kind: HeardKind
    sample: int
    score: float
    name: str = ""

    def row(self) -> dict[str, Json]:
        score = round(self.score, 4)
        return {"kind": self.kind.value, "sample": self.sample, "score": score, "name": self.name}


class VoiceActivity:
    """The probability of speech in each frame of a stream."""

    def __init__(self, path: Path) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self.reset()

    def reset(self) -> None:
        self._h: Samples = np.zeros((1, 1, 128), np.float32)
        self._c: Samples = np.zeros((1, 1, 128), np.float32)
        self._rest: Samples = np.zeros(CONTEXT, np.float32)  # the context, then an incomplete frame
        self._heard = 0

    def hear(self, samples: Samples) -> Iterator[Found]:
        self._rest = np.concatenate([self._rest, samples])
        frames = (len(self._rest) - CONTEXT) // FRAME_SAMPLES
        if not frames:
            return
        starts = range(0, frames * FRAME_SAMPLES, FRAME_SAMPLES)
        batch = np.array([self._rest[start : start + CONTEXT + FRAME_SAMPLES] for start in starts])
        scores, self._h, self._c = cast(
            tuple[Samples, Samples, Samples],
            self._session.run(None, {"input": batch, "h": self._h, "c": self._c}),
        )
        self._rest = self._rest[frames * FRAME_SAMPLES :]
        for score in scores.tolist():
            self._heard += FRAME_SAMPLES
            yield Found(HeardKind.SPEECH, self._heard, score)


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


class WakeWords:
    """All wake words; the features of the sound are computed once for them."""

    def __init__(self, models: Sequence[MicroWakeWord], threshold: float) -> None:
        self._models = models
        self._threshold = threshold
        self._features = MicroWakeWordFeatures()
        self.reset()

    def reset(self) -> None:
        self._features.reset()
        self._count = 0
        self._spotters = []
        for model in self._models:
            model.reset()
            threshold = self._threshold or model.probability_cutoff
            self._spotters.append(Spotter(model.id, threshold))

    def hear(self, pcm: bytes) -> Iterator[Found]:
        for feature in self._features.process_streaming(pcm):
            sample = WINDOW + self._count * STEP
            self._count += 1
            for model, spotter in zip(self._models, self._spotters, strict=True):
                probability = model.process_streaming_prob(feature)
                if self._count % model.stride or probability is None:
                    continue  # the model waits for more features before it says anything new
                if found := spotter.feed(probability, sample):
                    yield found


def load(options: Fields) -> worker.Loaded:
    """Options: `words` (names or .tflite paths), `threshold` (0: each model's own)."""
    words = options.texts("words")
    activity = VoiceActivity(_silero())
    wake = WakeWords([_model(word) for word in words], options.real("threshold", 0.0))

    def hear(call: worker.Call) -> worker.Answer:
        pcm = call.payload
        if len(pcm) % 2:
            raise Permanent(f"{len(pcm)} bytes are no 16-bit samples")
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
        found = [*activity.hear(samples), *(wake.hear(pcm) if words else ())]
        return worker.Answer({"heard": [f.row() for f in found]})

    def reset(call: worker.Call) -> worker.Answer:
        activity.reset()
        wake.reset()
        return worker.Answer()

    names: list[Json] = [*words]
    return worker.Loaded({"hear": hear, "reset": reset}, {"words": names, "vad": _silero().stem})


def _silero() -> Path:
    """Silero's model in faster-whisper's wheel, found without importing it."""
    spec = importlib.util.find_spec("faster_whisper")
    folder = Path(spec.origin).parent / "assets" if spec and spec.origin else Path()
    found = sorted(folder.glob("silero_vad*.onnx"))
    if not found:
        raise Permanent(
            "the voice activity model is missing from the faster-whisper package",
            remedy="type: make setup",
        )
    return found[-1]


def _model(word: str) -> MicroWakeWord:
    known = [model.value for model in Model]
    if word in known:
        return MicroWakeWord.from_builtin(Model(word))
    path = Path(word).expanduser()
    if path.suffix != ".tflite":
        raise Permanent(
            f"there is no wake word {word!r}",
            remedy="use one of " + ", ".join(sorted(known)) + ", or the path of a .tflite file",
        )
    return _own_model(path)


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


if __name__ == "__main__":
    worker.main(load)
