"""When a device's new state counts as the answer to a command."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.home import colour
from laresd.backends.home.matching import matches, normal
from laresd.types import Action, Command, EntityState, Json

ALL = frozenset(
    {"brightness_pct", "rgb", "color_temp_k", "position", "tilt", "percentage", "temperature"}
)


def state(word: str, **attributes: Json) -> EntityState:
    return EntityState(word, attributes)


def act(command: Command, **params: Json) -> Action:
    return Action("light.any", command, params)


Case = tuple[Action, EntityState, EntityState, bool]
CASES: Mapping[str, Case] = {
    "on": (act(Command.TURN_ON), state("off"), state("on"), True),
    "still off": (act(Command.TURN_ON), state("off"), state("off"), False),
    "dimmed": (
        act(Command.TURN_ON, brightness_pct=40),
        state("off"),
        state("on", brightness_pct=41),
        True,
    ),
    "not dimmed yet": (
        act(Command.TURN_ON, brightness_pct=40),
        state("on", brightness_pct=100),
        state("on", brightness_pct=100),
        False,
    ),
    "another colour": (
        act(Command.TURN_ON, color_name="red"),
        state("on", rgb=[0, 0, 255]),
        state("on", rgb=[0, 255, 0]),
        False,
    ),
    "the colour, darker": (
        act(Command.TURN_ON, color_name="red"),
        state("on"),
        state("on", rgb=[120, 4, 2]),
        True,
    ),
    "warmth, rounded to mireds": (
        act(Command.TURN_ON, color_temp_k=2700),
        state("on"),
        state("on", color_temp_k=2703),
        True,
    ),
    "toggled": (act(Command.TOGGLE), state("on"), state("off"), True),
    "toggled in vain": (act(Command.TOGGLE), state("on"), state("on"), False),
    "on its way up": (
        act(Command.OPEN),
        state("closed", position=0),
        state("opening", position=0),
        True,
    ),
    "the wrong way": (
        act(Command.SET_POSITION, position=20),
        state("open", position=50),
        state("opening", position=50),
        False,
    ),
    "moving without words": (
        act(Command.SET_POSITION, position=80),
        state("open", position=10),
        state("open", position=30),
        True,
    ),
    "slats turned": (
        act(Command.SET_TILT, tilt=80),
        state("open", position=10, tilt=20),
        state("open", position=10, tilt=79),
        True,
    ),
    "slats as they were": (
        act(Command.SET_TILT, tilt=80),
        state("open", position=10, tilt=20),
        state("open", position=10, tilt=20),
        False,
    ),
    "half open is not open": (
        act(Command.OPEN),
        state("open", position=50),
        state("open", position=50),
        False,
    ),
    "locking is not locked": (act(Command.LOCK), state("unlocked"), state("locking"), False),
    "locked": (act(Command.LOCK), state("locking"), state("locked"), True),
    "the set-point": (
        act(Command.SET_TEMPERATURE, temperature=21),
        state("heat", temperature=19.0),
        state("heat", temperature=21.0),
        True,
    ),
    "a mode": (act(Command.SET_MODE, mode="Heat"), state("off"), state("heat"), True),
    "speed nothing is off": (act(Command.SET_SPEED, percentage=0), state("on"), state("off"), True),
    "a number": (act(Command.SET_VALUE, value=5), state("1"), state("5.0"), True),
    "no number": (act(Command.SET_VALUE, value=5), state("1"), state("unknown"), False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_echo_is_what_was_asked_for(case: Case) -> None:
    action, before, after, expected = case
    assert matches(action, before, after, ALL) is expected


def test_what_a_device_never_reports_is_not_waited_for() -> None:
    action = act(Command.TURN_ON, brightness_pct=40)
    assert matches(action, state("off"), state("on"), frozenset())


def test_dimming_to_nothing_is_turning_off() -> None:
    assert normal(act(Command.TURN_ON, brightness_pct=0), 1).command is Command.TURN_OFF


def test_a_speed_is_the_nearest_that_the_fan_has() -> None:
    params = normal(act(Command.SET_SPEED, percentage=60), 100 / 3).params
    assert params["percentage"] == pytest.approx(66.67, abs=0.01)


channel = st.integers(0, 255)


@given(st.tuples(channel, channel, channel))
def test_colours_survive_hue_and_saturation(rgb: colour.Rgb) -> None:
    assert colour.alike(rgb, colour.from_hs(*colour.to_hs(rgb)))


@given(st.tuples(channel, channel, channel).filter(lambda rgb: max(rgb) >= 64))
def test_colours_survive_cie_xy(rgb: colour.Rgb) -> None:
    assert colour.alike(rgb, colour.from_xy(*colour.to_xy(rgb)))
