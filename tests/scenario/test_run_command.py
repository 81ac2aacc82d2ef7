"""`lares run` as a newcomer meets it: it plays a command, answers `lares ask`, and ends cleanly."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
LARES = Path(sys.executable).with_name("lares")
RECORDING = Path(__file__).parents[2] / "daemon" / "laresd" / "bundled" / "demo" / "front-door.wav"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str], dict[str, str]]]:
    """`lares run` on a free port, what it printed until it was ready, and its environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "lares.toml"
    config.write_text(
        f'[mqtt]\nport = {port}\n[audio]\nenabled = false\n[box]\nstate_dir = "{folder}"\n'
    )
    arguments = [str(LARES), "run", "--config", str(config)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = []
            for line in process.stdout:
                printed.append(line)
                if "Ctrl-C ends it" in line:
                    break
            yield process, printed, {"config": str(config)}
        finally:
            process.kill()


def lares(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LARES, *arguments], check=False, capture_output=True, text=True)


def descendants(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return children + [below for child in children for below in descendants(child)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_plays_a_command_answers_and_leaves_no_process_behind(
    stop: signal.Signals, tmp_path: Path
) -> None:
    with running(tmp_path) as (process, printed, where):
        told = "".join(printed)
        assert "okay_nabu" in told
        assert "“turn on the kitchen light”" in told
        assert "confirmed: " in told
        assert "“Turned on the kitchen light.”" in told

        asked = lares("ask", "--config", where["config"], "is the kitchen light on")
        assert (asked.returncode, asked.stdout.strip()) == (0, "Yes, the kitchen light is on.")

        said = lares("say", "--json", "--config", where["config"], str(RECORDING))
        assert "front door" in json.dumps(json.loads(said.stdout))

        workers = descendants(process.pid)
        assert workers
        process.send_signal(stop)
        assert process.wait(timeout=30) == 0
        assert [pid for pid in workers if alive(pid)] == []


def test_without_a_daemon_lares_says_how_to_start_it(tmp_path: Path) -> None:
    config = tmp_path / "lares.toml"
    config.write_text(f'[box]\nstate_dir = "{tmp_path}"\n')
    asked = lares("ask", "--config", str(config), "turn on the light")
    assert asked.returncode == 3
    assert "make run" in asked.stderr
