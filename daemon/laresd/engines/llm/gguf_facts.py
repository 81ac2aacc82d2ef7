"""What a GGUF file's header says of the memory that the model takes: tensors, layers, vocabulary.

Read by ourselves and before llama.cpp sees the file, since its loader has taken the memory by the
time it knows. The layout is that of the GGUF specification, versions 2 and 3
(github.com/ggml-org/ggml, docs/gguf.md). Nothing is kept of the file but numbers and short names,
and every count is held against the file's size, so that a hostile header costs no memory.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from laresd.engines.llm.gguf_header import Header, Value, read_header
from laresd.errors import Permanent

# The architectures that llama.cpp gives no KV cache: they read a whole text at once.
_WITHOUT_CACHE = frozenset(
    [
        "bert",
        "nomic-bert",
        "nomic-bert-moe",
        "jina-bert-v2",
        "jina-bert-v3",
        "neo-bert",
        "eurobert",
        "modern-bert",
        "gemma-embedding",
        "dream",
        "llada",
        "llada-moe",
        "rnd1",
    ]
)
_RECURRENT = ("ssm_", "time_mix_", "shortconv")  # how the tensors of recurrent layers are called
_DEFAULT_ALIGNMENT = 32
_MOST_LAYERS = 1024


@dataclass(frozen=True, slots=True)
class Tensor:
    """`kind`: GGML's name of the type, e.g. Q4_K. `shape`: as in the file, a row's length first."""

    name: str
    kind: str
    shape: tuple[int, ...]
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer keeps: numbers of `key` and `value` for a token, of `state` for a sequence."""

    key: int
    value: int
    state: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`tensors`: those that are loaded. `blocks`: the greatest number that the lengths of keys and
    values of one head are multiples of: a quantised KV cache needs its own block size in it.
    """

    architecture: str
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    embedding: int  # width of a token between layers
    feed_forward: int  # width inside a layer, the widest one
    attention: int  # width of all query heads together
    query_heads: int  # in a layer, the most
    blocks: int
    vocabulary: int  # tokens that the output layer knows
    tokens: int  # that the tokenizer knows
    merges: int  # of the tokenizer, too
    trained_context: int  # tokens; 0: not said

    @property
    def tied(self) -> bool:
        """Whether the output layer is the table of embeddings, which then serves twice."""
        own = any(tensor.name == "output.weight" for tensor in self.tensors)
        return not own and self.architecture not in _WITHOUT_CACHE


def read_facts(path: Path) -> ModelFacts:
    """Raises Permanent for what cannot be read, is no GGUF file, or is not whole."""
    try:
        facts = _read(path)
    except (OSError, ValueError, struct.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Permanent(
            f"{path.name} is no language model that can be used: {why}",
            remedy="pull the model again (lares models pull), or name a whole GGUF file",
        ) from error
    return facts


def _read(path: Path) -> ModelFacts:
    with path.open("rb") as file:
        size = path.stat().st_size
        if not size:
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _facts(read_header(data), size)


def _facts(header: Header, size: int) -> ModelFacts:
    """Raises ValueError for a header that cannot be, or a file that does not hold what it says."""
    meta = _Metadata(header.values)
    if meta.number("split.count", 0) > 1:
        raise ValueError("it is one part of several; join them with llama-gguf-split --merge")
    if not header.tensors:
        raise ValueError("it holds no weights")
    every = tuple(Tensor(info.name, info.kind, info.shape, info.size) for info in header.tensors)
    _check_whole(header, size, meta.number("general.alignment", _DEFAULT_ALIGNMENT))
    layers = meta.own("block_count", 0) - meta.own("nextn_predict_layers", 0)
    if not 0 < layers <= _MOST_LAYERS:
        raise ValueError(f"its header speaks of {layers} layers")
    blocks = _by_layer(every)
    tensors = tuple(t for t in every if (_layer(t.name) or 0) < layers)
    heads = _Heads(meta, layers)
    return ModelFacts(
        architecture=meta.architecture,
        tensors=tensors,
        layers=_layers(meta, heads, [blocks.get(n, {}) for n in range(layers)]),
        embedding=meta.own("embedding_length", 0),
        feed_forward=max(
            *meta.each("feed_forward_length", layers),
            meta.own("expert_feed_forward_length", 0) * meta.own("expert_used_count", 0),
        ),
        attention=max(heads.queries) * heads.key,
        query_heads=max(heads.queries),
        blocks=math.gcd(heads.key, heads.value),
        vocabulary=max((_rows(t) for t in every if t.name == "token_embd.weight"), default=0),
        tokens=header.lengths.get("tokenizer.ggml.tokens", 0),
        merges=header.lengths.get("tokenizer.ggml.merges", 0),
        trained_context=meta.own("context_length", 0),
    )


class _Metadata:
    """The header's values by key; `own`: those of the model's architecture."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        architecture = values.get("general.architecture")
        if not isinstance(architecture, str) or not architecture:
            raise ValueError("its header names no architecture")
        self.architecture = architecture

    def number(self, key: str, default: int) -> int:
        value = self._values.get(key, default)
        return value if isinstance(value, int) and 0 <= value < 1 << 40 else default

    def own(self, key: str, default: int) -> int:
        return self.number(f"{self.architecture}.{key}", default)

    def each(self, key: str, layers: int, default: int = 0) -> list[int]:
        """A value for each layer, where the file may have one for all or a list."""
        value = self._values.get(f"{self.architecture}.{key}")
        if isinstance(value, tuple):
            listed = [int(item) for item in value[:layers] if 0 <= item < 1 << 40]
            return listed + [default] * (layers - len(listed))
        return [self.own(key, default)] * layers


class _Heads:
    """How many heads of queries and of keys each layer has, and how wide one is."""

    def __init__(self, meta: _Metadata, layers: int) -> None:
        self.queries = meta.each("attention.head_count", layers)
        most = max(self.queries)
        self.keys = [
            count if count >= 0 else queries
            for count, queries in zip(
                meta.each("attention.head_count_kv", layers, -1), self.queries, strict=True
            )
        ]
        width = meta.own("embedding_length", 0) // most if most else 0
        self.key = meta.own("attention.key_length", width)
        self.value = meta.own("attention.value_length", width)


_Blocks = Mapping[str, Tensor]  # a layer's tensors by what follows "blk.N."


def _layers(meta: _Metadata, heads: _Heads, blocks: Sequence[_Blocks]) -> tuple[Layer, ...]:
    without = len(blocks) if meta.architecture in _WITHOUT_CACHE else 0
    kept = len(blocks) - max(without, meta.own("attention.shared_kv_layers", 0))
    state = _state(meta)
    found = []
    for number, block in enumerate(blocks):
        recurrent = any(name.startswith(_RECURRENT) for name in block)
        key, value = _widths(heads, number, block, recurrent=recurrent)
        found.append(
            Layer(
                key if number < kept else 0,
                value if number < kept else 0,
                state if recurrent else 0,
            )
        )
    return tuple(found)


def _widths(heads: _Heads, number: int, block: _Blocks, *, recurrent: bool) -> tuple[int, int]:
    """Of a layer's key and value, for one token. The tensors say it best: they are what computes
    them, and a recurrent layer of a hybrid model has none of them.
    """
    key, value = block.get("attn_k.weight"), block.get("attn_v.weight")
    if key is not None:
        return _rows(key), _rows(value or key)  # one tensor may serve as both
    latent = block.get("attn_kv_a_mqa.weight")
    if latent is not None:
        return _rows(latent), 0  # multi-head latent attention: the values are in the keys
    if recurrent:
        return 0, 0
    count = heads.keys[number]
    return count * heads.key, count * heads.value


def _rows(matrix: Tensor) -> int:
    return matrix.shape[1] if len(matrix.shape) > 1 else 0


def _state(meta: _Metadata) -> int:
    """Numbers that a recurrent layer keeps for a sequence; llama.cpp's n_embd_r and n_embd_s."""
    width = meta.own("embedding_length", 0)
    head = meta.own("wkv.head_size", 0)
    if head:
        return meta.own("token_shift_count", 2) * width + width * head
    cached = meta.own("shortconv.l_cache", 0)
    if cached:
        return width * (cached - 1)
    inner, size = meta.own("ssm.inner_size", 0), meta.own("ssm.state_size", 0)
    kernel = meta.own("ssm.conv_kernel", 0)
    return max(0, kernel - 1) * (inner + 2 * meta.own("ssm.group_count", 0) * size) + inner * size


def _by_layer(tensors: Sequence[Tensor]) -> dict[int, dict[str, Tensor]]:
    found: dict[int, dict[str, Tensor]] = {}
    for tensor in tensors:
        number = _layer(tensor.name)
        if number is not None:
            found.setdefault(number, {})[tensor.name.split(".", 2)[2]] = tensor
    return found


def _layer(name: str) -> int | None:
    """Which layer a tensor is of; None: of none."""
    parts = name.split(".", 2)
    if len(parts) == 3 and parts[0] == "blk" and parts[1].isdecimal():
        return int(parts[1])
    return None


def _check_whole(header: Header, size: int, alignment: int) -> None:
    if not 0 < alignment <= 1 << 20:
        raise ValueError(f"its header wants an alignment of {alignment}")
    start = -(-header.end // alignment) * alignment
    needed = start + max((info.offset + info.size for info in header.tensors), default=0)
    if needed > size:
        raise ValueError(f"it has {size} bytes of {needed}: its download did not finish")
