"""Voice activity by Silero's model, from faster-whisper's wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from onnxruntime import InferenceSession, SessionOptions  # type: ignore[attr-defined]

from laresd.engines.listen.found import Found, Samples
from laresd.errors import Permanent
from laresd.types import FRAME_SAMPLES, HeardKind

CONTEXT = 64  # samples of the frame before, which the model reads, too


def silero() -> Path:
    """The model in faster-whisper's wheel, found without importing it."""
    spec = importlib.util.find_spec("faster_whisper")
    folder = Path(spec.origin).parent / "assets" if spec and spec.origin else Path()
    found = sorted(folder.glob("silero_vad*.onnx"))
    if not found:
        raise Permanent(
            "the voice activity model is missing from the faster-whisper package",
            remedy="type: make setup",
        )
    return found[-1]


class VoiceModel:
    """The network, which all streams share; what it remembers is theirs."""

    def __init__(self, path: Path) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def run(self, batch: Samples, h: Samples, c: Samples) -> tuple[Samples, Samples, Samples]:
        """The scores of frames that follow each other, each after its context, and the memory."""
        return cast(
            tuple[Samples, Samples, Samples],
            self._session.run(None, {"input": batch, "h": h, "c": c}),
        )


class VoiceActivity:
    """The probability of speech in each frame of one stream."""

    def __init__(self, model: VoiceModel) -> None:
        self._model = model
        self.reset()

    def reset(self) -> None:
        self._h: Samples = np.zeros((1, 1, 128), np.float32)
        self._c: Samples = np.zeros((1, 1, 128), np.float32)
        self._rest: Samples = np.zeros(CONTEXT, np.float32)  # the context, then an incomplete frame
        self.heard = 0  # samples, of complete frames

    def hear(self, samples: Samples) -> Iterator[Found]:
        self._rest = np.concatenate([self._rest, samples])
        frames = (len(self._rest) - CONTEXT) // FRAME_SAMPLES
        if not frames:
            return
        starts = range(0, frames * FRAME_SAMPLES, FRAME_SAMPLES)
        batch = np.array([self._rest[start : start + CONTEXT + FRAME_SAMPLES] for start in starts])
        scores, self._h, self._c = self._model.run(batch, self._h, self._c)
        self._rest = self._rest[frames * FRAME_SAMPLES :]
        for score in scores.tolist():
            self.heard += FRAME_SAMPLES
            yield Found(HeardKind.SPEECH, self.heard, score)
