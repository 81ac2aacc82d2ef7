"""What is wrong with a language model's file is said before llama.cpp opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.engines.llm.calibration import Calibration, write_calibration
from laresd.engines.llm.loading import embedded_model, load, set_up
from laresd.engines.llm.machine import cpu
from laresd.engines.llm.store import file_digest
from laresd.errors import Permanent, Refused
from laresd.frames import Fields
from laresd.types import Json


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file") as caught:
        load(Fields({"model": str(tmp_path / "gone.gguf")}))
    assert "lares models pull" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"GGML"])
def test_another_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(Permanent, match=r"model\.gguf is no language model") as caught:
        load(Fields({"model": str(path)}))
    assert "lares models pull" in caught.value.remedy


@pytest.mark.parametrize("size", [4, 100, 100_000, 50_000_000])
def test_a_truncated_gguf_is_an_error(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.gguf"
    with embedded_model().open("rb") as whole:
        path.write_bytes(whole.read(size))
    with pytest.raises(Permanent, match="is no language model"):
        load(Fields({"model": str(path)}))


def test_what_was_measured_on_this_box_is_used(tmp_path: Path) -> None:
    options: dict[str, Json] = {"context": 1024, "calibrations": str(tmp_path)}
    assert not set_up(Fields(options)).calibrated
    found = Calibration(1, 2, 64, decode_rate=10.0, prefill_rate=50.0)
    write_calibration(tmp_path, cpu(), file_digest(embedded_model()), found)
    setup = set_up(Fields(options))
    assert setup.calibrated
    assert (setup.settings.threads, setup.settings.threads_batch) == (1, 2)
    assert setup.settings.ubatch == 64


def test_threads_that_the_owner_set_come_first(tmp_path: Path) -> None:
    write_calibration(
        tmp_path, cpu(), file_digest(embedded_model()), Calibration(1, 2, 64, 10.0, 50.0)
    )
    setup = set_up(Fields({"context": 1024, "calibrations": str(tmp_path), "threads": 3}))
    assert (setup.settings.threads, setup.settings.threads_batch) == (3, 3)


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("laresd.engines.llm.loading.machine_memory", lambda: 50_000_000)
    with pytest.raises(Refused, match=r"does not fit: .* needs 0\.\d+ GB .* 0\.05 GB are free"):
        load(Fields({"context": 4096}))


def test_a_context_that_does_not_fit_becomes_smaller_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("laresd.engines.llm.loading.machine_memory", lambda: 260_000_000)
    setup = set_up(Fields({"context": 8192}))
    assert setup.settings.cells < 8192
    assert setup.settings.kv_type == "q8_0"
    assert "a context of 8192 tokens does not fit" in setup.plan.sentence
