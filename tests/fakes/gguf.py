"""Small or hollow GGUF files: a real header, and zeros (a hole in the file) for weights."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ALIGNMENT = 32

# By name: ggml_type, how many numbers are in a block, how many bytes a block takes.
KINDS = {
    "F32": (0, 1, 4),
    "F16": (1, 1, 2),
    "Q4_0": (2, 32, 18),
    "Q4_1": (3, 32, 20),
    "Q8_0": (8, 32, 34),
    "Q2_K": (10, 256, 84),
    "Q4_K": (12, 256, 144),
    "Q5_K": (13, 256, 176),
    "Q6_K": (14, 256, 210),
    "IQ4_NL": (20, 32, 18),
}
Value = int | float | str | bool | Sequence[int] | Sequence[str]
Tensor = tuple[str, tuple[int, ...]]  # kind and shape
Tensors = Mapping[str, Tensor]  # by name


def header(values: Mapping[str, Value], tensors: Tensors) -> bytes:
    """Up to where the tensors begin, aligned."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(values))]
    for key, value in values.items():
        parts += [_text(key), _typed(value)]
    offset = 0
    for name, (kind, shape) in tensors.items():
        parts += [_text(name), struct.pack(f"<I{len(shape)}Q", len(shape), *shape)]
        parts += [struct.pack("<IQ", KINDS[kind][0], offset)]
        offset += _aligned(size(kind, shape))
    whole = b"".join(parts)
    return whole.ljust(_aligned(len(whole)), b"\0")


def write(path: Path, values: Mapping[str, Value], tensors: Tensors) -> Path:
    """A file of its true size that takes nearly no room on the disk."""
    begin = header(values, tensors)
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(len(begin) + sum(_aligned(size(*tensor)) for tensor in tensors.values()))
    return path


def size(kind: str, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor."""
    _, block, taken = KINDS[kind]
    elements = 1
    for length in shape:
        elements *= length
    return elements // block * taken


def llama(
    *,
    layers: int = 2,
    embedding: int = 256,
    feed_forward: int = 512,
    heads: int = 4,
    heads_kv: int = 2,
    head: int = 64,
    vocabulary: int = 1000,
    kind: str = "Q4_0",
    table: str = "F16",
    tied: bool = True,
) -> tuple[dict[str, Value], Tensors]:
    """A llama without a tokenizer. `kind`: of the matrices; `table`: of the embeddings."""
    values: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.block_count": layers,
        "llama.context_length": 8192,
        "llama.embedding_length": embedding,
        "llama.feed_forward_length": feed_forward,
        "llama.attention.head_count": heads,
        "llama.attention.head_count_kv": heads_kv,
        "llama.attention.key_length": head,
        "llama.attention.value_length": head,
        "llama.rope.dimension_count": head,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": vocabulary,
        "tokenizer.ggml.model": "none",
    }
    tensors: dict[str, Tensor] = {"token_embd.weight": (table, (embedding, vocabulary))}
    tensors["output_norm.weight"] = ("F32", (embedding,))
    if not tied:
        tensors["output.weight"] = (kind, (embedding, vocabulary))
    for number in range(layers):
        for name, shape in _block(embedding, feed_forward, heads * head, heads_kv * head):
            tensors[f"blk.{number}.{name}.weight"] = (kind if len(shape) > 1 else "F32", shape)
    return values, tensors


def _block(
    embedding: int, feed_forward: int, queries: int, keys: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "attn_norm", (embedding,)
    yield "attn_q", (embedding, queries)
    yield "attn_k", (embedding, keys)
    yield "attn_v", (embedding, keys)
    yield "attn_output", (queries, embedding)
    yield "ffn_norm", (embedding,)
    yield "ffn_gate", (embedding, feed_forward)
    yield "ffn_up", (embedding, feed_forward)
    yield "ffn_down", (feed_forward, embedding)


def _aligned(length: int) -> int:
    return -(-length // ALIGNMENT) * ALIGNMENT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _typed(value: Value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    texts = [item for item in value if isinstance(item, str)]
    if texts:
        return struct.pack("<IIQ", 9, 8, len(texts)) + b"".join(map(_text, texts))
    return struct.pack(f"<IIQ{len(value)}I", 9, 4, len(value), *value)
