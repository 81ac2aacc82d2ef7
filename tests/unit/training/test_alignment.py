"""The second opinion: forced alignment against every path there is, and scores that mean what they
say.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from laresd.bundled.alignment import PhoneHead

WORDS = [[1], [2, 3], [1, 1]]
PHONES = 4


@pytest.fixture
def head(tmp_path: Path) -> PhoneHead:
    """A head that passes the encoder's output on: what is encoded are the phones' logits."""
    np.savez(
        tmp_path / "phone_head.npz",
        weight=np.eye(PHONES, dtype=np.float16),
        bias=np.zeros(PHONES, np.float16),
        word_lengths=np.array([len(word) for word in WORDS], np.uint8),
        word_phones=np.array([phone for word in WORDS for phone in word], np.uint8),
    )
    return PhoneHead(tmp_path / "phone_head.npz")


def spoken(*phones: int) -> NDArray[np.float32]:
    """Encoder output in which these phones are heard beyond doubt, one per frame."""
    return np.eye(PHONES, dtype=np.float32)[list(phones)] * 20


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [
        phone for phone, before in zip(path, (0, *path), strict=False) if phone not in (0, before)
    ]


def test_what_was_said_fits_perfectly(head: PhoneHead) -> None:
    fit = head.fit(spoken(0, 1, 0, 2, 2, 3, 0), [0, 1])
    assert fit.score == pytest.approx(0, abs=1e-3)
    assert fit.words == pytest.approx((0, 0), abs=1e-3)


def test_a_word_that_was_not_said_is_the_one_that_fits_badly(head: PhoneHead) -> None:
    fit = head.fit(spoken(0, 1, 0, 3, 3, 3, 0), [0, 1])
    assert fit.words[0] > -0.1
    assert fit.worst == fit.words[1] < -5


def test_speech_that_no_word_covers_counts(head: PhoneHead) -> None:
    fit = head.fit(spoken(1, 0, 2, 3, 2, 3), [0])
    assert fit.outside < -5
    assert fit.score < -5


def test_silence_fits_no_words(head: PhoneHead) -> None:
    assert head.fit(spoken(0, 0, 0), []).score == pytest.approx(0, abs=1e-3)


def test_the_candidate_that_fits_the_sound_is_chosen(head: PhoneHead) -> None:
    heard = spoken(0, 1, 0, 2, 3, 0)
    choice = head.choose(heard, [[0, 0], [0, 1], []], [-0.5, -1.4, -0.9])
    assert choice.tokens == (0, 1)
    assert choice.score == -1.4
    assert choice.fit == head.fit(heard, [0, 1])


def test_a_word_that_no_candidate_holds_is_found_by_its_sound(head: PhoneHead) -> None:
    heard = spoken(0, 1, 0, 2, 3, 0, 1, 0)
    choice = head.choose(heard, [[0, 0, 0], [0, 2, 0]], [-0.5, -3.0])
    assert choice.tokens == (0, 1, 0)
    assert choice.score < -0.5
    assert choice.fit == head.fit(heard, [0, 1, 0])


def test_a_word_that_is_a_little_off_stays_what_the_decoder_wrote(head: PhoneHead) -> None:
    unsure = np.eye(PHONES, dtype=np.float32)[[0, 1, 0, 1, 1, 0]]
    unsure[3, [1, 2]], unsure[4, [1, 3]] = (1.0, 2.5), (1.0, 2.5)
    choice = head.choose(unsure, [[0, 0]], [-0.5])
    assert choice.fit.worst < -0.6
    assert choice.tokens == (0, 0)
    assert choice.score == -0.5


def test_what_does_not_fit_into_the_sound_at_all_is_not_mended(head: PhoneHead) -> None:
    assert head.choose(spoken(1, 2), [[2, 2]], [-0.5]).tokens == (2, 2)


def test_a_decoder_that_writes_nothing_is_believed(head: PhoneHead) -> None:
    choice = head.choose(spoken(0, 1, 0), [[0], [99]], [-1.2, -0.4])
    assert choice.tokens == (99,)
    assert choice.fit.words == ()


def test_without_any_words_the_first_candidate_is_taken(head: PhoneHead) -> None:
    assert head.choose(spoken(0, 1, 0), [[], [99]], [-0.9, -2.0]).tokens == ()


def test_no_candidates_are_an_error(head: PhoneHead) -> None:
    with pytest.raises(ValueError, match="no candidates"):
        head.choose(spoken(0, 1), [], [])


def test_control_tokens_are_no_words(head: PhoneHead) -> None:
    assert head.fit(spoken(0, 1, 0), [0, 99]) == head.fit(spoken(0, 1, 0), [0])


def test_more_phones_than_frames_fit_not_at_all(head: PhoneHead) -> None:
    assert head.fit(spoken(1, 1), [2]).score < -1e6


@pytest.mark.parametrize("seed", range(20))
def test_the_best_path_is_found(head: PhoneHead, seed: int) -> None:
    dice = np.random.default_rng(seed)
    encoded = dice.normal(0, 2, (6, PHONES)).astype(np.float32)
    tokens = dice.integers(0, len(WORDS), int(dice.integers(0, 3))).tolist()
    wanted = [phone for token in tokens for phone in WORDS[token]]
    scores = head.log_probabilities(encoded)
    paths = itertools.product(range(PHONES), repeat=len(scores))
    sums = [
        scores[np.arange(len(scores)), path].sum() for path in paths if collapsed(path) == wanted
    ]
    best = max(sums, default=-np.inf) - scores.max(axis=1).sum()
    found = head.fit(encoded, tokens).score * max(1, len(wanted))
    assert found == pytest.approx(float(best), abs=1e-3) or (not sums and found < -1e6)


def test_a_damaged_head_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "phone_head.npz").write_bytes(b"nonsense")
    with pytest.raises((OSError, ValueError)):
        PhoneHead(tmp_path / "phone_head.npz")
