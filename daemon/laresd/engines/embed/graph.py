"""The graph of a BERT encoder as an ONNX model in int8, made from its weights alone.

Devlin et al., 2019; the names of the weights are those of transformers' BertModel and
XLMRobertaModel. One text at a time: activations are quantised by the largest of a whole tensor
(ONNX DynamicQuantizeLinear), so that texts beside it would change a text's vector. Weights are
symmetric int8 with a scale for each output channel, rows of the vocabulary with one for each token;
norms, softmax and biases stay float32.

Input `ids`: int64 [tokens]. Output `vector`: float32 [width], of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from laresd.engines.embed.shape import Pooling, Shape

OPSET = 17
FUSED = "com.microsoft"  # onnxruntime's own operators: its Gelu is the exact one, in one pass
LARGEST = 127  # of an int8 weight: symmetric

Attribute = int | float | Sequence[int]

Weights = Callable[[str], NDArray[np.float32]]
"""A weight by its name, without the model's own prefix."""


def build(shape: Shape, weights: Weights) -> ModelProto:
    """The model; of about a quarter of the weights' size."""
    graph = _Graph(weights)
    x = _embedded(graph, shape)
    for number in range(shape.layers):
        x = _layer(graph, shape, f"encoder.layer.{number}", x)
    _pooled(graph, shape, x)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [shape.width])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=9,
    )


class _Graph:
    """Nodes and constants as they are added; names are numbered."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._count = 0

    def op(
        self,
        kind: str,
        *inputs: str,
        outputs: Sequence[str] = (),
        domain: str = "",
        **attributes: Attribute,
    ) -> str:
        """One more node; the name of its first output."""
        names = list(outputs) or [self._named(kind)]
        self._add(kind, inputs, names, domain, attributes)
        return names[0]

    def ops(self, kind: str, *inputs: str, count: int, axis: int | None = None) -> list[str]:
        """One more node with several outputs."""
        names = [self._named(kind) for _ in range(count)]
        self._add(kind, inputs, names, "", {} if axis is None else {"axis": axis})
        return names

    def constant(self, value: NDArray[np.generic]) -> str:
        name = self._named("constant")
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def _add(
        self,
        kind: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str,
        attributes: Mapping[str, Attribute],
    ) -> None:
        node = helper.make_node(kind, list(inputs), list(outputs), domain=domain)
        node.attribute.extend(helper.make_attribute(*each) for each in attributes.items())
        self.nodes.append(node)

    def _named(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}_{self._count}"


def _embedded(graph: _Graph, shape: Shape) -> str:
    """Token, position and kind of text (always the first one), normed."""
    codes, scales = _by_row(graph.weights("embeddings.word_embeddings.weight"))
    picked = graph.op("Gather", graph.constant(codes), "ids")
    scale = graph.op("Gather", graph.constant(scales), "ids")
    tokens = graph.op("Mul", graph.op("Cast", picked, to=TensorProto.FLOAT), scale)
    places = graph.weights("embeddings.position_embeddings.weight")[shape.position :]
    kind = graph.weights("embeddings.token_type_embeddings.weight")[0]
    count = graph.op("Shape", "ids")
    there = graph.op("Slice", graph.constant(places + kind), graph.numbers(0), count)
    return _normed(graph, shape, "embeddings.LayerNorm", graph.op("Add", tokens, there))


def _layer(graph: _Graph, shape: Shape, name: str, x: str) -> str:
    attended = _linear(
        graph,
        _attention(graph, shape, f"{name}.attention.self", x),
        *_dense(graph, f"{name}.attention.output.dense"),
    )
    x = _normed(graph, shape, f"{name}.attention.output.LayerNorm", graph.op("Add", attended, x))
    wide = _linear(graph, x, *_dense(graph, f"{name}.intermediate.dense"))
    wide = graph.op("Gelu", wide, domain=FUSED)
    narrow = _linear(graph, wide, *_dense(graph, f"{name}.output.dense"))
    return _normed(graph, shape, f"{name}.output.LayerNorm", graph.op("Add", narrow, x))


def _attention(graph: _Graph, shape: Shape, name: str, x: str) -> str:
    """Query, key and value in one product, since all three quantise the same input."""
    parts = [_dense(graph, f"{name}.{part}") for part in ("query", "key", "value")]
    each = shape.width // shape.heads
    scale = np.float32(each**-0.5)
    weight = np.concatenate([parts[0][0] * scale, parts[1][0], parts[2][0]])
    bias = np.concatenate([parts[0][1] * scale, parts[1][1], parts[2][1]])
    query, key, value = graph.ops("Split", _linear(graph, x, weight, bias), count=3, axis=1)
    split = graph.numbers(-1, shape.heads, each)

    def by_head(part: str, *order: int) -> str:
        return graph.op("Transpose", graph.op("Reshape", part, split), perm=order)

    scores = graph.op("MatMul", by_head(query, 1, 0, 2), by_head(key, 1, 2, 0))
    mixed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), by_head(value, 1, 0, 2))
    together = graph.op("Transpose", mixed, perm=(1, 0, 2))
    return graph.op("Reshape", together, graph.numbers(-1, shape.width))


def _dense(graph: _Graph, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return graph.weights(f"{name}.weight"), graph.weights(f"{name}.bias")


def _linear(graph: _Graph, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
    """x times the weight ([out, in]) in int8, plus the bias."""
    codes, scales = _by_row(weight)
    values, scale, zero = graph.ops("DynamicQuantizeLinear", x, count=3)
    none = graph.constant(np.zeros((), np.int8))
    whole = graph.op(
        "MatMulInteger", values, graph.constant(np.ascontiguousarray(codes.T)), zero, none
    )
    real = graph.op("Cast", whole, to=TensorProto.FLOAT)
    both = graph.op("Mul", scale, graph.constant(scales[:, 0]))
    return graph.op("Add", graph.op("Mul", real, both), graph.constant(bias))


def _by_row(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 codes [rows, columns] and the scale of each row [rows, 1]."""
    scales = np.abs(weight).max(axis=1, keepdims=True).astype(np.float32) / LARGEST
    scales[scales == 0.0] = 1.0
    return np.rint(weight / scales).astype(np.int8), scales


def _normed(graph: _Graph, shape: Shape, name: str, x: str) -> str:
    scale = graph.constant(graph.weights(f"{name}.weight"))
    bias = graph.constant(graph.weights(f"{name}.bias"))
    return graph.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=shape.epsilon)


def _pooled(graph: _Graph, shape: Shape, x: str) -> None:
    if shape.pooling is Pooling.MEAN:
        pooled = graph.op("ReduceMean", x, axes=(0,), keepdims=0)
    else:
        pooled = graph.op("Gather", x, graph.constant(np.array(0, np.int64)), axis=0)
    graph.op("LpNormalization", pooled, outputs=["vector"], axis=-1, p=2)
