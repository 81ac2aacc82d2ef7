"""What `lares doctor` says of the microphone's channel."""

from __future__ import annotations

from laresd.backends.audio.portaudio import Device
from laresd.backends.checks import sound
from laresd.backends.checks.finding import Verdict
from laresd.config import Audio

CARDS = [Device(0, "ReSpeaker", 2, 0, 16000), Device(1, "HDMI", 0, 2, 48000)]


def test_a_channel_that_no_microphone_has_is_a_fault() -> None:
    (found,) = sound.devices(Audio(channel=4), lambda: CARDS)
    assert found.verdict is Verdict.FAIL
    assert found.text == "'ReSpeaker' has 2 channels, and audio.channel is 4"
    assert found.remedy == "correct audio.channel"


def test_a_channel_that_is_there_is_well() -> None:
    verdicts = [found.verdict for found in sound.devices(Audio(channel=2), lambda: CARDS)]
    assert verdicts == [Verdict.OK, Verdict.OK]
