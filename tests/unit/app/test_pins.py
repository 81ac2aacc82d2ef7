"""The panel of a board: mock pins, and a voice that notes what the buttons have it do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin  # type: ignore[import-untyped]

from laresd.app.pins import TAP_S, Panel, on_mute, panel
from laresd.backends.clock import SystemClock
from laresd.backends.gpio.gpio import Board
from laresd.config import Config, Lights, Pins
from laresd.errors import ConfigError, Permanent, Temporary
from laresd.frontends.voice import MutableSource
from laresd.turns import Sign
from tests.fakes.audio import FakeSource
from tests.fakes.virtual_time import virtual_time

PINS = Pins(talk_button="GPIO5", wake_button="GPIO6", mute_button="GPIO13", mute_switch="GPIO17")
CONFIG = Config(pins=PINS, lights=Lights("rgb", pins=("GPIO22", "GPIO23", "GPIO24")))
OWN = ""


class Voice:
    """What the buttons did, in order; it shows its signs on the panel, as the real one does."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.panel: Panel | None = None
        self.failure: Temporary | None = None

    async def open_ear(self, seconds: float) -> None:
        if self.failure is not None:
            raise self.failure
        self.did.append(f"open {seconds:g}")
        self.show(Sign.LISTENING)

    async def hold_ear(self) -> None:
        self.did.append("hold")
        self.show(Sign.LISTENING)

    def release_ear(self, *, ends: bool) -> None:
        self.did.append("end" if ends else "listen on")

    def cancel(self) -> None:
        self.did.append("cancel")
        self.show(Sign.IDLE)

    def show(self, sign: Sign) -> None:
        assert self.panel is not None
        self.panel.show(sign, OWN)


class Ears:
    def __init__(self, microphone: MutableSource) -> None:
        self._microphone = microphone
        self.failure: Temporary | None = None

    async def switch(self, name: str, on: bool) -> None:
        if self.failure is not None:
            raise self.failure
        assert name == "mute"
        self._microphone.mute(on)


@dataclass(slots=True)
class Box:
    """A box with its panel. `microphone` and `ears` as the panel wants them of a house."""

    factory: MockFactory
    panel: Panel
    voice: Voice
    microphone: MutableSource
    ears: Ears

    async def press(self, pin: str) -> None:
        self.factory.pin(pin).drive_low()
        await asyncio.sleep(0.1)

    async def release(self, pin: str) -> None:
        self.factory.pin(pin).drive_high()
        await asyncio.sleep(0.1)

    async def tap(self, pin: str) -> None:
        await self.press(pin)
        await self.release(pin)

    async def shows(self, *colour: float) -> bool:
        """Soon, since a thread writes it, which virtual time does not wait for."""
        for _ in range(20_000):
            pins = [self.factory.pin(pin) for pin in CONFIG.lights.pins]
            if tuple(round(pin.state, 2) for pin in pins) == colour:
                return True
            await asyncio.to_thread(time.sleep, 0.001)
        return False


def mock_pins() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


@asynccontextmanager
async def boxed(config: Config = CONFIG, factory: MockFactory | None = None) -> AsyncIterator[Box]:
    factory = factory or mock_pins()
    async with (
        panel(config, SystemClock(), lambda: Board(factory)) as made,
        asyncio.TaskGroup() as tasks,
    ):
        voice = Voice()
        voice.panel = made
        microphone = MutableSource(FakeSource(b""), on_change=made.muted)
        box = Box(factory, made, voice, microphone, Ears(microphone))
        made.guard(microphone)
        run = tasks.create_task(made.run(voice, box))
        await asyncio.sleep(0.1)
        yield box
        run.cancel()


@virtual_time
async def test_a_talk_button_listens_while_it_is_held_and_its_release_ends_the_utterance() -> None:
    async with boxed() as box:
        await box.press("GPIO5")
        assert box.voice.did == ["hold"]
        await asyncio.sleep(4)
        assert box.voice.did == ["hold"]
        await box.release("GPIO5")
        assert box.voice.did == ["hold", "end"]
        box.voice.show(Sign.THINKING)
        await asyncio.sleep(5)
        assert box.voice.did == ["hold", "end"]


@virtual_time
async def test_a_tap_on_the_talk_button_listens_on_as_after_the_wake_word() -> None:
    assert TAP_S > 0.2
    async with boxed() as box:
        await box.tap("GPIO5")
        await asyncio.sleep(3)
        assert box.voice.did == ["hold", "listen on"]


@pytest.mark.parametrize("sign", [Sign.THINKING, Sign.SPEAKING])
def test_the_wake_button_interrupts_the_box_and_listens(sign: Sign) -> None:
    @virtual_time
    async def test() -> None:
        async with boxed() as box:
            box.voice.show(sign)
            await box.tap("GPIO6")
            assert box.voice.did == ["cancel", "open 5"]

    test()


@virtual_time
async def test_the_wake_button_opens_the_ear_and_a_second_press_closes_it() -> None:
    async with boxed() as box:
        await box.tap("GPIO6")
        assert box.voice.did == ["open 5"]
        await box.tap("GPIO6")
        assert box.voice.did == ["open 5", "cancel"]


@virtual_time
async def test_a_button_that_cannot_open_the_ear_goes_on_working() -> None:
    async with boxed() as box:
        box.voice.failure = Temporary("the microphone is in use")
        await box.tap("GPIO6")
        box.voice.failure = None
        await box.tap("GPIO6")
        assert box.voice.did == ["open 5"]


@virtual_time
async def test_a_button_that_is_held_down_at_the_start_is_not_pressed() -> None:
    factory = mock_pins()
    made = factory.pin("GPIO6")
    async with boxed(factory=factory) as box:
        assert made.state and box.voice.did == []
    factory = mock_pins()
    async with panel(CONFIG, SystemClock(), lambda: Board(factory)) as down:
        voice = Voice()
        voice.panel = down
        factory.pin("GPIO6").drive_low()
        microphone = MutableSource(FakeSource(b""), on_change=down.muted)
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(
                down.run(voice, Box(factory, down, voice, microphone, Ears(microphone)))
            )
            await asyncio.sleep(3)
            assert voice.did == []
            run.cancel()


@virtual_time
async def test_the_mute_button_switches_the_microphone_off_and_on_again() -> None:
    async with boxed() as box:
        await box.tap("GPIO13")
        assert box.microphone.muted
        await box.tap("GPIO13")
        assert not box.microphone.muted
        box.ears.failure = Temporary("no space left")
        await box.tap("GPIO13")
        box.ears.failure = None
        await box.tap("GPIO13")
        assert box.microphone.muted


@virtual_time
async def test_what_the_mute_switch_says_no_button_can_change() -> None:
    async with boxed() as box:
        box.voice.show(Sign.SPEAKING)
        await box.press("GPIO17")
        assert box.microphone.muted and box.voice.did == ["cancel"]
        await box.tap("GPIO13")
        await box.tap("GPIO13")
        assert box.microphone.muted
        await box.release("GPIO17")
        assert not box.microphone.muted


@pytest.mark.parametrize(("says", "muted"), [("closed", False), ("open", True)])
def test_the_mute_switch_is_asked_before_the_microphone_is_opened(
    says: Literal["closed", "open"], muted: bool
) -> None:
    @virtual_time
    async def test() -> None:
        config = replace(CONFIG, pins=replace(PINS, muted=says))
        async with panel(config, SystemClock(), lambda: Board(mock_pins())) as made:
            microphone = MutableSource(FakeSource(b""), on_change=made.muted)
            made.guard(microphone)
            assert microphone.muted is muted

    test()


@virtual_time
async def test_a_mute_switch_that_cannot_be_read_leaves_nobody_listening() -> None:
    def none() -> Board:
        raise Permanent("this machine has no pins to use")

    async with panel(CONFIG, SystemClock(), none) as made:
        microphone = MutableSource(FakeSource(b""), on_change=made.muted)
        made.guard(microphone)
        microphone.mute(False)
        assert microphone.muted


@virtual_time
async def test_a_pin_that_another_program_has_leaves_the_others_working() -> None:
    class Busy(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
        def _set_pull(self, value: str) -> None:
            if value == "up" and str(self.info.name) in ("GPIO13", "GPIO17"):
                raise OSError("GPIO busy")
            super()._set_pull(value)

    async with boxed(factory=MockFactory(pin_class=Busy)) as box:
        assert box.microphone.muted  # nobody knows what the switch says
        await box.tap("GPIO6")
        assert box.voice.did == ["open 5"]


@virtual_time
async def test_the_lamps_show_the_sign_and_that_the_microphone_is_off() -> None:
    async with boxed() as box:
        assert await box.shows(0, 0, 0)
        box.voice.show(Sign.LISTENING)
        await asyncio.sleep(0.1)
        assert await box.shows(0, 0.05, 0.3)
        box.voice.show(Sign.IDLE)
        await box.press("GPIO17")
        assert await box.shows(0.09, 0, 0)


@virtual_time
async def test_whatever_shows_signs_is_told_that_the_microphone_was_switched() -> None:
    class Shown:
        def __init__(self) -> None:
            self.signs: list[tuple[Sign, str]] = []

        def show(self, sign: Sign, site: str) -> None:
            self.signs.append((sign, site))

    async with boxed() as box:
        earcons = Shown()
        tell = on_mute(box.panel, [earcons])
        tell(True)
        assert await box.shows(0.09, 0, 0)
        tell(False)
        assert await box.shows(0, 0, 0)
        assert earcons.signs == [(Sign.MUTED, ""), (Sign.IDLE, "")]


@virtual_time
async def test_a_box_without_pins_and_lamps_does_nothing() -> None:
    def never() -> Board:
        raise AssertionError("nobody wants pins")

    async with panel(Config(), SystemClock(), never) as made:
        microphone = MutableSource(FakeSource(b""), on_change=made.muted)
        made.guard(microphone)
        made.show(Sign.LISTENING, OWN)
        await made.run(Voice(), Box(None, made, Voice(), microphone, Ears(microphone)))
        assert not microphone.muted


@virtual_time
async def test_lamps_that_cannot_be_had_leave_the_buttons_working() -> None:
    config = replace(CONFIG, lights=Lights("apa102", spi_bus=77))
    async with boxed(config) as box:
        await box.tap("GPIO6")
        assert box.voice.did == ["open 5"]


@pytest.mark.parametrize(
    ("lights", "said"),
    [
        (Lights("rgb", pins=("GPIO22",)), "rgb needs 3"),
        (Lights("led"), "led needs 1"),
        (Lights("led", pins=("GPIO99",)), "GPIO99"),
        (Lights("led", pins=("GPIO5",)), "GPIO5"),  # the talk button's
        (Lights(signs={"idle": "mauve"}), "mauve"),
    ],
)
def test_what_is_wrong_in_the_configuration_stops_the_start(lights: Lights, said: str) -> None:
    @virtual_time
    async def test() -> None:
        with pytest.raises(ConfigError, match=said):
            async with panel(
                replace(CONFIG, lights=lights), SystemClock(), lambda: Board(mock_pins())
            ):
                pass

    test()
