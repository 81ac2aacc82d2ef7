"""An embedding model that is ready: its graph, built once and kept, and its tokens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions  # type: ignore[attr-defined]
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from laresd.engines.embed import card
from laresd.errors import Permanent

BUILD = 1  # of graph.py: another number builds kept graphs anew
_PREFIXES = ("", "bert.", "roberta.")  # of the weights' names in various exports

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of one text, at most as many as the model reads. `cut`: it has more."""

    ids: Sequence[int]
    cut: bool


class Model:
    """`key` tells its vectors from those of any other model or way of computing it."""

    def __init__(self, folder: Path, kept: Path, *, threads: int = 1) -> None:
        """`kept`: where built graphs are; built there if it is missing. Raises Permanent."""
        self.card = card.read(folder)
        self.key = _key(folder)
        self._tokenizer = _tokenizer(folder)
        self._session = _session(self._built(folder, kept), threads)

    @property
    def width(self) -> int:
        return self.card.shape.width

    def tokens(self, text: str) -> Tokens:
        """With the marks that the model wants around a text."""
        ids = self._tokenizer.encode(text).ids
        most = self.card.max_tokens
        return Tokens(ids if len(ids) <= most else [*ids[: most - 1], ids[-1]], len(ids) > most)

    def vector(self, tokens: Tokens) -> Vector:
        """float32 [width], of length 1."""
        ids = np.array(tokens.ids, np.int64)
        (found,) = cast(list[Vector], self._session.run(["vector"], {"ids": ids}))
        return found

    def _built(self, folder: Path, kept: Path) -> Path:
        path = kept / f"{self.key}.onnx"
        if path.is_file():
            return path
        from laresd.engines.embed import graph  # noqa: PLC0415  # onnx is large, and needed once

        try:
            kept.mkdir(parents=True, exist_ok=True)
            with safe_open(folder / "model.safetensors", "numpy") as weights:
                made = graph.build(self.card.shape, _Weights(weights, folder))
            part = path.with_suffix(f".part-{os.getpid()}")
            part.write_bytes(made.SerializeToString())
            part.replace(path)
        except (OSError, SafetensorError) as error:
            raise card.unusable(folder, f"its graph cannot be built: {error}") from error
        return path


class _Weights:
    """graph.Weights of a safetensors file."""

    def __init__(self, file: safe_open, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._names: frozenset[str] = frozenset(file.keys())  # type: ignore[no-untyped-call]

    def __call__(self, name: str) -> Vector:
        for prefix in _PREFIXES:
            if prefix + name in self._names:
                found: Vector = self._file.get_tensor(prefix + name)  # type: ignore[no-untyped-call]
                return found.astype(np.float32)
        raise card.unusable(self._folder, f"it has no weight {name}")


def _key(folder: Path) -> str:
    digest = hashlib.sha256()
    try:
        with (folder / "model.safetensors").open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        digest.update((folder / "tokenizer.json").read_bytes())
    except OSError as error:
        raise card.unusable(folder, f"{error.filename}: {error.strerror}") from error
    return f"{digest.hexdigest()[:24]}-int8-{BUILD}"


def _tokenizer(folder: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # it raises nothing more particular
        raise card.unusable(folder, f"tokenizer.json: {error}") from error
    tokenizer.no_padding()  # MiniLM's own file pads each text to 128 tokens
    tokenizer.no_truncation()
    return tokenizer


def _session(path: Path, threads: int) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        path.unlink(missing_ok=True)
        raise Permanent(
            f"the kept graph {path} was damaged and is removed: {error}",
            remedy="it is built again at the next start",
        ) from error
