"""The section on the machine itself; see sections.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Board:
    relieve: bool = True  # when memory is short, do without what nobody waits for
    stall_percent: float = 10.0  # of the time waiting for memory, from which it is short
    available_percent: float = 6.0  # of the memory, below which it is short as well
    boost: bool = False  # clock governor "performance" while a turn runs, where it may be set
    kwh_price: float = 0.0  # of electricity, in your currency; 0: not told
