"""Gives commands to the broker: kept until a deadline while it is away, never twice on doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from laresd.backends.home.settings import Write
from laresd.ports import Bus
from laresd.types import Command, Sent

LOOK = 0.05  # seconds between two looks at a device's state
_ONCE = frozenset(
    {
        Command.TOGGLE,
        Command.PRESS,
        Command.ACTIVATE,
        Command.PLAY,  # many players take it for "play or pause"
        Command.PAUSE,
        Command.NEXT,
        Command.PREVIOUS,
        Command.ADD_ITEM,
    }
)


def repeatable(command: Command) -> bool:
    """Whether it names the state that is wanted, so that a second time changes nothing."""
    return command not in _ONCE


class DeviceWord(Protocol):
    """What a device says of itself while a command waits for its echo."""

    @property
    def denials(self) -> int:
        """How often it said just now, with certainty, that it is not as it was asked to be."""
        ...

    def is_so(self) -> bool:
        """Whether it is as it was asked to be, as far as it said."""
        ...


class Delivery:
    """`echo_timeout`: seconds that a device gets to tell its state after an outage."""

    def __init__(self, bus: Bus, echo_timeout: float, wall: Callable[[], float]) -> None:
        self._bus = bus
        self._echo_timeout = echo_timeout
        self._wall = wall

    async def give(
        self, write: Write, command: Command, device: DeviceWord, deadline: float
    ) -> Sent:
        """Have the broker take it, or have it kept. Raises what `Bus.publish` raises.

        Where the connection broke before the acknowledgement, the device's own word says whether it
        heard: as it is asked to be, it did; said to be otherwise since, it did not. Without a word
        only what is harmless twice is sent again, and the rest is Sent.UNKNOWN. A code is never
        kept on disk: it fails while the broker is away.
        """
        while True:
            left = deadline - asyncio.get_running_loop().time()
            sent = await self._bus.publish(
                write.topic,
                write.payload,
                retain=write.retain,
                expiry_s=left,
                keep_until=None if write.secret else self._wall() + left,
                repeatable=repeatable(command) and not self._bus.connected,
            )
            if sent is not Sent.UNKNOWN:
                return sent
            await self._bus.wait_connected(deadline=deadline)
            heard = await self._heard(device)
            if heard:
                return Sent.NOW
            if heard is None and not repeatable(command):
                return Sent.UNKNOWN

    async def _heard(self, device: DeviceWord) -> bool | None:
        """Whether the device did what it was told, as far as it says so within its time."""
        loop = asyncio.get_running_loop()
        until, before = loop.time() + self._echo_timeout, device.denials
        while loop.time() < until:
            if device.is_so():
                return True
            if device.denials > before:
                return False
            await asyncio.sleep(LOOK)
        return None
