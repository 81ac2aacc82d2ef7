"""A GGUF file of Llama-3.2-3B's exact shape, with random weights and Llama 3's vocabulary.

What a computation costs depends on shapes and types, not on what the weights say. Types are those
that llama.cpp's quantizer chooses for Q4_K_M (`llama_tensor_get_type_impl`). Blocks of normal
weights are quantized by llama.cpp's own function, and tensors drawn from them.

Such a model would write a constrained answer in tokens of one letter. So its logits grow with a
token's length, as if it had learned to write text in the usual tokens: the first number of the
residual stream is left alone by the layers, and grows with length in the embedding, which is the
output matrix, too.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import llama_cpp
import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from numpy.typing import NDArray

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD, INNER = 28, 3072, 24, 8, 128, 8192
CONTEXT = 131072
BLOCK = 256  # weights of a K-quant block
POOL = 8192  # blocks of each type that tensors are drawn from
SPREAD = 0.02  # standard deviation of the weights, as Llama is initialised
END_OF_TURN = "<|eot_id|>"
LONGEST = 12.0  # letters after which a longer token is not likelier
SHORTEST_AT, PER_LETTER = 0.04, 0.005  # the embedding's first number
LENGTH_WEIGHT = 15000.0  # what the last norm multiplies that with: about one logit a letter

Q4, Q6 = GGMLQuantizationType.Q4_K, GGMLQuantizationType.Q6_K
BLOCK_BYTES = {Q4: 144, Q6: 210}
VOCABULARY = Path("models/ggml-vocab-llama-bpe.gguf")
TEMPLATE = Path("models/templates/meta-llama-Llama-3.2-3B-Instruct.jinja")

Blocks = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tensor:
    """`kind` None: float32, one dimension."""

    name: str
    rows: int
    columns: int
    kind: GGMLQuantizationType | None
    feeds_residual: bool = False  # its output is added to the residual stream

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored: bytes in the last dimension of a quantized tensor."""
        if self.kind is None:
            return (self.columns,)
        return (self.rows, self.columns // BLOCK * BLOCK_BYTES[self.kind])


def more_bits(layer: int, layers: int = LAYERS) -> bool:
    """Whether Q4_K_M gives this layer's attn_v and ffn_down 6 bits (llama.cpp, use_more_bits)."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def tensors(vocabulary: int) -> Iterator[Tensor]:
    """Those of the file, in its order."""
    yield Tensor("token_embd.weight", vocabulary, WIDTH, Q6)
    yield Tensor("rope_freqs.weight", 1, HEAD // 2, None)
    for layer in range(LAYERS):
        best = Q6 if more_bits(layer) else Q4
        name = f"blk.{layer}"
        yield Tensor(f"{name}.attn_norm.weight", 1, WIDTH, None)
        yield Tensor(f"{name}.attn_q.weight", HEADS * HEAD, WIDTH, Q4)
        yield Tensor(f"{name}.attn_k.weight", KV_HEADS * HEAD, WIDTH, Q4)
        yield Tensor(f"{name}.attn_v.weight", KV_HEADS * HEAD, WIDTH, best)
        yield Tensor(f"{name}.attn_output.weight", WIDTH, HEADS * HEAD, Q4, feeds_residual=True)
        yield Tensor(f"{name}.ffn_norm.weight", 1, WIDTH, None)
        yield Tensor(f"{name}.ffn_gate.weight", INNER, WIDTH, Q4)
        yield Tensor(f"{name}.ffn_up.weight", INNER, WIDTH, Q4)
        yield Tensor(f"{name}.ffn_down.weight", WIDTH, INNER, best, feeds_residual=True)
    yield Tensor("output_norm.weight", 1, WIDTH, None)


def rope_factors() -> Floats:
    """What Llama 3.2 divides its rotary frequencies by (factor 32, trained on 8192 tokens)."""
    factor, low, high, trained = 32.0, 1.0, 4.0, 8192
    found: list[float] = []
    for pair in range(0, HEAD, 2):
        turns = trained / (2 * math.pi * 500000.0 ** (pair / HEAD))  # in the trained context
        if turns > high:
            found.append(1.0)
        elif turns < low:
            found.append(factor)
        else:
            smooth = (turns - low) / (high - low)
            found.append(1 / ((1 - smooth) / factor + smooth))
    return np.asarray(found, np.float32)


def likeliness(token: str, *, text: bool) -> float:
    """How much a token is preferred, in letters; it is written in GPT-2's byte alphabet."""
    if not text:
        return 0.0
    blank = sum(letter in "ĠĊĉč" for letter in token)
    return min(LONGEST, max(0.0, len(token) - 1.5 * blank))


def make(source: Path, path: Path) -> None:
    """Write the model to `path`, from the files in llama.cpp's `source`; shows progress."""
    vocabulary = GGUFReader(source / VOCABULARY)
    words: list[str] = vocabulary.fields["tokenizer.ggml.tokens"].contents()
    kinds: list[int] = vocabulary.fields["tokenizer.ggml.token_type"].contents()
    likely = [likeliness(word, text=kind == 1) for word, kind in zip(words, kinds, strict=True)]
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(part, "llama")
    _describe(writer, vocabulary, words, (source / TEMPLATE).read_text(encoding="utf-8"))
    every = list(tensors(len(words)))
    for tensor in every:
        _declare(writer, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    dice = np.random.default_rng(2026)
    pools = {kind: quantized(kind, _normal(dice, POOL)) for kind in BLOCK_BYTES}
    for number, tensor in enumerate(every):
        writer.write_tensor_data(_content(tensor, pools, likely, dice))
        if number % 50 == 49:
            print(f"bench: {path.name}: {number + 1} of {len(every)} tensors", flush=True)
    writer.close()
    part.replace(path)


def quantized(kind: GGMLQuantizationType, values: Floats) -> Blocks:
    """[n, bytes of a block] of [n, 256] weights, by llama.cpp's quantizer."""
    library = ctypes.CDLL(str(Path(llama_cpp.__file__).parent / "lib" / "libggml-base.so"))
    quantize = library.ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3]
    quantize.argtypes += [ctypes.c_void_p]
    values = np.ascontiguousarray(values, np.float32)
    blocks = np.zeros((len(values), BLOCK_BYTES[kind]), np.uint8)
    size = quantize(kind.value, values.ctypes.data, blocks.ctypes.data, 0, len(values), BLOCK, None)
    assert size == blocks.nbytes, "a block is not of the size that is expected here"
    return blocks


def _normal(dice: np.random.Generator, count: int) -> Floats:
    return dice.normal(0.0, SPREAD, (count, BLOCK)).astype(np.float32)


def _content(
    tensor: Tensor,
    pools: Mapping[GGMLQuantizationType, Blocks],
    likely: Sequence[float],
    dice: np.random.Generator,
) -> NDArray[np.uint8] | Floats:
    if tensor.kind is None:
        return _vector(tensor)
    per_row = tensor.columns // BLOCK
    drawn = pools[tensor.kind][dice.integers(0, POOL, tensor.rows * per_row)]
    if tensor.name == "token_embd.weight":
        drawn[::per_row] = _first_blocks(likely, dice)
    content: Blocks = drawn.reshape(tensor.shape)
    if tensor.feeds_residual:
        content[0] = 0  # nothing is added to the stream's first number
    return content


def _vector(tensor: Tensor) -> Floats:
    if tensor.name == "rope_freqs.weight":
        return rope_factors()
    ones = np.ones(tensor.columns, np.float32)
    if tensor.name == "output_norm.weight":
        ones[0] = LENGTH_WEIGHT
    return ones


def _first_blocks(likely: Sequence[float], dice: np.random.Generator) -> Blocks:
    """The first block of each token's embedding: its first number says how likely the token is."""
    levels, level_of = np.unique(np.asarray(likely, np.float32), return_inverse=True)
    variants = 64
    values = _normal(dice, len(levels) * variants)
    values[:, 0] = np.repeat(SHORTEST_AT + PER_LETTER * levels, variants)
    blocks = quantized(Q6, values)
    chosen: Blocks = blocks[level_of * variants + dice.integers(0, variants, len(likely))]
    return chosen


def _declare(writer: GGUFWriter, tensor: Tensor) -> None:
    size = math.prod(tensor.shape)
    if tensor.kind is None:
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), 4 * size)
    else:
        kind = np.dtype(np.uint8)
        writer.add_tensor_info(tensor.name, tensor.shape, kind, size, raw_dtype=tensor.kind)


def _describe(
    writer: GGUFWriter, vocabulary: GGUFReader, words: Sequence[str], template: str
) -> None:
    """The metadata of Llama-3.2-3B-Instruct."""
    writer.add_name("Llama 3.2 3B's shape, random weights")
    writer.add_file_type(15)  # mostly Q4_K, medium
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_rope_dimension_count(HEAD)
    writer.add_vocab_size(len(words))
    for key, field in vocabulary.fields.items():
        if key.startswith("tokenizer.ggml.") and not key.endswith("eos_token_id"):
            kind = field.types[0]
            inner = field.types[-1] if kind is GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), kind, sub_type=inner)
    writer.add_eos_token_id(list(words).index(END_OF_TURN))
    writer.add_chat_template(template)
