"""The shape of the model that the bench makes, and the numbers in it."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from tests.bench.llm.weights import (
    BLOCK,
    BLOCK_BYTES,
    Q4,
    Q6,
    likeliness,
    more_bits,
    quantized,
    rope_factors,
    tensors,
)

LLAMA_3 = 128256  # tokens of the vocabulary
PUBLISHED_WEIGHTS = 3_212_749_824  # parameters of Llama-3.2-3B


def test_has_as_many_weights_as_llama_3_2_3b() -> None:
    weights = sum(tensor.rows * tensor.columns for tensor in tensors(LLAMA_3))
    assert weights - 64 == PUBLISHED_WEIGHTS  # the rotary factors are no weights


def test_takes_two_gigabytes_in_the_mix_of_q4_k_m() -> None:
    size = sum(
        math.prod(tensor.shape) * (4 if tensor.kind is None else 1) for tensor in tensors(LLAMA_3)
    )
    assert size == pytest.approx(2.0115e9, rel=1e-3)


def test_half_of_the_layers_have_six_bits_where_it_matters() -> None:
    better = [layer for layer in range(28) if more_bits(layer)]
    assert better == [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]
    kinds = Counter(tensor.kind for tensor in tensors(LLAMA_3))
    assert kinds[Q6] == 1 + 2 * len(better)  # the embedding, attn_v and ffn_down


def test_names_are_unique() -> None:
    names = [tensor.name for tensor in tensors(LLAMA_3)]
    assert len(names) == len(set(names)) == 255


def test_slow_turns_of_the_rotary_embedding_are_divided() -> None:
    factors = rope_factors()
    assert factors[0] == 1.0
    assert factors[-1] == 32.0
    assert np.all(np.diff(factors) >= 0)


@pytest.mark.parametrize("kind", [Q4, Q6])
def test_blocks_hold_the_weights_that_were_quantized(kind: GGMLQuantizationType) -> None:
    values = np.random.default_rng(1).normal(0.0, 0.02, (8, BLOCK)).astype(np.float32)
    blocks = quantized(kind, values)
    assert blocks.shape == (8, BLOCK_BYTES[kind])
    assert np.abs(dequantize(blocks, kind) - values).mean() < 0.003


def test_a_row_of_zero_bytes_is_zero() -> None:
    for kind, size in BLOCK_BYTES.items():
        assert not dequantize(np.zeros((1, size), np.uint8), kind).any()


def test_longer_text_is_likelier_and_blanks_are_not() -> None:
    assert likeliness("device", text=True) > likeliness("de", text=True) > 0
    assert likeliness('"', text=True) > likeliness('Ġ"', text=True)
    assert likeliness("ĠĠĠĠĠĠ", text=True) == likeliness("<|eot_id|>", text=False) == 0
