"""Streams over a PortAudio library that stands in for the real one: forms, plugging, slowness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from laresd.backends.audio import portaudio
from laresd.backends.audio.portaudio import OUTPUT_DELAY_S, UNDERRUNS, PortAudio
from laresd.errors import Temporary
from tests.fakes.audio import SPEECH, levels, speech

TIMES = SimpleNamespace(currentTime=5.0, inputBufferAdcTime=4.97, outputBufferDacTime=5.03)
WELL = SimpleNamespace(output_underflow=False)
LATE = SimpleNamespace(output_underflow=True)


class FakeError(Exception):
    """PortAudio's own."""


@dataclass
class FakeNative:
    """One opened stream, with what it was opened with."""

    options: dict[str, object]
    is_open: bool = True

    def start(self) -> None:
        """It runs by the test's calls."""

    def close(self) -> None:
        self.is_open = False
        self.end()

    def end(self) -> None:
        told = self.options["finished_callback"]
        assert callable(told)
        told()

    def call(self, data: object, frames: int, status: object = WELL) -> None:
        called = self.options["callback"]
        assert callable(called)
        called(data, frames, TIMES, status)


@dataclass
class FakeLibrary:
    """sounddevice with the devices that are plugged in when it starts."""

    plugged: list[dict[str, object]]
    forms: set[tuple[int, int]]  # (rate, channels) that they can do
    opened: list[FakeNative] = field(default_factory=list)
    starts: int = 0
    PortAudioError: type[Exception] = FakeError
    default: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(device=[0, 0]))
    _known: list[dict[str, object]] = field(default_factory=list)

    def _terminate(self) -> None:
        assert not any(native.is_open for native in self.opened)

    def _initialize(self) -> None:
        self.starts += 1
        self._known = list(self.plugged)

    def query_devices(self) -> list[dict[str, object]]:
        return self._known

    def RawInputStream(self, **options: object) -> FakeNative:  # noqa: N802
        return self._open(options)

    def RawOutputStream(self, **options: object) -> FakeNative:  # noqa: N802
        return self._open(options)

    def _open(self, options: dict[str, object]) -> FakeNative:
        if (options["samplerate"], options["channels"]) not in self.forms:
            raise FakeError("Invalid sample rate or number of channels")
        self.opened.append(FakeNative(options))
        return self.opened[-1]


def device(name: str, inputs: int = 2, outputs: int = 2, rate: int = 48_000) -> dict[str, object]:
    return {
        "index": 0,
        "name": name,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "default_samplerate": float(rate),
    }


Given = Callable[..., FakeLibrary]


@pytest.fixture
def given_library(monkeypatch: pytest.MonkeyPatch) -> Given:
    def make(*plugged: dict[str, object], forms: set[tuple[int, int]]) -> FakeLibrary:
        library = FakeLibrary(list(plugged), forms)
        monkeypatch.setattr(portaudio, "_load", lambda: library)
        return library

    return make


def silence(samples: int, at: float) -> bytes:
    return bytes(2 * samples)


def nothing() -> None:
    """Nobody needs to know."""


def test_a_microphone_of_a_hat_is_opened_as_it_is_and_its_channel_taken(
    given_library: Given,
) -> None:
    library = given_library(device("seeed-4mic", inputs=4, rate=16_000), forms={(16_000, 4)})
    heard: list[tuple[bytes, float]] = []
    card = PortAudio(lambda: "")
    card.open_input("SEEED", 3, lambda pcm, at: heard.append((pcm, at)), nothing)
    (native,) = library.opened
    interleaved = b"".join(sample.to_bytes(2, "little") for sample in (1, 2, 3, 4) * 4)
    native.call(interleaved, 4)
    ((pcm, _),) = heard
    assert levels(pcm) == [3]


def test_a_channel_that_the_device_lacks_is_named(given_library: Given) -> None:
    given_library(device("seeed-2mic"), forms={(16_000, 2)})
    with pytest.raises(Temporary, match="'seeed-2mic' has 2 channels, not 5") as caught:
        PortAudio(lambda: "").open_input("", 5, lambda pcm, at: None, nothing)
    assert caught.value.remedy == "correct audio.channel"


@pytest.mark.parametrize("form", [(16_000, 1), (48_000, 1), (16_000, 2), (48_000, 2)])
def test_a_loudspeaker_gets_its_sound_in_the_form_that_it_can_do(
    given_library: Given, form: tuple[int, int]
) -> None:
    rate, channels = form
    library = given_library(device("hdmi"), forms={form})
    asked: list[float] = []

    def supply(samples: int, at: float) -> bytes:
        asked.append(at)
        return speech(1000)[: 2 * samples]

    PortAudio(lambda: "").open_output("", supply, nothing)
    (native,) = library.opened
    data = bytearray(2 * channels * rate // 10)
    native.call(data, rate // 10)
    samples = memoryview(bytes(data)).cast("h")[channels * rate // 20 :]
    assert all(abs(sample - SPEECH) < 50 for sample in samples)
    assert asked == sorted(asked)


def test_a_device_that_can_do_nothing_is_an_error(given_library: Given) -> None:
    given_library(device("odd"), forms=set())
    with pytest.raises(Temporary, match="cannot open the loudspeaker"):
        PortAudio(lambda: "").open_output("", silence, nothing)


def test_a_card_that_is_plugged_in_is_found_while_another_one_is_in_use(
    given_library: Given,
) -> None:
    library = given_library(device("built-in"), forms={(16_000, 1)})
    cards = ["0 built-in"]
    card = PortAudio(lambda: "".join(cards))
    gone: list[str] = []
    playing = card.open_output("built-in", silence, lambda: gone.append("loudspeaker"))
    with pytest.raises(Temporary, match="no microphone 'usb'"):
        card.open_input("usb", 1, lambda pcm, at: None, nothing)
    assert library.starts == 1  # nothing has changed: whoever listens or speaks is left alone
    library.plugged.append(device("usb mic"))
    cards.append("1 usb")
    card.open_input("usb", 1, lambda pcm, at: None, nothing)
    assert library.starts == 2
    assert [native.is_open for native in library.opened] == [False, True, True]
    assert gone == []
    playing.close()
    assert [native.is_open for native in library.opened] == [False, False, True]


def test_a_card_that_is_gone_after_the_others_were_looked_for_is_told_of(
    given_library: Given,
) -> None:
    library = given_library(device("built-in"), device("usb mic"), forms={(16_000, 1)})
    cards = ["both"]
    card = PortAudio(lambda: cards[0])
    gone: list[str] = []
    card.open_input("usb", 1, lambda pcm, at: None, lambda: gone.append("microphone"))
    library.plugged.pop()
    cards[0] = "built-in"
    card.open_output("built-in", silence, lambda: gone.append("loudspeaker"))
    assert gone == ["microphone"]


def test_a_stream_that_its_device_ends_is_told_of_and_one_that_is_closed_is_not(
    given_library: Given,
) -> None:
    library = given_library(device("usb"), forms={(16_000, 1)})
    card = PortAudio(lambda: "")
    gone: list[int] = []
    streams = [card.open_output("", silence, lambda: gone.append(1)) for _ in range(2)]
    streams[0].close()
    streams[0].close()
    assert gone == []
    library.opened[1].end()
    assert gone == [1]


def test_a_machine_that_is_too_slow_gets_the_next_sounds_further_ahead(
    given_library: Given,
) -> None:
    library = given_library(device("usb"), forms={(16_000, 1)})
    card = PortAudio(lambda: "")
    first = card.open_output("", silence, nothing)
    for _ in range(5 * UNDERRUNS):
        library.opened[0].call(bytearray(320), 160, LATE)
    second = card.open_output("", silence, nothing)
    assert (first.delay_s, second.delay_s) == (OUTPUT_DELAY_S, 2 * OUTPUT_DELAY_S)
    assert library.opened[1].options["latency"] == 2 * OUTPUT_DELAY_S


def test_a_piece_is_in_the_air_when_the_sound_system_says(given_library: Given) -> None:
    library = given_library(device("usb"), forms={(16_000, 1)})
    card = PortAudio(lambda: "")
    heard: list[float] = []
    given_out: list[float] = []
    card.open_input("", 1, lambda pcm, at: heard.append(at), nothing)

    def supply(samples: int, at: float) -> bytes:
        given_out.append(at)
        return bytes(2 * samples)

    card.open_output("", supply, nothing)
    library.opened[0].call(bytes(1024), 512)
    library.opened[1].call(bytearray(320), 160)
    assert given_out[0] - heard[0] > 0.0599  # 30 ms before the one call, 30 ms after the other
