"""What may be told to a device a second time when nobody knows whether it heard the first."""

from __future__ import annotations

from laresd.types import Command

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
