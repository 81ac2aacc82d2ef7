"""The next token: the best one, or one by chance that a seed repeats; never one that is masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from laresd.engines.llm.sampling import LEAST_SHARE, Sampler
from laresd.errors import Permanent

N_VOCAB = 12


def some(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


logits = st.lists(st.floats(-1000, 1000, width=32), min_size=N_VOCAB, max_size=N_VOCAB).map(
    lambda values: some(*values)
)
masks = st.lists(st.booleans(), min_size=N_VOCAB, max_size=N_VOCAB).filter(any).map(np.array)
temperatures = st.sampled_from([0.0, 1e-9, 0.1, 1.0, 3.0])


@given(logits=logits, mask=masks, temperature=temperatures, seed=st.integers(0, 99))
def test_only_allowed_tokens_are_picked(
    logits: NDArray[np.float32], mask: NDArray[np.bool_], temperature: float, seed: int
) -> None:
    token = Sampler(temperature, seed).pick(logits, mask)
    assert mask[token]
    if temperature < 1e-3:
        assert logits[token] == logits[mask].max()


@given(logits=logits, seed=st.integers(0, 99))
def test_unlikely_tokens_are_not_picked(logits: NDArray[np.float32], seed: int) -> None:
    token = Sampler(0.7, seed).pick(logits, None)
    share = np.exp((float(logits[token]) - float(logits.max())) / 0.7)
    assert share >= LEAST_SHARE


def test_the_logits_stay_as_they_are() -> None:
    given_ = some(1, 2, 3)
    Sampler(0.5).pick(given_, np.array([True, False, False]))
    assert given_.tolist() == [1, 2, 3]


def test_a_seed_repeats_what_it_picked() -> None:
    one, other = Sampler(1.0, 7), Sampler(1.0, 7)
    flat = np.zeros(N_VOCAB, np.float32)
    picked = [one.pick(flat, None) for _ in range(50)]
    assert picked == [other.pick(flat, None) for _ in range(50)]
    assert set(picked) == set(range(N_VOCAB))


def test_tokens_are_picked_as_often_as_they_are_likely() -> None:
    sampler = Sampler(1.0)
    share = np.array([0.6, 0.3, 0.1])
    picked = [sampler.pick(np.log(share).astype(np.float32), None) for _ in range(4000)]
    assert np.bincount(picked) / 4000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("bad", [some(1, np.nan, 3), some(-np.inf, -np.inf), some(np.inf, 1)])
def test_logits_that_are_no_numbers_are_an_error(
    bad: NDArray[np.float32], temperature: float
) -> None:
    with pytest.raises(Permanent, match="no numbers"):
        Sampler(temperature).pick(bad, None)


def test_a_mask_that_allows_nothing_is_an_error() -> None:
    with pytest.raises(Permanent):
        Sampler(0.0).pick(some(1, 2), np.array([False, False]))
