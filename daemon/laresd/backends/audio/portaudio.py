"""Sound cards through PortAudio: the one file that knows sounddevice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from laresd.backends.audio.card import Hear, Stream
from laresd.errors import Permanent, Temporary
from laresd.sound import Resampler, resample
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

BLOCKS_PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device. `rate`: its own sample rate in hertz."""

    index: int
    name: str
    inputs: int
    outputs: int
    rate: int


class PortAudio:
    """The SoundCard of real machines. Every method blocks: call them in a thread.

    A device that cannot do 16 kHz is opened at its own rate and converted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams = 0

    def devices(self) -> list[Device]:
        """What is plugged in now. Raises Permanent when PortAudio is not installed."""
        with self._fresh("the sound devices") as library:
            return _devices(library)

    def open_input(self, device: str, hear: Hear) -> Stream:
        def build(library: ModuleType, index: int, rate: int) -> _Native:
            converter = Resampler(rate, SAMPLE_RATE)

            def on_audio(data: _Buffer, frames: int, time: object, status: object) -> None:
                hear(converter.feed(bytes(data)))

            native: _Native = library.RawInputStream(
                samplerate=rate,
                blocksize=round(rate / BLOCKS_PER_SECOND),
                device=index,
                channels=1,
                dtype="int16",
                callback=on_audio,
            )
            return native

        return self._open("microphone", device, build)

    def open_output(self, device: str, pcm: bytes, on_end: Callable[[], object]) -> Stream:
        def build(library: ModuleType, index: int, rate: int) -> _Native:
            queue = _Queue(resample(pcm, SAMPLE_RATE, rate), on_end)

            def on_need(data: _Buffer, frames: int, time: object, status: object) -> None:
                data[:] = queue.take(2 * frames)

            native: _Native = library.RawOutputStream(
                samplerate=rate, device=index, channels=1, dtype="int16", callback=on_need
            )
            return native

        return self._open("loudspeaker", device, build)

    def _open(
        self, what: str, device: str, build: Callable[[ModuleType, int, int], _Native]
    ) -> Stream:
        with self._fresh(f"the {what}") as library:
            found = _choose(_devices(library), library, what, device)
            native = _at_a_rate_it_can(library, found, build)
            native.start()
            self._streams += 1
            return _Stream(native, self._closed)

    def _closed(self) -> None:
        with self._lock:
            self._streams -= 1

    @contextmanager
    def _fresh(self, what: str) -> Iterator[ModuleType]:
        """The library with a new list of devices: PortAudio reads it only when it starts.

        PortAudio's errors become Temporary: a device may be back the next time.
        """
        with self._lock:
            library = _load()
            try:
                if self._streams == 0:
                    library._terminate()
                    library._initialize()
                yield library
            except library.PortAudioError as error:
                remedy = "see: lares doctor"
                raise Temporary(f"cannot open {what}: {error}", remedy=remedy) from error


class _Buffer(Protocol):
    """The samples of one callback, in PortAudio's own memory."""

    def __bytes__(self) -> bytes: ...

    def __setitem__(self, key: slice, value: bytes) -> None: ...


class _Native(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


class _Stream:
    def __init__(self, native: _Native, on_close: Callable[[], None]) -> None:
        self._native = native
        self._on_close = on_close
        self._is_open = True

    def finish(self) -> None:
        self._native.stop()
        self.close()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._native.close()
            self._on_close()


class _Queue:
    """Hands out a sound piece by piece, silence after it, and says once that all is out."""

    def __init__(self, pcm: bytes, on_end: Callable[[], object]) -> None:
        self._pcm = pcm
        self._position = 0
        self._on_end = on_end

    def take(self, length: int) -> bytes:
        before = self._position
        piece = self._pcm[before : before + length]
        self._position += length
        if before < len(self._pcm) <= self._position:
            self._on_end()
        return piece.ljust(length, b"\0")


def _load() -> ModuleType:
    try:
        import sounddevice  # noqa: PLC0415  # fails where libportaudio2 is missing
    except OSError as error:
        raise Permanent(
            "PortAudio, which reaches sound cards, is not installed",
            remedy="sudo apt install libportaudio2",
        ) from error
    library: ModuleType = sounddevice
    return library


def _devices(library: ModuleType) -> list[Device]:
    return [
        Device(
            index=int(device["index"]),
            name=str(device["name"]),
            inputs=int(device["max_input_channels"]),
            outputs=int(device["max_output_channels"]),
            rate=round(device["default_samplerate"]),
        )
        for device in library.query_devices()
    ]


def _choose(devices: list[Device], library: ModuleType, what: str, wanted: str) -> Device:
    is_input = what == "microphone"
    usable = [d for d in devices if (d.inputs if is_input else d.outputs)]
    default = library.default.device[0 if is_input else 1]
    for device in usable:
        named = wanted and wanted.casefold() in device.name.casefold()
        if named or (not wanted and device.index == default):
            return device
    if usable and not wanted:
        return usable[0]
    there = ", ".join(repr(device.name) for device in usable) or "none"
    missing = f"there is no {what} {wanted!r}" if wanted else f"there is no {what}"
    key = "audio.input" if is_input else "audio.output"
    raise Temporary(f"{missing}; there is: {there}", remedy=f"plug it in or set {key}")


def _at_a_rate_it_can(
    library: ModuleType, device: Device, build: Callable[[ModuleType, int, int], _Native]
) -> _Native:
    error_class: type[Exception] = library.PortAudioError
    try:
        return build(library, device.index, SAMPLE_RATE)
    except error_class:
        if device.rate == SAMPLE_RATE:
            raise
        return build(library, device.index, device.rate)
