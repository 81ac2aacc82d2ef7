"""`lares hosts`: the table, trust, the watch; against a daemon that is only a control socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path

import pytest

from laresd import cli
from laresd.backends.hosts.discovery import KINDS
from laresd.commands import hosts
from laresd.errors import Refused
from laresd.types import Json
from tests.fakes.certificates import certificate
from tests.fakes.control_socket import control_socket

BOX: dict[str, Json] = {
    "name": "this box",
    "state": "ready",
    "kind": "llama-server",
    "url": "",
    "verdict": "",
    "jobs": ["text"],
    "models": [],
    "decode_speed": 9.5,
}
TOWER: dict[str, Json] = {
    "name": "tower",
    "state": "busy",
    "kind": "llama-server",
    "url": "http://10.0.0.1:8080",
    "verdict": "all its slots are taken",
    "jobs": ["text", "embed"],
    "models": ["Ministral-3-3B", "other"],
    "model": "Ministral-3-3B",
    "running": 4,
    "waiting": 2,
    "slots": 4,
    "decode_speed": 51.24,
    "prefill_speed": 1203.7,
    "round_trip_ms": 0.84,
    "fingerprint": "",
}
STRANGER: dict[str, Json] = {
    "name": "vault",
    "state": "untrusted",
    "kind": "auto",
    "url": "https://10.0.0.7:8443",
}
VAULT: dict[str, Json] = {**STRANGER, "state": "ready", "fingerprint": "ab" * 32}


class Daemon:
    """Answers as a daemon with these hosts; `asked`: every request."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Json]] = []

    async def hosts(
        self, fields: Mapping[str, Json], payload: bytes
    ) -> AsyncGenerator[Mapping[str, Json], None]:
        self.asked.append(fields)
        for host in (BOX, TOWER, STRANGER):
            yield host

    async def trust(
        self, fields: Mapping[str, Json], payload: bytes
    ) -> AsyncGenerator[Mapping[str, Json], None]:
        self.asked.append(fields)
        if fields["name"] == "tower":
            yield TOWER
            return
        if fields.get("fingerprint") == "cd" * 32:
            raise Refused("https://10.0.0.7:8443 shows another certificate")
        yield VAULT

    async def forget(
        self, fields: Mapping[str, Json], payload: bytes
    ) -> AsyncGenerator[Mapping[str, Json], None]:
        self.asked.append(fields)
        yield {"name": fields["name"]}

    async def watch(
        self, fields: Mapping[str, Json], payload: bytes
    ) -> AsyncGenerator[Mapping[str, Json], None]:
        yield {"event": "idle"}
        yield {
            "at": 1_790_000_000.0,
            "event": "placed",
            "where": "tower",
            "words": "0.4 s there, 12 s here",
            "reason": "fastest",
            "priority": "voice",
        }
        yield {"at": 1_790_000_001.0, "event": "lost", "where": "tower", "words": "it broke off"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    file = tmp_path / "lares.toml"
    file.write_text(f'[box]\nstate_dir = "{tmp_path}"\n')
    return str(file)


@pytest.fixture
def daemon(tmp_path: Path, config: str) -> Iterator[Daemon]:
    fake = Daemon()
    handlers = {
        "hosts": fake.hosts,
        "hosts_trust": fake.trust,
        "hosts_forget": fake.forget,
        "hosts_watch": fake.watch,
    }
    with control_socket(tmp_path / "control.sock", handlers):
        yield fake


@pytest.mark.usefixtures("daemon")
def test_every_host_has_a_line(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["hosts", "--config", config]) == 0
    head, box, tower, vault, advice = capsys.readouterr().out.splitlines()
    assert head.split() == " ".join(hosts._HEAD).split()
    assert box.split() == [
        "this",
        "box",
        "ready",
        "llama-server",
        "-",
        "-",
        *("9.5", "tokens/s", "-", "-"),
    ]
    assert tower.startswith("tower     busy")
    for cell in (
        "  Ministral-3-3B (+1)  ",
        "  4 of 4, 2 wait  ",
        "  51.2 tokens/s, reads 1204  ",
        "  0.8 ms  ",
        "  http://10.0.0.1:8080  ",
        "  all its slots are taken",
    ):
        assert cell in tower + "  "
    assert vault.split() == ["vault", "untrusted", "auto", "-", "-", "-", "-", STRANGER["url"]]
    assert advice == "to use vault: lares hosts trust vault"


@pytest.mark.usefixtures("daemon")
def test_programs_get_the_forms_as_they_are(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["hosts", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out) == {"hosts": [BOX, TOWER, STRANGER]}
    assert cli.main(["hosts", "list", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out) == {"hosts": [BOX, TOWER, STRANGER]}


def test_trust_shows_the_certificate(
    daemon: Daemon, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["hosts", "trust", "vault", "--config", config]) == 0
    told = capsys.readouterr().out
    assert "vault is trusted from now on, at https://10.0.0.7:8443" in told
    assert f"(sha256): {'ab' * 32}" in told
    assert "compare it on the host itself" in told
    assert daemon.asked == [{"op": "hosts_trust", "name": "vault"}]
    assert cli.main(["hosts", "trust", "vault", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out) == VAULT


@pytest.mark.usefixtures("daemon")
def test_trust_without_a_certificate_warns(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["hosts", "trust", "tower", "--config", config]) == 0
    assert "who is on this network can read what is sent" in capsys.readouterr().out


def test_the_certificate_that_a_host_must_show_can_be_named(
    daemon: Daemon, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["hosts", "trust", "vault", "--config", config, "--fingerprint"]
    assert cli.main([*asked, "cd" * 32]) == 1
    assert "shows another certificate" in capsys.readouterr().err
    assert cli.main([*asked, "ab" * 32]) == 0
    assert "compare it" not in capsys.readouterr().out
    assert daemon.asked[-1]["fingerprint"] == "ab" * 32


def test_a_key_is_read_here_and_never_shown(
    daemon: Daemon, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    file.write_text("sesame\n")
    asked = ["hosts", "trust", "vault", "--config", config, "--token-file"]
    assert cli.main([*asked, str(file)]) == 0
    assert daemon.asked == [{"op": "hosts_trust", "name": "vault", "token": "sesame"}]
    told = capsys.readouterr()
    assert "sesame" not in told.out + told.err


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff", "not UTF-8")]
)
@pytest.mark.usefixtures("daemon")
def test_a_key_that_cannot_be_read_is_said(
    config: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    said: str,
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    asked = ["hosts", "trust", "vault", "--config", config, "--token-file", str(file)]
    assert cli.main(asked) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert "trusted" not in told.out


def test_a_host_can_be_forgotten(
    daemon: Daemon, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["hosts", "forget", "tower", "--config", config]) == 0
    assert capsys.readouterr().out == "tower is not used any more\n"
    assert daemon.asked == [{"op": "hosts_forget", "name": "tower"}]
    assert cli.main(["hosts", "forget", "tower", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "tower"}


@pytest.mark.usefixtures("daemon")
def test_the_watch_has_a_line_for_each_thing_that_happens(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["hosts", "--watch", "--config", config]) == 0
    placed, lost = capsys.readouterr().out.splitlines()
    assert placed.split() == (
        f"{placed[:8]} voice placed tower fastest: 0.4 s there, 12 s here".split()
    )
    assert lost[10:] == "lost                  tower         it broke off"
    assert cli.main(["hosts", "--watch", "--json", "--config", config]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["placed", "lost"]


@pytest.mark.parametrize("command", ["hosts", "hosts --watch", "hosts trust a", "hosts forget a"])
def test_without_a_daemon_it_says_how_to_start_one(
    command: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command.split(), "--config", config]) == 3
    assert "laresd is not running" in capsys.readouterr().err


# On a GPU host.


def test_every_engine_but_a_speech_server_can_be_announced() -> None:
    assert tuple(kind for kind in KINDS if kind != "wyoming") == hosts._ENGINES


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--port", "0"], 2, "a port is 1 to 65535"),
        (["--port", "80", "--mac", "tower"], 2, "aa:bb:cc:dd:ee:ff"),
        (["--port", "80", "--certificate", "/nowhere"], 1, "No such file"),
        (["--port", "80", "--certificate", __file__], 1, "holds no certificate in PEM"),
        (["--port", "80", "--name", "x" * 64], 1, "is no name for a host"),
    ],
)
def test_what_cannot_be_announced_is_said(
    config: str, capsys: pytest.CaptureFixture[str], words: list[str], status: int, said: str
) -> None:
    assert cli.main(["hosts", "announce", "--config", config, *words]) == status
    assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_host_is_announced_until_it_is_stopped(
    config: str, tmp_path: Path, stop: signal.Signals
) -> None:
    shown = certificate(tmp_path, "tower")
    words = ["--port", "8443", "--certificate", str(shown.cert), "--address", "127.0.0.1"]
    given = ["hosts", "announce", "--config", config, *words]
    code = f"import sys; from laresd.cli import main; sys.exit(main({given!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as announcing:
        assert announcing.stdout is not None
        assert b"until stopped" in announcing.stdout.readline()
        os.kill(announcing.pid, stop)
        assert announcing.wait(60) == 0
