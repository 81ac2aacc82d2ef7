"""`lares bench llm --calibrate`, as a person and a program meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laresd import cli
from laresd.commands.bench import Measurement, busy_warning
from laresd.engines.llm.calibration import Calibration, Trial, read_calibration
from laresd.engines.llm.machine import Cpu, cpu
from laresd.engines.llm.store import file_digest
from tests.fakes import gguf

PI_5 = Cpu("Raspberry Pi 5", 4, frozenset())
MEASURED = Measurement(
    model="a.gguf",
    machine=PI_5,
    trials=[Trial(1, 1, 3.3), Trial(2, 1, 4.5), Trial(4, 32, 10.0), Trial(4, 64, 10.1)],
    found=Calibration(2, 4, 32, 4.5, 10.0),
)


def test_the_table_marks_what_was_chosen() -> None:
    assert MEASURED.report() == [
        "a.gguf on Raspberry Pi 5, 4 cores",
        "   what   threads  batch  tokens/s",
        "   write  1        1      3.3",
        "*  write  2        1      4.5",
        "*  read   4        32     10.0",
        "   read   4        64     10.1",
        "the language model will write with 2 threads and read with 4 threads, 32 tokens at once, "
        "from its next start on",
    ]


def test_the_json_says_the_same() -> None:
    told = json.loads(json.dumps(MEASURED.as_json()))
    assert told["trials"][1] == {"threads": 2, "tokens": 1, "rate": 4.5, "chosen": True}
    assert [trial["chosen"] for trial in told["trials"]] == [False, True, True, False]
    assert told["calibration"]["threads"] == 2
    assert (told["cpu"], told["cores"], told["model"]) == ("Raspberry Pi 5", 4, "a.gguf")


def test_a_machine_at_work_is_warned_of() -> None:
    assert busy_warning(0.2) == ""
    assert "load 3.2" in busy_warning(3.2)


def test_without_its_option_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["bench", "llm"])
    assert stopped.value.code == 2
    assert "--calibrate" in capsys.readouterr().err


def test_a_file_that_is_no_model_fails_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "m.gguf"
    path.write_bytes(b"not a model")
    assert cli.main(["bench", "llm", "--calibrate", "--json", "--model", str(path)]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "permanent"
    assert error["remedy"]
    assert not (tmp_path / "lares/calibration").exists()


@pytest.mark.slow
def test_a_real_model_is_measured_and_what_was_found_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = gguf.write(tmp_path / "m.gguf", *gguf.llama())
    assert cli.main(["bench", "llm", "--calibrate", "--json", "--model", str(path)]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    kept = read_calibration(tmp_path / "lares/calibration", cpu(), file_digest(path))
    assert kept is not None
    assert told["calibration"]["threads"] == kept.threads <= cpu().cores
    assert kept.decode_rate > 0
    assert kept.prefill_rate > 0
    assert Path(told["kept"]).is_file()
    assert shown.err.count("tokens/s") == len(told["trials"]) >= 3
