"""Sound cards through PortAudio: the one file that knows sounddevice.

PortAudio reads its list of devices only when it starts, which it can only while no stream is open.
So a card that was plugged in later is found by closing all streams, starting PortAudio anew, and
opening them again: a gap of some hundredths of a second, and only when the kernel's list of cards
has changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Protocol

from laresd.backends.audio.card import Gone, Hear, Stream, Supply
from laresd.errors import Permanent, Temporary
from laresd.sound import Resampler, all_channels, one_channel
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

log = logging.getLogger(__name__)

BLOCKS_PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES
OUTPUT_DELAY_S = 0.03  # from the samples to the air, on a machine that keeps up
LONGEST_DELAY_S = 0.24
UNDERRUNS = 3  # of a stream, after which the next one gets twice the time
MAX_CHANNELS = 32  # plugins offer hundreds
CARDS = Path("/proc/asound/cards")


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device. `rate`: its own sample rate in hertz."""

    index: int
    name: str
    inputs: int
    outputs: int
    rate: int


@dataclass(frozen=True, slots=True)
class Form:
    """How a device is opened."""

    rate: int
    channels: int


def plugged_in() -> str:
    """The kernel's sound cards; "" where it tells of none."""
    try:
        return CARDS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class PortAudio:
    """The SoundCard of real machines, one for a process: PortAudio starts and ends for all of it.
    Every method blocks: call them in a thread.

    A device that cannot do 16 kHz mono is opened in its own form and converted.
    """

    def __init__(self, cards: Callable[[], str] = plugged_in) -> None:
        self._lock = threading.Lock()
        self._streams: list[_Stream] = []
        self._cards = cards
        self._known_cards = ""
        self._delay_s = OUTPUT_DELAY_S

    def devices(self) -> list[Device]:
        """What is plugged in now. Raises Permanent when PortAudio is not installed."""
        with self._library("the sound devices") as library:
            return _devices(library)

    def open_input(self, device: str, channel: int, hear: Hear, gone: Gone) -> Stream:
        def build(library: ModuleType, ended: Gone) -> _Native:
            found = _choose(_devices(library), library, "microphone", device)
            if found.inputs < channel:
                raise Temporary(
                    f"{found.name!r} has {found.inputs} channels, not {channel}",
                    remedy="correct audio.channel",
                )
            forms = _forms(found.rate, channel, found.inputs)
            return _first(
                library,
                forms,
                partial(_input, library, found, channel=channel, hear=hear, ended=ended),
            )

        return self._open("microphone", build, gone)

    def open_output(self, device: str, supply: Supply, gone: Gone) -> Stream:
        delay_s = self._delay_s

        def build(library: ModuleType, ended: Gone) -> _Native:
            found = _choose(_devices(library), library, "loudspeaker", device)
            forms = _forms(found.rate, 1, found.outputs)
            how = partial(_output, supply=supply, ended=ended, too_slow=self._too_slow)
            return _first(library, forms, partial(how, library, found, delay_s=delay_s))

        return self._open("loudspeaker", build, gone, delay_s)

    def _too_slow(self) -> None:
        """The machine did not give the loudspeaker its sound in time, again and again."""
        if self._delay_s < LONGEST_DELAY_S:
            self._delay_s *= 2
            log.info("the loudspeaker gets its sound %.0f ms ahead now", self._delay_s * 1000)

    def _open(self, what: str, build: _Build, gone: Gone, delay_s: float = 0.0) -> Stream:
        stream = _Stream(build, gone, self._closed, delay_s)
        with self._library(f"the {what}") as library:
            stream.start(library)
            self._streams.append(stream)
        return stream

    def _closed(self, stream: _Stream) -> None:
        with self._lock:
            stream.stop()
            if stream in self._streams:
                self._streams.remove(stream)

    @contextmanager
    def _library(self, what: str) -> Iterator[ModuleType]:
        """The library with a list of devices that is true now.

        PortAudio's errors become Temporary: a device may be back the next time.
        """
        with self._lock:
            library = _load()
            try:
                self._look_again(library)
                yield library
            except library.PortAudioError as error:
                remedy = "see: lares doctor"
                raise Temporary(f"cannot open {what}: {error}", remedy=remedy) from error

    def _look_again(self, library: ModuleType) -> None:
        cards = self._cards()
        if self._streams and cards == self._known_cards:
            return
        for stream in self._streams:
            stream.stop()
        library._terminate()
        library._initialize()
        self._known_cards = cards
        for stream in self._streams:
            stream.start_again(library)


class _Buffer(Protocol):
    """The samples of one callback, in PortAudio's own memory."""

    def __bytes__(self) -> bytes: ...

    def __setitem__(self, key: slice, value: bytes) -> None: ...


class _Times(Protocol):
    """PortAudio's times of one callback, on a clock of its own."""

    @property
    def currentTime(self) -> float: ...  # noqa: N802  # PortAudio's name

    @property
    def inputBufferAdcTime(self) -> float: ...  # noqa: N802

    @property
    def outputBufferDacTime(self) -> float: ...  # noqa: N802


class _Status(Protocol):
    """What went wrong before a callback."""

    @property
    def output_underflow(self) -> bool: ...


class _Native(Protocol):
    def start(self) -> None: ...

    def close(self) -> None: ...


_Build = Callable[[ModuleType, Gone], _Native]
"""(library, told when the stream has ended) -> a stream that is not started."""


class _Stream:
    """A stream that can be opened again without its user noticing more than a gap."""

    def __init__(
        self, build: _Build, gone: Gone, on_close: Callable[[_Stream], None], delay_s: float
    ) -> None:
        self.delay_s = delay_s
        self._build = build
        self._gone = gone
        self._on_close = on_close
        self._native: _Native | None = None
        self._runs = False

    def start(self, library: ModuleType) -> None:
        self._native = self._build(library, self._ended)
        self._runs = True
        self._native.start()

    def start_again(self, library: ModuleType) -> None:
        try:
            self.start(library)
        except (library.PortAudioError, Temporary):
            self._gone()

    def stop(self) -> None:
        self._runs = False
        native, self._native = self._native, None
        if native is not None:
            native.close()

    def close(self) -> None:
        self._on_close(self)

    def _ended(self) -> None:
        if self._runs:  # else it was told to
            self._gone()


class _Puller:
    """Mono sound at a device's own rate, drawn from a supply at 16 kHz."""

    def __init__(self, supply: Supply, rate: int) -> None:
        self._supply = supply
        self._rate = rate
        self._converter = Resampler(SAMPLE_RATE, rate)
        self._ready = bytearray()

    def take(self, frames: int, at: float) -> bytes:
        while len(self._ready) < 2 * frames:
            ahead = len(self._ready) / 2 / self._rate
            missing = frames - len(self._ready) // 2
            samples = max(1, -(-missing * SAMPLE_RATE // self._rate))
            self._ready += self._converter.feed(self._supply(samples, at + ahead))
        taken = bytes(self._ready[: 2 * frames])
        del self._ready[: 2 * frames]
        return taken


def _input(
    library: ModuleType, device: Device, form: Form, *, channel: int, hear: Hear, ended: Gone
) -> _Native:
    converter = Resampler(form.rate, SAMPLE_RATE)

    def on_audio(data: _Buffer, frames: int, times: _Times, status: object) -> None:
        at = time.monotonic() + times.inputBufferAdcTime - times.currentTime
        hear(converter.feed(one_channel(bytes(data), form.channels, channel - 1)), at)

    native: _Native = library.RawInputStream(
        samplerate=form.rate,
        blocksize=round(form.rate / BLOCKS_PER_SECOND),
        device=device.index,
        channels=form.channels,
        dtype="int16",
        callback=on_audio,
        finished_callback=ended,
    )
    return native


def _output(
    library: ModuleType,
    device: Device,
    form: Form,
    *,
    supply: Supply,
    ended: Gone,
    delay_s: float,
    too_slow: Callable[[], None],
) -> _Native:
    puller = _Puller(supply, form.rate)
    underruns = 0

    def on_need(data: _Buffer, frames: int, times: _Times, status: _Status) -> None:
        nonlocal underruns
        at = time.monotonic() + times.outputBufferDacTime - times.currentTime
        data[:] = all_channels(puller.take(frames, at), form.channels)
        underruns += bool(status.output_underflow)
        if status.output_underflow and underruns == UNDERRUNS:
            too_slow()

    native: _Native = library.RawOutputStream(
        samplerate=form.rate,
        device=device.index,
        channels=form.channels,
        dtype="int16",
        latency=delay_s,
        callback=on_need,
        finished_callback=ended,
    )
    return native


def _forms(own_rate: int, wanted: int, most: int) -> list[Form]:
    """16 kHz and as few channels as wanted first; then what the device has itself."""
    rates = dict.fromkeys((SAMPLE_RATE, own_rate))
    channels = sorted({n for n in (wanted, 2, min(most, MAX_CHANNELS)) if wanted <= n <= most})
    return [Form(rate, count) for count in channels for rate in rates]


def _first(library: ModuleType, forms: Sequence[Form], build: Callable[[Form], _Native]) -> _Native:
    """The stream of the first form that the device can do."""
    error_class: type[Exception] = library.PortAudioError
    for form in forms[:-1]:
        try:
            return build(form)
        except error_class as error:
            log.debug("a sound device cannot do %s: %s", form, error)
    return build(forms[-1])


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
