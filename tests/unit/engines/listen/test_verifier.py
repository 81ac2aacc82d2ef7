"""A second look that is trained on a few clips of one home."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from laresd.engines.listen.found import Found
from laresd.engines.listen.loading import load
from laresd.engines.listen.verifier import (
    BANDS,
    KEPT,
    SIZE,
    Vector,
    Verifier,
    describe,
    fit,
)
from laresd.engines.listen.words import AGAIN, SecondLook, word
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import HeardKind, Json

MODEL = "0" * 64


def sounds(seed: int, count: int, ridge: int) -> Vector:
    """Descriptions of noise that has a louder band."""
    dice = np.random.default_rng(seed)
    sheets = dice.normal(5, 1, (count, KEPT, BANDS)).astype(np.float32)
    sheets[:, :, ridge : ridge + 4] += 3
    return np.array([describe([*sheet]) for sheet in sheets])


WANTED, UNWANTED = sounds(1, 12, 8), sounds(2, 12, 24)


class TestTraining:
    def test_it_knows_clips_that_it_was_not_trained_on(self) -> None:
        verifier = fit("x", MODEL, WANTED, UNWANTED)
        assert all(verifier.accepts(row) for row in sounds(3, 20, 8))
        assert not any(verifier.accepts(row) for row in sounds(4, 20, 24))

    def test_one_clip_of_each_is_enough_to_begin(self) -> None:
        verifier = fit("x", MODEL, WANTED[:1], UNWANTED[:1])
        assert verifier.accepts(WANTED[0]) and not verifier.accepts(UNWANTED[0])

    def test_a_short_clip_is_as_quiet_before_it(self) -> None:
        assert describe([]).shape == (SIZE,)
        assert describe([np.ones((1, 1, BANDS), np.float32)]).shape == (SIZE,)


class TestFile:
    def test_what_was_written_judges_the_same(self) -> None:
        verifier = replace(fit("x", MODEL, WANTED, UNWANTED), report={"clips": 24})
        again = Verifier.from_json(verifier.to_json(), word="x", model=MODEL)
        assert again.report == {"clips": 24}
        for row in (*WANTED, *UNWANTED):
            assert again.score(row) == pytest.approx(verifier.score(row), abs=1e-3)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"format": 2}, "another version"),
            ({"word": "y"}, "another model"),
            ({"model": "1" * 64}, "another model"),
            ({"weights": [1.0]}, "weights must be"),
            ({"scale": [0.0] * SIZE}, "a scale that is not above 0"),
            ({"centre": ["a"] * SIZE}, "centre are no numbers"),
            ({"centre": [[1]] * SIZE}, "centre are no numbers"),
            ({"weights": [float("nan")] * SIZE}, "weights are no numbers"),
            ({"bias": float("inf")}, "bias are no numbers"),
            ({"threshold": 0}, "a threshold of 0"),
            ({"bias": None}, "'bias' must be a number"),
        ],
    )
    def test_a_damaged_one_is_told(self, change: dict[str, Json], told: str) -> None:
        body = json.loads(fit("x", MODEL, WANTED, UNWANTED).to_json()) | change
        with pytest.raises(Permanent, match=told):
            Verifier.from_json(json.dumps(body).encode(), word="x", model=MODEL)

    @pytest.mark.parametrize("data", [b"", b"\xff", b"[1]", b"{}"])
    def test_what_is_no_verifier_at_all_is_told(self, data: bytes) -> None:
        with pytest.raises(Permanent):
            Verifier.from_json(data, word="x", model=MODEL)


class TestSecondLook:
    def woken(self, sample: int, kind: HeardKind = HeardKind.WAKE) -> Found:
        return Found(kind, sample, 0.9, "x")

    @pytest.fixture
    def look(self) -> SecondLook:
        return SecondLook(fit("x", MODEL, WANTED, UNWANTED))

    def test_a_word_of_this_home_wakes(self, look: SecondLook) -> None:
        assert look.judge(self.woken(1), WANTED[0]).kind is HeardKind.WAKE

    def test_its_noises_do_not(self, look: SecondLook) -> None:
        rejected = look.judge(self.woken(1), UNWANTED[0])
        assert (rejected.kind, rejected.sample, rejected.name) == ("rejected_wake", 1, "x")

    def test_who_says_it_again_at_once_is_heard(self, look: SecondLook) -> None:
        look.judge(self.woken(1), UNWANTED[0])
        assert look.judge(self.woken(1 + AGAIN), UNWANTED[0]).kind is HeardKind.WAKE

    def test_much_later_is_not_again(self, look: SecondLook) -> None:
        look.judge(self.woken(1), UNWANTED[0])
        assert look.judge(self.woken(2 + AGAIN), UNWANTED[0]).kind is HeardKind.REJECTED_WAKE

    def test_a_near_miss_stays_one(self, look: SecondLook) -> None:
        near = self.woken(1, HeardKind.NEAR_WAKE)
        assert look.judge(near, UNWANTED[0]) is near


class TestLoading:
    def facts(self, folder: Path) -> Json:
        return load(Fields({"words": ["okay_nabu"], "verifiers": str(folder)})).facts["verified"]

    def test_a_word_without_one_is_not_verified(self, tmp_path: Path) -> None:
        assert self.facts(tmp_path) == []

    def test_one_of_the_same_model_is_used(self, tmp_path: Path) -> None:
        verifier = fit("okay_nabu", word("okay_nabu").digest(), WANTED, UNWANTED)
        (tmp_path / "okay_nabu.json").write_bytes(verifier.to_json())
        assert self.facts(tmp_path) == ["okay_nabu"]

    def test_a_damaged_one_is_ignored_and_told(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "okay_nabu.json").write_bytes(b"{")
        assert self.facts(tmp_path) == []
        assert "is ignored: it is damaged" in caplog.text
        assert "lares wake tune" in caplog.text
