"""Whether a file or folder is a model at all, by its first bytes: damage is said before loading."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from laresd.backends.modelstore.catalogue import ModelKind
from laresd.errors import Permanent

GGUF_MAGIC = b"GGUF"
GGUF_VERSIONS = range(2, 4)
ONNX_VERSION_FIELD = 0x08
_PULL = "pull it again: lares models pull"


def check(kind: ModelKind, path: Path) -> int:
    """Raise Permanent when `path` cannot be a model of that kind; its size in bytes otherwise."""
    try:
        return _CHECKS[kind](path)
    except OSError as error:
        raise Permanent(
            f"cannot read the model {path}: {error.strerror}",
            remedy="check the path and that this user may read it",
        ) from error


def _check_gguf(path: Path) -> int:
    if path.is_dir():
        raise Permanent(f"{path} is a folder, not a GGUF file", remedy="name the .gguf file in it")
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or head[:4] != GGUF_MAGIC:
        raise Permanent(f"{path} is no GGUF file: it begins with {head[:4]!r}", remedy=_PULL)
    version, tensors, _ = struct.unpack("<IQQ", head[4:])
    if version not in GGUF_VERSIONS or tensors == 0:
        raise Permanent(
            f"{path} is GGUF of version {version} with {tensors} tensors, which cannot be loaded",
            remedy=_PULL,
        )
    return path.stat().st_size


def _check_whisper(path: Path) -> int:
    if not path.is_dir():
        raise Permanent(
            f"{path} is no folder; a speech model is a CTranslate2 folder",
            remedy="name the folder with model.bin in it",
        )
    weights = path / "model.bin"
    missing = [name for name in ("model.bin", "tokenizer.json") if not (path / name).is_file()]
    if not any(path.glob("vocabulary.*")):
        missing.append("vocabulary.txt")
    if missing:
        raise Permanent(f"{path} lacks {', '.join(missing)}", remedy=_PULL)
    with weights.open("rb") as file:
        head = file.read(64)
    if b"WhisperSpec" not in head:
        raise Permanent(f"{weights} is no Whisper model of CTranslate2", remedy=_PULL)
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def _check_voice(path: Path) -> int:
    """An ONNX file begins with its version, as a protobuf field."""
    if path.is_dir():
        raise Permanent(f"{path} is a folder, not a voice", remedy="name the .onnx file in it")
    config = path.with_name(path.name + ".json")
    if not config.is_file():
        raise Permanent(f"{path} lacks {config.name} beside it", remedy=_PULL)
    with path.open("rb") as file:
        head = file.read(2)
    if len(head) < 2 or head[0] != ONNX_VERSION_FIELD or not 3 <= head[1] < 32:
        raise Permanent(f"{path} is no ONNX file: it begins with {head!r}", remedy=_PULL)
    try:
        told = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Permanent(f"{config} is damaged: it is no JSON", remedy=_PULL) from error
    if not isinstance(told, dict) or not {"audio", "phoneme_id_map"} <= set(told):
        raise Permanent(f"{config} is no configuration of a Piper voice", remedy=_PULL)
    return path.stat().st_size


_CHECKS = {
    ModelKind.LLM: _check_gguf,
    ModelKind.SPEECH_TO_TEXT: _check_whisper,
    ModelKind.TEXT_TO_SPEECH: _check_voice,
}
