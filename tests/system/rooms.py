"""Rooms with a loudspeaker and a microphone, on real ALSA and PulseAudio, without hardware.

A null sink is the air of the room: what is played there, its monitor hears. ALSA reads its
configuration once, so what uses a room is a process of its own, with the room's environment.
"""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

NEEDS = "needs the Debian packages pulseaudio, libasound2-plugins and libportaudio2"
ROOT = Path(__file__).resolve().parents[2]

AIR = """\
load-module module-null-sink sink_name=room rate={rate} channels={channels}
set-default-sink room
set-default-source room.monitor
"""
ALSA = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"


def can_be() -> bool:
    """Whether this machine has what a room needs."""
    found = shutil.which("pulseaudio") and ctypes.util.find_library("portaudio")
    return bool(found and shutil.which("pactl"))


@dataclass(frozen=True, slots=True)
class Room:
    environment: Mapping[str, str]
    log: Path

    def run(self, script: Path, *arguments: str, timeout: float = 120.0) -> dict[str, float]:
        """The JSON object that a Python program in the room prints as its last line."""
        done = subprocess.run(
            [sys.executable, str(script), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        tell = f"{done.stderr[-3000:]}\n{self.log.read_text()[-1000:]}"
        assert done.returncode == 0, tell
        return cast(dict[str, float], json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def open_room(folder: Path, *, rate: int = 16_000, channels: int = 1) -> Iterator[Room]:
    """A room whose microphone hears its loudspeaker, a device of that form."""
    socket, script, log = folder / "native", folder / "room.pa", folder / "pulse.log"
    (folder / ".asoundrc").write_text(ALSA)
    script.write_text(
        f"load-module module-native-protocol-unix socket={socket} auth-anonymous=1\n"
        + AIR.format(rate=rate, channels=channels)
    )
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}",
    }
    command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no"]
    command += ["--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no"]
    with (
        log.open("w") as out,
        subprocess.Popen(command, env=environment, stdout=out, stderr=out) as pulse,
    ):
        try:
            _wait_ready(environment)
            yield Room(environment, log)
        finally:
            pulse.terminate()


def _wait_ready(environment: Mapping[str, str]) -> None:
    for _ in range(100):
        told = subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False)
        if told.returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("pulseaudio did not start")
