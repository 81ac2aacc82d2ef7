"""Microphone and loudspeaker on real ALSA and PulseAudio, with a null sink for the room."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


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
