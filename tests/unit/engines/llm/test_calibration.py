"""The search for the fastest settings, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.calibration import (
    BATCHES,
    Calibration,
    ContextSpeed,
    Trial,
    calibrate,
    read_calibration,
    thread_counts,
    write_calibration,
)
from laresd.engines.llm.context import Settings, Slot
from laresd.engines.llm.machine import Cpu
from laresd.errors import Permanent
from tests.fakes.llm_context import FakeContext

PI_5 = Cpu("Raspberry Pi 5 Model B Rev 1.0", 4, frozenset({"DOTPROD"}))
DIGEST = "ab" * 32
FOUND = Calibration(threads=2, threads_batch=4, ubatch=64, decode_rate=4.8, prefill_rate=11.0)


class FakeSpeed:
    """A machine: `decode` and `prefill` are tokens a second by threads, `gain` by batch."""

    def __init__(
        self,
        decode: Callable[[int], float],
        prefill: Callable[[int], float],
        gain: Callable[[int], float] = lambda tokens: 1.0,
    ) -> None:
        self.decode, self.prefill, self.gain = decode, prefill, gain

    def rate(self, threads: int, tokens: int) -> float:
        if tokens == 1:
            return self.decode(threads)
        return self.prefill(threads) * self.gain(tokens)


def found(speed: FakeSpeed, cores: int) -> tuple[Calibration, list[tuple[int, int]]]:
    seen: list[Trial] = []
    best = calibrate(speed, cores=cores, most_tokens=max(BATCHES), show=seen.append)
    return best, [(trial.threads, trial.tokens) for trial in seen]


def test_a_pi_5_reads_memory_as_fast_with_three_threads_as_with_four() -> None:
    decode = {1: 3.3, 2: 4.5, 3: 4.8, 4: 4.85}
    best, tried = found(FakeSpeed(decode.__getitem__, lambda n: 2.7 * n), 4)
    assert best == Calibration(3, 4, 64, 4.8, 10.8)
    assert tried[:4] == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert tried[4:] == [(2, 32), (3, 32), (4, 32), (4, 64), (4, 128)]


def test_more_threads_are_not_tried_once_they_are_clearly_worse() -> None:
    falling = FakeSpeed(lambda n: 10.0 / n, lambda n: 100.0)
    best, tried = found(falling, 64)
    assert best.threads == 1
    assert [threads for threads, tokens in tried if tokens == 1] == [1, 2]


def test_of_settings_that_are_as_good_the_smallest_is_taken() -> None:
    best, _ = found(FakeSpeed(lambda n: 5.0 + 0.01 * n, lambda n: 20.0 + 0.01 * n), 8)
    assert (best.threads, best.threads_batch, best.ubatch) == (1, 4, 64)


def test_batches_grow_as_long_as_that_pays() -> None:
    gain = {32: 1.0, 64: 1.2, 128: 1.4, 256: 1.41, 512: 9.0}
    best, tried = found(FakeSpeed(lambda n: 1.0, lambda n: 10.0, gain.__getitem__), 2)
    assert (best.ubatch, best.prefill_rate) == (128, 14.0)
    assert (best.threads_batch, 512) not in tried


def test_no_batch_is_larger_than_the_context_allows() -> None:
    speed = FakeSpeed(lambda n: 1.0, lambda n: 10.0, float)
    seen: list[Trial] = []
    assert calibrate(speed, cores=1, most_tokens=200, show=seen.append).ubatch == 128
    assert calibrate(speed, cores=1, most_tokens=16, show=seen.append).ubatch == 16
    assert max(trial.tokens for trial in seen) == 128


@given(st.integers(1, 300))
def test_thread_counts_rise_to_all_cores_and_are_few(cores: int) -> None:
    counts = thread_counts(cores)
    assert counts == sorted(set(counts))
    assert counts[0] == 1
    assert counts[-1] == cores
    assert len(counts) < 25


class TimedContext(FakeContext):
    """Takes `seconds(threads, tokens)` for a batch."""

    def __init__(self, seconds: Callable[[int, int], float]) -> None:
        super().__init__(Settings(512, 1, 512, 1, 1), on_decode=self._spend)
        self._seconds = seconds
        self.now, self.set = 0.0, (0, 0)

    def threads(self, one: int, many: int) -> None:
        self.set = (one, many)

    def _spend(self, slots: Sequence[Slot]) -> None:
        self.now += self._seconds(self.set[0], len(slots))


def test_the_speed_of_a_context() -> None:
    context = TimedContext(lambda threads, tokens: tokens / (10.0 * threads))
    speed = ContextSpeed(context, lambda: context.now)
    assert speed.rate(2, 1) == pytest.approx(20.0)
    assert speed.rate(3, 64) == pytest.approx(30.0)
    assert context.set == (3, 3)
    assert context.tokens(0) == []


def test_the_median_counts_and_the_first_token_does_not() -> None:
    times = iter([99.0, 1.0, 9.0, 1.0])
    context = TimedContext(lambda threads, tokens: next(times))
    assert ContextSpeed(context, lambda: context.now).rate(1, 32) == pytest.approx(32.0)


@pytest.mark.parametrize(("seconds", "runs"), [(0.01, 7), (0.9, 3), (5.0, 2)])
def test_slow_settings_are_run_less_often(seconds: float, runs: int) -> None:
    context = TimedContext(lambda threads, tokens: seconds)
    ContextSpeed(context, lambda: context.now).rate(1, 32)
    assert len(context.batches) == 1 + runs


def test_a_batch_that_is_not_computed_is_no_measurement() -> None:
    context = TimedContext(lambda threads, tokens: 1.0)
    context.interruptions = [False, True]
    with pytest.raises(Permanent, match="did not compute a batch: interrupted"):
        ContextSpeed(context, lambda: context.now).rate(1, 32)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "state/calibration"
    assert read_calibration(folder, PI_5, DIGEST) is None
    path = write_calibration(folder, PI_5, DIGEST, FOUND)
    assert read_calibration(folder, PI_5, DIGEST) == FOUND
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_another_cpu_or_model_has_its_own(tmp_path: Path) -> None:
    write_calibration(tmp_path, PI_5, DIGEST, FOUND)
    assert read_calibration(tmp_path, Cpu(PI_5.name, 2, PI_5.features), DIGEST) is None
    assert read_calibration(tmp_path, Cpu("other", 4, PI_5.features), DIGEST) is None
    assert read_calibration(tmp_path, PI_5, "cd" * 32) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"threads": 0},
        {"threads": 5},  # more than there are cores
        {"threads_batch": "4"},
        {"threads": True},
        {"ubatch": 100_000},
        {"decode_rate": -1},
        {"prefill_rate": None},
        {"cpu": "another"},
        {"format": "lares-calibration-0"},
    ],
)
def test_a_damaged_value_is_not_used(
    tmp_path: Path, damage: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    path = write_calibration(tmp_path, PI_5, DIGEST, FOUND)
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    assert read_calibration(tmp_path, PI_5, DIGEST) is None
    assert "is not used" in caplog.text


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_damaged_file_is_more_than_ignored(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    path = write_calibration(folder, PI_5, DIGEST, FOUND)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + junk)
    assert read_calibration(folder, PI_5, DIGEST) in (None, FOUND)


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="cannot be kept"):
        write_calibration(tmp_path / "file", PI_5, DIGEST, FOUND)
