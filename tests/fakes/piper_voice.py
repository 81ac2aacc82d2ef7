"""Voices with the inputs and the output of Piper's, written with `onnx`.

`write` makes a small one whose sound tells what it was given: each phoneme id is a tone of its own
for SAMPLES, as often as the length scale says, and a second speaker is an octave higher. `large`
has the layers of a medium voice (VITS with HiFi-GAN at 22.05 kHz) with random weights: noise, but
as much computation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save

from laresd.types import Json

RATE = 22_050
SAMPLES = 1_024  # of each id
TONE = 100.0  # Hz of id 1; id n has n times as much
OPSET = 15
SYMBOLS = "_^$ abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔəɚɛɜɡɪɫɬɹɾʃʊʌʍʒʔˈˌːˑθχᵻβ.,;:!?'\"-0123456789̩̃"
IDS = {symbol: number for number, symbol in enumerate(SYMBOLS)}

Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]
_FLOAT, _INT = TensorProto.FLOAT, TensorProto.INT64


def config(**changes: Json) -> dict[str, Json]:
    """As Piper's export writes it; `changes` replace whole entries."""
    ids: dict[str, Json] = {symbol: [number] for symbol, number in IDS.items()}
    whole: dict[str, Json] = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "phoneme_type": "espeak",
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "num_symbols": len(IDS),
        "num_speakers": 1,
        "speaker_id_map": {},
        "phoneme_id_map": ids,
    }
    return {**whole, **changes}


def write(folder: Path, told: Mapping[str, Json] | None = None, *, speakers: int = 1) -> Path:
    """The small voice and its configuration; the path of its model."""
    at = np.arange(SAMPLES) / RATE
    tones = [np.sin(2 * np.pi * TONE * max(number, 1) * at) for number in range(len(IDS))]
    table = np.array([np.array(tones) * 1.0] * speakers, np.float32)
    if speakers > 1:
        table[1] = [np.sin(2 * np.pi * 2 * TONE * max(n, 1) * at) for n in range(len(IDS))]
    nodes = [
        helper.make_node("Gather", ["table", "sid" if speakers > 1 else "first"], ["own"]),
        helper.make_node("Squeeze", ["own", "axis0"], ["tones"]),
        helper.make_node("Gather", ["tones", "input"], ["spoken"]),
        helper.make_node("Gather", ["scales", "second"], ["scale"]),
        helper.make_node("Cast", ["scale"], ["times"], to=_INT),
        helper.make_node("Concat", ["ones", "times"], ["repeats"], axis=0),
        helper.make_node("Tile", ["spoken", "repeats"], ["longer"]),
        helper.make_node("Reshape", ["longer", "shape"], ["output"]),
    ]
    constants: dict[str, Array] = {
        "table": table,
        "first": np.array([0], np.int64),
        "axis0": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "ones": np.array([1, 1], np.int64),
        "shape": np.array([1, 1, 1, -1], np.int64),
    }
    return _save(folder, nodes, constants, told or config(num_speakers=speakers), speakers)


def large(folder: Path) -> Path:
    """The path of the large one's model; about 60 MB. The same at each call."""
    layers = _Layers()
    constants = layers.constants
    constants["embedding"] = layers.weights(len(IDS), 192)
    last = layers.node("Gather", "embedding", "input")
    last = layers.node("Transpose", last, perm=[0, 2, 1])
    for _ in range(6):  # text encoder
        inner = layers.node("Relu", layers.conv(last, 192, 768, 3))
        last = layers.node("Tanh", layers.conv(inner, 768, 192, 3))
    # Frames of each id, pads included: five words in a second and a half.
    constants["frames"] = np.array([1.0, 1.0, 2.5], np.float32)
    last = layers.node("Resize", last, "", "frames", mode="nearest")
    for _ in range(4):  # flow
        for _ in range(4):
            both = layers.conv(last, 192, 384, 5)
            left = layers.node("Slice", both, "zero", "half", "channels")
            right = layers.node("Slice", both, "half", "full", "channels")
            gated = layers.node("Mul", layers.node("Tanh", left), layers.node("Sigmoid", right))
            last = layers.node("Tanh", layers.conv(gated, 192, 192, 1))
    constants |= {
        "zero": np.array([0], np.int64),
        "half": np.array([192], np.int64),
        "full": np.array([384], np.int64),
        "channels": np.array([1], np.int64),
    }
    last, width = layers.conv(last, 192, 256, 7), 256
    for rate, kernel in ((8, 16), (8, 16), (4, 8)):  # HiFi-GAN
        last = layers.up(layers.node("LeakyRelu", last), width, kernel, rate)
        width //= 2
        for size, dilations in ((3, (1, 2)), (5, (2, 6)), (7, (3, 12))):
            for dilation in dilations:
                inner = layers.conv(layers.node("LeakyRelu", last), width, width, size, dilation)
                last = layers.node("Add", last, inner)
    constants["shape"] = np.array([1, 1, 1, -1], np.int64)
    sound = layers.node("Tanh", layers.conv(last, width, 1, 7))
    layers.nodes.append(helper.make_node("Reshape", [sound, "shape"], ["output"]))
    return _save(folder, layers.nodes, constants, config(), 1)


class _Layers:
    """Nodes one after the other; each method gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self._random = np.random.default_rng(7)

    def weights(self, *shape: int) -> npt.NDArray[np.float32]:
        size = float(np.prod(shape[1:]))
        return self._random.normal(0.0, size**-0.5, shape).astype(np.float32)

    def node(self, kind: str, *inputs: str, **attributes: str | list[int]) -> str:
        name = f"n{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [name])
        node.attribute.extend(helper.make_attribute(key, attributes[key]) for key in attributes)
        self.nodes.append(node)
        return name

    def conv(self, given: str, wide: int, out: int, size: int, dilation: int = 1) -> str:
        name = self._kept(self.weights(out, wide, size))
        pad = dilation * (size - 1) // 2
        return self.node("Conv", given, name, pads=[pad, pad], dilations=[dilation])

    def up(self, given: str, wide: int, size: int, rate: int) -> str:
        name = self._kept(self.weights(wide, wide // 2, size))
        pad = (size - rate) // 2
        return self.node("ConvTranspose", given, name, strides=[rate], pads=[pad, pad])

    def _kept(self, weights: npt.NDArray[np.float32]) -> str:
        name = f"w{len(self.constants)}"
        self.constants[name] = weights
        return name


def _save(
    folder: Path,
    nodes: list[NodeProto],
    constants: Mapping[str, Array],
    told: Mapping[str, Json],
    speakers: int,
) -> Path:
    inputs = [
        helper.make_tensor_value_info("input", _INT, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", _INT, [1]),
        helper.make_tensor_value_info("scales", _FLOAT, [3]),
    ]
    if speakers > 1:
        inputs.append(helper.make_tensor_value_info("sid", _INT, [1]))
    output = helper.make_tensor_value_info("output", _FLOAT, [1, 1, 1, "samples"])
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "voice", inputs, [output], kept)
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "voice.onnx"
    save(model, str(path))
    path.with_name("voice.onnx.json").write_text(json.dumps(told), encoding="utf-8")
    return path


def tones(samples: npt.NDArray[np.float32], rate: int, seconds: float) -> Iterator[float]:
    """The loudest frequency of each stretch of so many seconds."""
    size = int(rate * seconds)
    for start in range(0, len(samples) - size + 1, size):
        loudness = np.abs(np.fft.rfft(samples[start : start + size] * np.hanning(size)))
        yield float(np.argmax(loudness) * rate / size)
