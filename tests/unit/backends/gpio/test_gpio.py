"""Pins without a board: gpiozero's own mock, and a machine that has none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin  # type: ignore[import-untyped]

from laresd.backends.gpio.gpio import Board
from laresd.errors import ConfigError


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


@pytest.fixture
def board(factory: MockFactory) -> Iterator[Board]:
    board = Board(factory)
    yield board
    board.close()


@pytest.mark.parametrize("pulled_up", [True, False])
def test_a_contact_is_closed_where_it_pulls_the_pin_against_its_resistor(
    factory: MockFactory, board: Board, pulled_up: bool
) -> None:
    edges: list[bool] = []
    closed = board.contact("GPIO17", pulled_up=pulled_up, on_edge=lambda: edges.append(True))
    pin = factory.pin("GPIO17")
    assert pin.pull == ("up" if pulled_up else "down")
    assert not closed()
    (pin.drive_low if pulled_up else pin.drive_high)()
    assert closed() and len(edges) == 1
    (pin.drive_high if pulled_up else pin.drive_low)()
    assert not closed() and len(edges) == 2


def test_a_pin_can_be_named_by_its_place_on_the_header(factory: MockFactory, board: Board) -> None:
    closed = board.contact("BOARD11", pulled_up=True, on_edge=lambda: None)
    factory.pin("GPIO17").drive_low()
    assert closed()


@pytest.mark.parametrize("pin", ["17x", "GPIO99", "", "BOARD1"])
def test_a_pin_that_there_is_not_is_told_by_its_name(board: Board, pin: str) -> None:
    with pytest.raises(ConfigError, match=f"the pin '{pin}'"):
        board.contact(pin, pulled_up=True, on_edge=lambda: None)


def test_a_pin_has_one_use(board: Board) -> None:
    board.contact("GPIO17", pulled_up=True, on_edge=lambda: None)
    with pytest.raises(ConfigError, match=r"GPIO17.*in use"):
        board.led(["GPIO17"])


def test_three_pins_are_one_lamp_of_every_colour(factory: MockFactory, board: Board) -> None:
    row = board.led(["GPIO5", "GPIO6", "GPIO13"])
    row.show([(255, 0, 51)])
    assert [factory.pin(pin).state for pin in ("GPIO5", "GPIO6", "GPIO13")] == [1.0, 0.0, 0.2]
    row.close()
    assert [factory.pin(pin).state for pin in ("GPIO5", "GPIO6", "GPIO13")] == [0.0, 0.0, 0.0]


def test_one_pin_is_a_lamp_as_bright_as_the_brightest_part(
    factory: MockFactory, board: Board
) -> None:
    board.led(["GPIO5"]).show([(0, 51, 255)])
    assert factory.pin("GPIO5").state == 1.0


def test_a_lamp_of_which_the_other_leg_is_switched_shines_at_low_level(
    factory: MockFactory, board: Board
) -> None:
    row = board.led(["GPIO5"], active_high=False)
    assert factory.pin("GPIO5").state == 1.0
    row.show([(255, 255, 255)])
    assert factory.pin("GPIO5").state == 0.0


def test_the_power_of_lamps_is_on_until_the_board_is_closed(factory: MockFactory) -> None:
    board = Board(factory)
    board.power("GPIO5")
    pin = factory.pin("GPIO5")
    assert pin.state == 1.0
    board.close()
    assert pin.function == "input"


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has pins")
def test_a_machine_without_pins_says_what_to_do_and_stays_where_it_is(tmp_path: Path) -> None:
    """In a process of its own: lgpio would leave a thread, a pipe and another working directory."""
    program = """
import os
from laresd.backends.gpio.gpio import open_board
from laresd.errors import Permanent
try:
    open_board()
except Permanent as error:
    print(error.remedy)
print(os.getcwd(), os.listdir())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"LG_WD": "/proc/1/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    remedy, place = done.stdout.strip().split("\n")
    assert "group gpio" in remedy and "[pins]" in remedy
    assert place == f"{tmp_path} []"
