"""Read a shipped model folder back into PyTorch: training goes on from it where no checkpoint is
left.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.model import Shape, SpeechModel

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)  # CTranslate2's DataType
_BINARY_VERSION = 6


@dataclass(frozen=True)
class Shipped:
    """The weights, and how long the training that made them was."""

    model: SpeechModel
    seconds: float
    utterances: int


class _Reader:
    """CTranslate2's binary format, as its model_spec.py writes it."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += struct.calcsize(kind)
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        self._at += length
        return self._data[self._at - length : self._at - 1].decode()

    def array(self) -> NDArray[np.generic]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = _TYPES[self.number("B")]
        size = self.number("I")
        self._at += size
        return np.frombuffer(self._data[self._at - size : self._at], kind).reshape(shape)


def _variables(path: Path) -> dict[str, Tensor]:
    """Every variable in 32-bit floats; int8 weights have one scale per row."""
    reader = _Reader(path.read_bytes())
    if reader.number("I") != _BINARY_VERSION:
        raise ValueError(f"{path} is not of CTranslate2's binary version {_BINARY_VERSION}")
    reader.text(), reader.number("I")  # the kind of model, and its revision
    arrays = {reader.text(): reader.array() for _ in range(reader.number("I"))}
    found = {}
    for name, array in arrays.items():
        scale = arrays.get(f"{name}_scale")
        values = torch.from_numpy(array.astype(np.float32))
        if scale is not None:
            rows = torch.from_numpy(scale.astype(np.float32))
            values = values / rows.view(-1, *[1] * (values.ndim - 1))
        found[name] = values
    return found


def _attention(variables: dict[str, Tensor], source: str, *, itself: bool) -> dict[str, Tensor]:
    """Query, key, value and out of one attention layer, which CTranslate2 holds fused."""
    parts = ("weight", "bias")
    last = 1 if itself else 2
    names = [f"{source}/linear_{number}" for number in range(last + 1)]
    fused = {part: torch.cat([variables[f"{n}/{part}"] for n in names[:-1]]) for part in parts}
    query, key, value = fused["weight"].chunk(3)
    query_bias, _, value_bias = fused["bias"].chunk(3)
    return {
        "query.weight": query,
        "query.bias": query_bias,
        "key.weight": key,
        "value.weight": value,
        "value.bias": value_bias,
        "out.weight": variables[f"{names[-1]}/weight"],
        "out.bias": variables[f"{names[-1]}/bias"],
    }


def _norm(variables: dict[str, Tensor], source: str, name: str) -> dict[str, Tensor]:
    return {
        f"{name}.weight": variables[f"{source}/gamma"],
        f"{name}.bias": variables[f"{source}/beta"],
    }


def _block(variables: dict[str, Tensor], source: str, *, decoder: bool) -> dict[str, Tensor]:
    state = _norm(variables, f"{source}/self_attention/layer_norm", "attention_norm")
    state |= _norm(variables, f"{source}/ffn/layer_norm", "norm")
    layers = {"attention": ("self_attention", True)} | (
        {"cross": ("attention", False)} if decoder else {}
    )
    for name, (theirs, itself) in layers.items():
        found = _attention(variables, f"{source}/{theirs}", itself=itself)
        state |= {f"{name}.{part}": value for part, value in found.items()}
    if decoder:
        state |= _norm(variables, f"{source}/attention/layer_norm", "cross_norm")
    for name, number in (("up", 0), ("down", 1)):
        for part in ("weight", "bias"):
            state[f"{name}.{part}"] = variables[f"{source}/ffn/linear_{number}/{part}"]
    return state


def read_shipped(folder: Path, tokens: int) -> Shipped:
    """The model in `folder`; its frame head, which is not shipped, is derived from the phone head.

    Raises ValueError when it is of another shape than the one that is trained here.
    """
    variables = _variables(folder / "model.bin")
    shape = Shape(tokens)
    model = SpeechModel(shape)
    state: dict[str, Tensor] = {"decoder.embedding.weight": variables["decoder/embeddings/weight"]}
    state["decoder.positions"] = variables["decoder/position_encodings/encodings"]
    for name in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            state[f"encoder.{name}.{part}"] = variables[f"encoder/{name}/{part}"]
    for side, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        state |= _norm(variables, f"{side}/layer_norm", f"{side}.norm")
        for number in range(layers):
            block = _block(variables, f"{side}/layer_{number}", decoder=side == "decoder")
            state |= {f"{side}.blocks.{number}.{name}": value for name, value in block.items()}
    with np.load(folder / "phone_head.npz") as head:
        for part in ("weight", "bias"):
            value = torch.from_numpy(head[part].astype(np.float32))
            state[f"phone_head.{part}"], state[f"frame_head.{part}"] = value, value / 0.6
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{folder} holds another model: {error}") from error
    trained = json.loads((folder / "lares.json").read_text("utf-8")).get("trained", {})
    return Shipped(model, float(trained.get("seconds", 0)), int(trained.get("utterances", 0)))
