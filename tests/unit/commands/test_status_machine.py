"""`lares status` on the machine: what it tells, and nothing for what it does not."""

from __future__ import annotations

from laresd.commands.status import _machine as told
from laresd.core.board_report import Seen, status_row
from laresd.core.power import Need, Spent
from laresd.frames import Fields
from laresd.types import Pressure, Reading


def test_a_machine_that_tells_nothing_is_named() -> None:
    assert told(Fields(status_row(Seen()))) == "unknown, 0.0 GB free"


def test_the_trouble_comes_first() -> None:
    seen = Seen(
        kind="pi-4",
        model="Raspberry Pi 4",
        throttles=True,
        reading=Reading(61.3, 0x50001),
        pressure=Pressure(available=0.031),
        need=Need.SHORT,
        why="3 % of the memory is left",
        background=False,
        free_bytes=5_000_000_000,
        worn_percent=50,
        watts=4.04,
        spent=Spent().with_answer(2.0, 4.0),
    )
    assert told(Fields(status_row(seen))) == (
        "Raspberry Pi 4, under-voltage, 3 % of the memory is left, "
        "work that nobody waits for has stopped, 61 °C, 3 % of the memory can be had, "
        "5.0 GB free, 50 % of the storage's life used, 4.0 W, 8.0 J an answer"
    )
