"""Microphone and loudspeaker on real ALSA and PulseAudio, with a null sink for the room."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.rooms import Room

pytestmark = pytest.mark.slow
TRIES = 3  # a machine on which much else runs loses sound now and then, but not each time
PROGRAM = Path(__file__).with_name("in_room.py")
WHOLE_BOX = Path(__file__).with_name("box_in_room.py")
REPLY = (
    "The kitchen light is on, and it is quite bright. Tomorrow it will rain in the morning, "
    "then the sun comes out in the afternoon, and it gets warm."
)


@pytest.mark.parametrize(
    ("rate", "channels", "form"),
    [(16_000, 1, None), (48_000, 2, "48000x2"), (44_100, 2, "44100x2")],
    ids=["16 kHz mono", "48 kHz stereo", "44.1 kHz stereo"],
)
def test_what_the_loudspeaker_plays_the_microphone_hears_without_a_gap(
    a_room: Callable[..., Room], rate: int, channels: int, form: str | None
) -> None:
    room = a_room(rate=rate, channels=channels)
    for _ in range(TRIES):
        heard = room.run(PROGRAM, "loop", *([form] if form else []))
        if heard["correlation"] > 0.97:
            break
    assert heard["correlation"] > 0.97
    assert heard["shifted_samples"] <= 1
    assert heard["overruns"] == 0
    assert abs(heard["missing_s"]) < 0.2


def test_a_cancelled_sound_is_over_within_sixty_milliseconds(a_room: Callable[..., Room]) -> None:
    assert a_room().run(PROGRAM, "cut")["median_ms"] < 60


def test_a_card_that_is_unplugged_while_it_plays_and_listens_is_taken_back(
    a_room: Callable[..., Room],
) -> None:
    heard = a_room().run(PROGRAM, "unplug")
    assert heard["failed"] == 1.0
    assert heard["back_s"] < 8
    assert heard["correlation"] > 0.97


def test_a_wake_word_is_found_while_the_loudspeaker_speaks_as_loud(
    a_room: Callable[..., Room], tmp_path: Path, shared_data: Path
) -> None:
    reply = tmp_path / "reply.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(reply), REPLY], check=True)
    clips = ("pymicro__okay_nabu_2", "wyoming-openwakeword__okay_nabu", "pymicro__okay_nabu_2")
    said = [str(shared_data / "speech" / "wake" / f"{clip}.wav") for clip in clips]
    heard = a_room().run(PROGRAM, "echo", str(reply), *said)
    assert heard["found_without"] == 0
    assert heard["found_with"] >= 2
    assert heard["erle_db"] > 15


def test_a_spoken_command_switches_a_lamp_and_the_box_says_so_aloud(
    a_room: Callable[..., Room],
) -> None:
    told: dict[str, object] = dict(a_room().run(WHOLE_BOX))
    assert told["wake_word"] == "okay_nabu"
    assert told["heard"] == "turn on the kitchen light"
    assert told["published"] == 1
    assert told["reply"] == "Turned on the kitchen light."
    assert isinstance(told["reply_peak_dbfs"], float)
    assert told["reply_peak_dbfs"] > -40
