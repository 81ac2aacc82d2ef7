"""Microphone, loudspeaker, voice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from laresd.backends.audio.portaudio import Device
from laresd.backends.checks.finding import Finding, fail, ok, warn
from laresd.config import Audio
from laresd.errors import LaresError


def devices(settings: Audio, list_devices: Callable[[], Sequence[Device]]) -> list[Finding]:
    """`list_devices` raises Permanent when PortAudio is missing."""
    if not settings.enabled:
        return [ok("sound", "switched off (audio.enabled)")]
    try:
        found = list_devices()
    except LaresError as error:
        return [fail("sound", error.message, error.remedy)]
    microphones = [device.name for device in found if device.inputs >= settings.channel]
    speakers = [device.name for device in found if device.outputs]
    too_few = [device for device in found if 0 < device.inputs < settings.channel]
    if too_few and not microphones:
        most = max(too_few, key=lambda device: device.inputs)
        text = f"{most.name!r} has {most.inputs} channels, and audio.channel is {settings.channel}"
        return [fail("sound", text, "correct audio.channel")]
    return [
        _device("microphone", settings.input, "audio.input", microphones),
        _device("loudspeaker", settings.output, "audio.output", speakers),
    ]


def _device(what: str, wanted: str, key: str, names: Sequence[str]) -> Finding:
    fitting = [name for name in names if wanted.casefold() in name.casefold()]
    if fitting:
        return ok("sound", f"{what}: {fitting[0] if wanted else f'{len(fitting)} found'}")
    if names:
        there = ", ".join(map(repr, names))
        return fail("sound", f"no {what} is called {wanted!r}; there is {there}", f"correct {key}")
    return warn(
        "sound",
        f"there is no {what}",
        "plug one in, or set audio.enabled = false; ask, say and MQTT work without",
    )


def voice(which: Callable[[str], str | None] = shutil.which) -> Finding:
    program = which("espeak-ng")
    if program is None:
        return fail("voice", "espeak-ng is not installed", "sudo apt install espeak-ng")
    return ok("voice", f"espeak-ng at {program}")
