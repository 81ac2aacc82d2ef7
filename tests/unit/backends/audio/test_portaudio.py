"""The real PortAudio library, without assuming that the machine has a sound card."""

from __future__ import annotations

import ctypes.util

import pytest

from laresd.backends.audio.portaudio import PortAudio
from laresd.errors import Permanent, Temporary

installed = pytest.mark.skipif(
    ctypes.util.find_library("portaudio") is None, reason="libportaudio2 is not installed"
)


@installed
def test_devices_are_listed() -> None:
    for device in PortAudio().devices():
        assert device.name
        assert device.inputs + device.outputs > 0


@installed
def test_a_device_that_is_not_there_is_named_together_with_what_is() -> None:
    with pytest.raises(Temporary, match="no microphone 'flux capacitor'; there is: ") as caught:
        PortAudio().open_input("flux capacitor", 1, lambda pcm, at: None, lambda: None)
    assert "audio.input" in caught.value.remedy
    with pytest.raises(Temporary, match="no loudspeaker 'flux capacitor'; there is: "):
        PortAudio().open_output(
            "flux capacitor", lambda samples, at: bytes(2 * samples), lambda: None
        )


@pytest.mark.skipif(
    ctypes.util.find_library("portaudio") is not None, reason="libportaudio2 is installed"
)
def test_without_the_library_the_error_is_the_line_to_type() -> None:
    with pytest.raises(Permanent, match="apt install libportaudio2"):
        PortAudio().devices()
