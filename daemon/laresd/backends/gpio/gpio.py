"""The one file that imports gpiozero: inputs and single LEDs on the pins of a board.

Pins are named as gpiozero names them: GPIO17, BOARD11, J8:11.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import gpiozero  # type: ignore[import-untyped]  # has no types; nothing of it leaves this file

from laresd.backends.gpio.chips import Colour
from laresd.backends.gpio.spi import lgpio
from laresd.errors import ConfigError, Permanent, Temporary

REMEDY = (
    "on a Raspberry Pi let this user be in the group gpio; on a machine without pins leave [pins] "
    'empty and set lights.kind = "none"'
)


class Factory(Protocol):
    """A gpiozero pin factory."""

    def close(self) -> None: ...


Errors = tuple[type[Exception], ...]
TROUBLE: Errors = (OSError, gpiozero.GPIOZeroError)


def open_board() -> Board:
    """The board that this is. Raises Permanent where there are no pins that can be used."""
    library = lgpio()
    trouble: Errors = (*TROUBLE, library.error)
    try:
        from gpiozero.pins.lgpio import (  # type: ignore[import-untyped]  # noqa: PLC0415
            LGPIOFactory,
        )

        return Board(LGPIOFactory(), trouble)
    except (ImportError, OSError, gpiozero.GPIOZeroError, library.error) as error:
        raise Permanent(f"this machine has no pins to use: {error}", remedy=REMEDY) from error


@dataclass(slots=True)
class Board:
    """What is on the pins; closing it frees them. `factory`: of gpiozero; `trouble`: what its pins
    raise when they cannot be had, read or set.

    Opening raises ConfigError for a pin that there is not, or that has another use here already,
    and Permanent for one that another program has.
    """

    factory: Factory
    trouble: Errors = TROUBLE
    _opened: list[_Device] = field(default_factory=list)

    def contact(
        self, pin: str, *, pulled_up: bool, on_edge: Callable[[], None]
    ) -> Callable[[], bool]:
        """Gives whether the contact there is closed: to ground if `pulled_up`, else to 3.3 V.

        `on_edge` is called from another thread. What is given raises Temporary when the pin cannot
        be read.
        """
        with self._naming(pin):
            device = gpiozero.DigitalInputDevice(
                pin, pull_up=pulled_up, bounce_time=None, pin_factory=self.factory
            )
        self._opened.append(device)
        device.when_activated = device.when_deactivated = on_edge

        def closed() -> bool:
            try:
                return bool(device.is_active)
            except self.trouble as error:
                raise Temporary(f"the pin {pin!r} cannot be read: {error}") from error

        return closed

    def power(self, pin: str) -> None:
        """Hold it high until the board is closed: it feeds the lamps of some."""
        with self._naming(pin):
            self._opened.append(
                gpiozero.DigitalOutputDevice(pin, initial_value=True, pin_factory=self.factory)
            )

    def led(self, pins: Sequence[str], *, active_high: bool = True) -> LedRow:
        """One pin: a lamp that only shines, by the brightest part of a colour; three: red, green
        and blue. Dimmed by pulses (PWM).
        """
        parts: list[_Led] = []
        for pin in pins:
            with self._naming(pin):
                lamp = gpiozero.PWMLED(pin, active_high=active_high, pin_factory=self.factory)
            self._opened.append(lamp)
            parts.append(lamp)
        return LedRow(tuple(parts), self.trouble)

    def close(self) -> None:
        while self._opened:
            with contextlib.suppress(*self.trouble):
                self._opened.pop().close()
        with contextlib.suppress(*self.trouble):
            self.factory.close()

    @contextlib.contextmanager
    def _naming(self, pin: str) -> Iterator[None]:
        try:
            yield
        except gpiozero.GPIODeviceError as error:  # used twice
            raise ConfigError(f"the pin {pin!r} cannot be used: {error}") from error
        except gpiozero.PinError as error:
            raise ConfigError(
                f"the pin {pin!r} cannot be used: {error}", remedy='name it as in "GPIO17"'
            ) from error
        except self.trouble as error:
            raise Permanent(
                f"the pin {pin!r} cannot be had: {error}",
                remedy="see what else uses it: gpioinfo, and the overlays in config.txt",
            ) from error


@dataclass(frozen=True, slots=True)
class LedRow:
    """Port Row of one lamp."""

    parts: tuple[_Led, ...]
    trouble: Errors
    lamps: int = 1

    def show(self, colours: Sequence[Colour]) -> None:
        colour = colours[0]
        levels = colour if len(self.parts) == len(colour) else (max(colour),)
        try:
            for part, level in zip(self.parts, levels, strict=True):
                part.value = level / 255
        except self.trouble as error:
            raise Temporary(f"a lamp cannot be set: {error}") from error

    def close(self) -> None:
        with contextlib.suppress(Temporary):
            self.show([(0, 0, 0)])


class _Device(Protocol):
    def close(self) -> None: ...


class _Led(_Device, Protocol):
    value: float
