"""A room with a loudspeaker and a microphone, on real ALSA and PulseAudio."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    if not shutil.which("pulseaudio") or ctypes.util.find_library("portaudio") is None:
        pytest.skip("needs the Debian packages pulseaudio, libasound2-plugins and libportaudio2")
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
