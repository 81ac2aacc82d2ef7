"""Microphone and loudspeaker on real ALSA and PulseAudio, with a null sink for the room."""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

needs = pytest.mark.skipif(
    not shutil.which("pulseaudio") or ctypes.util.find_library("portaudio") is None,
    reason="needs the Debian packages pulseaudio, libasound2-plugins and libportaudio2",
)
ROOM = """\
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=room rate=16000 channels=1
set-default-sink room
set-default-source room.monitor
"""
ALSA = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a program whose microphone hears its loudspeaker."""
    socket = tmp_path / "native"
    (tmp_path / ".asoundrc").write_text(ALSA)
    (tmp_path / "room.pa").write_text(ROOM.format(socket=socket))
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "PULSE_RUNTIME_PATH": str(tmp_path),
        "PULSE_SERVER": f"unix:{socket}",
    }
    command = ["pulseaudio", "-n", "-F", str(tmp_path / "room.pa"), "--daemonize=no"]
    command += ["--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no"]
    log = (tmp_path / "pulse.log").open("w")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as pulse:
        try:
            yield environment
        finally:
            pulse.terminate()


@needs
@pytest.mark.slow
def test_what_the_loudspeaker_plays_the_microphone_hears(
    room: dict[str, str], tmp_path: Path
) -> None:
    script = Path(__file__).with_name("sound_loop.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        env=room,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    tell = f"{done.stderr}\n{(tmp_path / 'pulse.log').read_text()}"
    assert done.returncode == 0, tell
    heard = json.loads(done.stdout.splitlines()[-1])
    assert heard["seconds"] == pytest.approx(4.0, abs=0.1)
    assert heard["loudest"] > -20, tell
    assert 0.7 < heard["loud_seconds"] < 1.3, tell
