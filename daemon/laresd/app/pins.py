"""The panel of a board: its lamps show what the box does, its buttons and switches are obeyed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Protocol

from laresd.backends.gpio.chips import APA102_HZ, WS2812_HZ, apa102, ws2812
from laresd.backends.gpio.contact import Contact
from laresd.backends.gpio.gpio import Board, open_board
from laresd.backends.gpio.lamps import Lamps, Row
from laresd.backends.gpio.spi import SpiRow
from laresd.config import Config, Lights, Pins
from laresd.core.signals import Scheme, table
from laresd.errors import ConfigError, LaresError
from laresd.frontends.home_assistant.ears import MUTE
from laresd.ports import Clock, Signs
from laresd.turns import Sign

log = logging.getLogger(__name__)

TAP_S = 0.35  # a talk button that is let go so soon listens on, as after the wake word
SWITCH = "mute_switch"


class Voice(Protocol):
    """What of the voice frontend the buttons use."""

    async def open_ear(self, seconds: float) -> None: ...

    async def hold_ear(self) -> None: ...

    def release_ear(self, *, ends: bool) -> None: ...

    def cancel(self) -> None: ...


class Microphone(Protocol):
    """What of the box's own microphone they use (frontends.voice.MutableSource)."""

    @property
    def muted(self) -> bool: ...

    @property
    def off(self) -> bool: ...

    def hold(self, held: bool) -> None: ...


class Ears(Protocol):
    """What is switched, and kept over a restart (frontends.home_assistant.Ears)."""

    async def switch(self, name: str, on: bool) -> None: ...


class House(Protocol):
    """What of this box may be switched (app.house.House); None: there is no microphone."""

    @property
    def microphone(self) -> Microphone | None: ...

    @property
    def ears(self) -> Ears | None: ...


class Panel:
    """Port Signs. `guard` before the microphone is opened; keep `run` running. What is not there
    costs nothing: no pins, no lamps, no microphone.
    """

    def __init__(
        self,
        settings: Pins,
        clock: Clock,
        contacts: Mapping[str, Contact],
        lamps: Lamps | None,
        seconds: float,
    ) -> None:
        """`seconds` that an ear stays open while nobody speaks."""
        self._settings = settings
        self._clock = clock
        self._contacts = contacts
        self._lamps = lamps
        self._seconds = seconds
        self._sign = Sign.IDLE
        self._pressed_at = 0.0  # the talk button

    def show(self, sign: Sign, site: str) -> None:
        if site == "":
            self._sign = sign
        if self._lamps is not None:
            self._lamps.show(sign, site)

    def muted(self, muted: bool) -> None:
        """The microphone was switched off or on, by whomever."""
        if self._lamps is not None:
            self._lamps.mute(muted)

    def guard(self, microphone: Microphone | None) -> None:
        """Have the mute switch hold it off, or a switch that is wanted and cannot be read: in doubt
        nobody is listened to.
        """
        if microphone is None:
            return
        if self._settings.mute_switch:
            microphone.hold(self._says_muted())
        self.muted(microphone.muted)

    async def run(self, voice: Voice, house: House) -> None:
        """Until cancelled."""
        microphone, ears = house.microphone, house.ears
        work: Mapping[str, Callable[[Contact], Coroutine[None, None, None]]] = {
            "talk_button": lambda one: _follow(one, partial(self._talk, voice)),
            "wake_button": lambda one: _follow(one, partial(self._wake, voice)),
            "mute_button": lambda one: _follow(one, partial(self._toggle, microphone, ears)),
            SWITCH: lambda one: self._switch(one, voice, microphone),
        }
        async with asyncio.TaskGroup() as tasks:
            if self._lamps is not None:
                tasks.create_task(_alone("lamps", self._lamps.run()), name="lamps")
            for name, contact in self._contacts.items():
                tasks.create_task(_alone(name, work[name](contact)), name=name)

    async def _talk(self, voice: Voice, closed: bool) -> None:
        if closed:
            self._pressed_at = self._clock.now()
            self._stop(voice)
            await _opened_by(voice.hold_ear())
        else:
            voice.release_ear(ends=self._clock.now() - self._pressed_at >= TAP_S)

    async def _wake(self, voice: Voice, closed: bool) -> None:
        """While somebody is listened to, the button ends that."""
        if closed:
            listened = self._sign is Sign.LISTENING
            self._stop(voice)
            if not listened:
                await _opened_by(voice.open_ear(self._seconds))

    def _stop(self, voice: Voice) -> None:
        if self._sign in (Sign.LISTENING, Sign.THINKING, Sign.SPEAKING):
            voice.cancel()

    async def _toggle(self, microphone: Microphone | None, ears: Ears | None, closed: bool) -> None:
        if closed and microphone is not None and ears is not None:
            try:
                await ears.switch(MUTE, not microphone.off)
            except LaresError as error:
                log.warning("the mute button: %s", error)

    async def _switch(self, contact: Contact, voice: Voice, microphone: Microphone | None) -> None:
        if microphone is None:
            return
        try:
            async with aclosing(contact.changes()) as changes:
                async for _ in changes:
                    held = self._says_muted()
                    if held and not microphone.muted:
                        voice.cancel()
                    microphone.hold(held)
        except LaresError:
            microphone.hold(True)
            raise

    def _says_muted(self) -> bool:
        """Also where the switch cannot be read."""
        why = "its pin cannot be had"
        if (contact := self._contacts.get(SWITCH)) is not None:
            try:
                return contact.closed is (self._settings.muted == "closed")
            except LaresError as error:
                why = str(error)
        log.error("the mute switch cannot be read, so the microphone stays off: %s", why)
        return True


@asynccontextmanager
async def panel(
    config: Config, clock: Clock, opened: Callable[[], Board] = open_board
) -> AsyncIterator[Panel]:
    """What of it can be opened; what cannot is told in the log. Raises ConfigError for a pin or a
    light that there is not.
    """
    scheme = Scheme(table(config.lights.signs), config.lights.brightness)
    board = await _board(config, opened)
    try:
        contacts = _contacts(config.pins, board, clock) if board is not None else {}
        seconds = config.turn.start_timeout_ms / 1000
        row = await _row(config.lights, board)
        if row is None:
            yield Panel(config.pins, clock, contacts, None, seconds)
        else:
            async with Lamps(row, scheme, clock) as lamps:
                yield Panel(config.pins, clock, contacts, lamps, seconds)
    finally:
        if board is not None:
            await asyncio.to_thread(board.close)


def on_mute(panel: Panel, others: Sequence[Signs]) -> Callable[[bool], None]:
    """Who is to be told when the microphone was switched: the panel, and whatever else shows
    signs.
    """

    def told(muted: bool) -> None:
        panel.muted(muted)
        for one in others:
            one.show(Sign.MUTED if muted else Sign.IDLE, "")

    return told


async def _board(config: Config, opened: Callable[[], Board]) -> Board | None:
    """None where no pin is wanted, or none can be had."""
    lights = config.lights
    if not _wired(config.pins) and not lights.power_pin and lights.kind not in ("led", "rgb"):
        return None
    try:
        return await asyncio.to_thread(opened)
    except LaresError as error:
        log.error("no buttons, switches and lamps: %s", error)
        return None


def _wired(pins: Pins) -> dict[str, str]:
    """The pins that are wanted, by what is on them."""
    every = {
        "talk_button": pins.talk_button,
        "wake_button": pins.wake_button,
        "mute_button": pins.mute_button,
        SWITCH: pins.mute_switch,
    }
    return {name: pin for name, pin in every.items() if pin}


def _contacts(pins: Pins, board: Board, clock: Clock) -> dict[str, Contact]:
    """Those that can be had. Raises ConfigError for a pin that there is not."""
    contacts: dict[str, Contact] = {}
    for name, pin in _wired(pins).items():
        try:
            contacts[name] = _contact(pins, board, clock, pin)
        except ConfigError:
            raise
        except LaresError as error:
            log.error("pins.%s: %s", name, error)
    return contacts


def _contact(pins: Pins, board: Board, clock: Clock, pin: str) -> Contact:
    edge, loop = asyncio.Event(), asyncio.get_running_loop()

    def touched() -> None:
        loop.call_soon_threadsafe(edge.set)

    read = board.contact(pin, pulled_up=pins.contacts == "ground", on_edge=touched)
    return Contact(read, edge, clock, pins.debounce_ms / 1000)


async def _row(lights: Lights, board: Board | None) -> Row | None:
    try:
        return await asyncio.to_thread(_opened, lights, board)
    except ConfigError:
        raise
    except LaresError as error:
        log.error("no lamps: %s", error)
        return None


def _opened(lights: Lights, board: Board | None) -> Row | None:
    if board is not None and lights.power_pin:
        board.power(lights.power_pin)
    match lights.kind:
        case "none":
            return None
        case "led" | "rgb":
            count = 1 if lights.kind == "led" else 3
            if len(lights.pins) != count:
                wanted = f"lights.pins has {len(lights.pins)} pins; {lights.kind} needs {count}"
                raise ConfigError(wanted, remedy='for example pins = ["GPIO17"]')
            if board is None:
                return None
            return board.led(lights.pins, active_high=not lights.inverted)
        case "apa102":
            encode, hertz = apa102, APA102_HZ
        case "ws2812":
            encode, hertz = ws2812, WS2812_HZ
    return SpiRow(lights.lamps, encode, bus=lights.spi_bus, device=lights.spi_device, hertz=hertz)


async def _opened_by(opening: Awaitable[None]) -> None:
    try:
        await opening
    except LaresError as error:
        log.info("a button could not open the ear: %s", error)


async def _follow(contact: Contact, do: Callable[[bool], Awaitable[None]]) -> None:
    """A button that is held down when Lares starts is not pressed then."""
    async with aclosing(contact.changes()) as changes:
        await anext(changes)
        async for closed in changes:
            await do(closed)


async def _alone(name: str, run: Coroutine[None, None, None]) -> None:
    """What fails of the panel ends alone."""
    try:
        await run
    except LaresError as error:
        log.error("%s on the board: %s", name, error)
