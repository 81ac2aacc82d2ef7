"""How the bench counts: bounds, medians, ratios, and a quote that nobody is told of."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from laresd.engines.llm.sequence import Counts
from tests.bench.llm.__main__ import MEASURES, ROUNDS
from tests.bench.llm.bench import Bench
from tests.bench.llm.calls import Speed
from tests.bench.llm.lookup import Quoting
from tests.bench.llm.peer import LlamaBench, Tuning
from tests.bench.llm.speed import random_tokens
from tests.bench.measures import names_among

BENCH = Bench("tiny", LlamaBench(Path(), Path(), 2), Tuning(), 3, "make bench-llm")


def test_a_bound_is_decodes_and_prompt_tokens_each_at_its_speed() -> None:
    speed = Speed(decode=10.0, prefill=100.0)
    counts = Counts(reused=80, sampled=5, forced=12)
    # Four decodes, since the first logits come with the prompt; 12 forced and 8 own tokens.
    assert speed.bound(counts, asked=88) == pytest.approx(4 / 10 + 20 / 100)


def test_a_ratio_is_that_of_the_medians() -> None:
    row = BENCH.ratio("x", [1.0, 9.0, 2.0], [4.0, 4.0, 100.0], "<=1", unit="s", beside="peer")
    assert row.name == "llm/tiny_x"
    assert row.value == 0.5
    assert row.peer == "peer: 4 s (4 to 100)"
    assert row.note == "2 s (1 to 9 s in 3 rounds); 2 threads"


def test_a_quote_allows_one_token_at_a_time_and_forces_none() -> None:
    quote = Quoting([3, 1], vocabulary=5)
    for token in (3, 1):
        assert not quote.finished
        mask = quote.mask()
        assert mask is not None
        assert mask.nonzero()[0].tolist() == [token]
        assert quote.forced() == []
        quote.accept([token])
    assert quote.finished


def test_prompts_of_different_seeds_begin_differently() -> None:
    begins = {random_tokens(4, seed) for seed in range(200)}
    assert len(begins) == 200
    assert random_tokens(8, 1)[:4] == random_tokens(4, 1)


def test_an_unknown_measurement_is_named() -> None:
    chosen = names_among(MEASURES)
    assert chosen("decode,cancel") == ["decode", "cancel"]
    with pytest.raises(argparse.ArgumentTypeError, match="speed is none of decode, prefill"):
        chosen("speed")
    assert names_among(ROUNDS)("3b") == ["3b"]
