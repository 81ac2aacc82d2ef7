"""Gives commands to the broker: kept until a deadline while it is away, never twice on doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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


class Delivery:
    """`echo_timeout`: seconds that a device gets to tell its state after an outage."""

    def __init__(self, bus: Bus, echo_timeout: float, wall: Callable[[], float]) -> None:
        self._bus = bus
        self._echo_timeout = echo_timeout
        self._wall = wall

    async def give(
        self, write: Write, command: Command, is_so: Callable[[], bool], deadline: float
    ) -> Sent:
        """Have the broker take it, or have it kept. Raises what `Bus.publish` raises.

        Where the connection broke before the acknowledgement, the device's own state (`is_so`) says
        whether it was heard. Without a word from it only what is harmless twice is sent again, and
        the rest is Sent.UNKNOWN. A code is never kept on disk: it fails while the broker is away.
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
            if await self._comes_so(is_so):
                return Sent.NOW
            if not repeatable(command):
                return Sent.UNKNOWN

    async def _comes_so(self, is_so: Callable[[], bool]) -> bool:
        """Whether the device is so, or is within its time for an echo."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._echo_timeout
        while not is_so():
            if loop.time() >= until:
                return False
            await asyncio.sleep(LOOK)
        return True
