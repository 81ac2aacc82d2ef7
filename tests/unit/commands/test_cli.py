"""`lares` as a person or a script meets it: output, JSON, exit statuses."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest

from laresd import cli
from laresd.errors import Refused
from laresd.frontends.control import Handler
from laresd.types import Json
from tests.fakes.control_socket import control_socket

Parts = AsyncGenerator[Mapping[str, Json], None]

REPLY: dict[str, Json] = {
    "id": "ask-1",
    "kind": "done",
    "text": "Done.",
    "understood_by": "grammar",
    "intent": "HassTurnOn",
    "outcomes": [],
    "spans": [],
}
TURN: dict[str, Json] = {
    "id": "turn-1",
    "source": "a.wav",
    "closing": "done",
    "reason": "",
    "wake_word": "okay_nabu",
    "heard": "turn on the lamp",
    "reply": REPLY,
    "spans": [],
}
LAMP: dict[str, Json] = {
    "entity_id": "light.lamp",
    "name": "Lamp",
    "domain": "light",
    "area": "kitchen",
    "aliases": [],
    "state": "on",
    "attributes": {"brightness_pct": 40},
    "available": True,
}
STATUS: dict[str, Json] = {
    "version": "0.1.0",
    "pid": 7,
    "box": "lares",
    "language": "en",
    "devices": 1,
    "broker": {"where": "127.0.0.1:1883", "connected": True, "fault": ""},
    "engines": [{"name": "llm", "phase": "ready", "rss_mb": 150.0, "error": ""}],
    "stages": [{"stage": "echo", "count": 3, "p50_ms": 61.4, "p95_ms": 240.0}],
}
TIMER: dict[str, Json] = {
    "id": 1,
    "name": "tea",
    "duration_s": 300.0,
    "remaining_s": 61.0,
    "paused": False,
}


def answering(*parts: Mapping[str, Json]) -> Handler:
    async def handler(fields: Mapping[str, Json], payload: bytes) -> Parts:
        for part in parts:
            yield part

    return handler


async def _refusing(fields: Mapping[str, Json], payload: bytes) -> Parts:
    if fields["text"] == "refuse":
        raise Refused("that is not allowed", remedy="ask nicely")
    yield {**REPLY, "kind": "failed", "text": "No answer from the lamp."}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    file = tmp_path / "lares.toml"
    file.write_text(f'[box]\nstate_dir = "{tmp_path}"\n[audio]\nenabled = false\n')
    return str(file)


def test_help_is_quick_because_no_engine_is_imported() -> None:
    code = (
        "import sys; from laresd.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'asyncio', 'aiomqtt', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ask in writing" in done.stdout


@pytest.mark.parametrize("command", ["ask hi", "devices", "timers", "status"])
def test_without_a_daemon_it_says_how_to_start_one(
    command: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command.split(), "--config", config]) == 3
    assert capsys.readouterr().err == (
        "lares: laresd is not running (start it with: make run, or systemctl start laresd)\n"
    )
    assert cli.main([*command.split(), "--json", "--config", config]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "laresd is not running"


def test_ask_prints_the_answer(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_socket(tmp_path / "control.sock", {"ask": answering(REPLY)}):
        assert cli.main(["ask", "--config", config, "turn", "on", "the", "lamp"]) == 0
        assert capsys.readouterr().out == "Done.\n"
        assert cli.main(["ask", "--json", "--config", config, "lamp"]) == 0
        assert json.loads(capsys.readouterr().out) == REPLY


def test_ask_prints_sentences_as_they_come_and_none_twice(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = {**REPLY, "kind": "answer", "text": "It is far. Very far."}
    parts = answering({"sentence": "It is far."}, {"sentence": "Very far."}, reply)
    with control_socket(tmp_path / "control.sock", {"ask": parts}):
        assert cli.main(["ask", "--config", config, "how", "far", "is", "the", "moon"]) == 0
        assert capsys.readouterr().out == "It is far.\nVery far.\n"
        assert cli.main(["ask", "--json", "--config", config, "moon"]) == 0
        assert json.loads(capsys.readouterr().out) == reply


def test_what_was_not_done_exits_with_1(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control_socket(tmp_path / "control.sock", {"ask": _refusing}):
        assert cli.main(["ask", "--config", config, "lamp"]) == 1
        assert capsys.readouterr().out == "No answer from the lamp.\n"
        assert cli.main(["ask", "--config", config, "refuse"]) == 1
        assert capsys.readouterr().err == "lares: that is not allowed (ask nicely)\n"


def test_say_sends_the_recording_and_prints_its_turns(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wav = tmp_path / "a.wav"
    wav.write_bytes(b"RIFF" + bytes(100))
    with control_socket(tmp_path / "control.sock", {"say": answering(TURN)}):
        assert cli.main(["say", "--config", config, str(wav)]) == 0
        assert "turn on the lamp" in capsys.readouterr().out
        assert cli.main(["say", "--json", "--config", config, str(wav), "absent.wav"]) == 1
        told = capsys.readouterr()
        assert json.loads(told.out) == {"turns": [TURN]}
        assert "absent.wav: cannot be read: No such file or directory" in told.err
        (tmp_path / "empty.wav").touch()
        assert cli.main(["say", "--config", config, str(tmp_path / "empty.wav")]) == 1
    with control_socket(tmp_path / "control.sock", {"say": answering()}):
        assert cli.main(["say", "--config", config, str(wav)]) == 1  # nothing was heard


def test_devices_timers_and_status_are_tables_or_json(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = {
        "devices": answering(LAMP),
        "timers": answering(TIMER),
        "status": answering(STATUS),
    }
    with control_socket(tmp_path / "control.sock", handlers):
        assert cli.main(["devices", "--config", config]) == 0
        assert capsys.readouterr().out == "kitchen  Lamp  on  brightness_pct 40  light.lamp\n"
        assert cli.main(["devices", "--json", "--config", config]) == 0
        assert json.loads(capsys.readouterr().out) == {"devices": [LAMP]}
        assert cli.main(["devices", "--area", "cellar", "--json", "--config", config]) == 0
        assert json.loads(capsys.readouterr().out) == {"devices": []}
        assert cli.main(["timers", "--config", config]) == 0
        assert "tea  of 5 minutes  1 minute and 1 second left" in capsys.readouterr().out
        assert cli.main(["status", "--config", config]) == 0
        told = capsys.readouterr().out
        assert "engine llm  ready  150 MB" in told
        assert "stage echo  3 times  p50 61 ms  p95 240 ms" in told


def test_status_fails_when_an_engine_or_the_broker_does(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken: dict[str, Json] = {"name": "llm", "phase": "failed", "rss_mb": None, "error": "no file"}
    with control_socket(
        tmp_path / "control.sock", {"status": answering({**STATUS, "engines": [broken]})}
    ):
        assert cli.main(["status", "--config", config]) == 1
        assert "no file" in capsys.readouterr().out
        assert cli.main(["doctor", "--json", "--config", config]) == 1
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert {"engines", "broker", "models", "disk"} <= {one["check"] for one in findings}
        assert all(one["remedy"] for one in findings if one["verdict"] != "ok")


def test_models_are_listed_and_chosen(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 5, 1))
    assert cli.main(["models", "--config", config]) == 0
    assert "Ministral-3-3B-Instruct" in capsys.readouterr().out
    assert cli.main(["models", "use", "--config", config, str(own)]) == 0
    assert "from laresd's next start on" in capsys.readouterr().out
    assert cli.main(["models", "list", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["used"]["llm"] == str(own)
    assert cli.main(["models", "use", "--config", config, "Qwen3.5-4B"]) == 1
    assert "lares models pull Qwen3.5-4B" in capsys.readouterr().err


def test_a_wrong_configuration_or_command_line_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lares.toml").write_text("[mqtt]\nhots = 1\n")
    assert cli.main(["status", "--config", str(tmp_path / "lares.toml")]) == 2
    assert "did you mean 'host'?" in capsys.readouterr().err
    assert cli.main_daemon(["--config", str(tmp_path / "lares.toml")]) == 2
    for wrong in (["fly"], [], ["ask"], ["eval"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(wrong)
        assert caught.value.code == 2
