"""Features equal to faster-whisper's, phones, tokens, and the counting of word errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from training.features import log_mel_power, scaled
from training.phones import PHONE_INDEX, arpabet
from training.scoring import normalized, word_errors
from training.vocabulary import END, NO_TIMESTAMPS, SPECIAL, UNKNOWN, Vocabulary, tokenizer_json


def test_features_are_those_of_faster_whisper() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    theirs = FeatureExtractor()(samples, padding=0)  # type: ignore[no-untyped-call]
    ours = scaled(log_mel_power(samples)).T
    assert ours.shape == (80, 200)
    np.testing.assert_allclose(ours, theirs[:, :200], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "phones"),
    [
        ("tS", ("ch",)),
        ("'A@", ("aa", "r")),
        ("I2", ("ih",)),
        ("3:", ("er",)),
        ("_:", ()),
        ("t#", ("t",)),
    ],
)
def test_espeak_names_become_phones(name: str, phones: tuple[str, ...]) -> None:
    assert arpabet(name) == phones
    assert all(phone in PHONE_INDEX for phone in phones)


def test_an_unknown_phoneme_name_is_noticed() -> None:
    with pytest.raises(KeyError):
        arpabet("qqq")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Set it to 75%.", "set it to seventy five percent"),
        ("It's 21°", "it's twenty one degrees"),
        ("Turn-on, please!", "turn on please"),
    ],
)
def test_spelling_does_not_matter(text: str, words: str) -> None:
    assert normalized(text) == words.split()


def test_word_errors_count_changes_additions_and_losses() -> None:
    assert word_errors(["turn", "on", "the", "light"], ["turn", "off", "light", "now"]) == 3
    assert word_errors([], ["stop"]) == 1
    assert word_errors(["stop"], ["stop"]) == 0


def test_words_come_before_control_tokens_and_the_tokenizer_agrees() -> None:
    vocabulary = Vocabulary(("lamp", "on", "turn", *SPECIAL, NO_TIMESTAMPS))
    assert vocabulary.encode("turn on lamp please") == [2, 1, 0, vocabulary.id(UNKNOWN)]
    assert vocabulary.words == ("lamp", "on", "turn")
    assert vocabulary.id(END) == 3
    stored = json.loads(tokenizer_json(vocabulary))
    assert stored["model"]["vocab"] == {token: n for n, token in enumerate(vocabulary.tokens)}
