"""Undo: the way back from what was confirmed, to exactly what the device had reported before."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.conversation import Deed, Exchange
from laresd.core.intent.abilities import can, commands
from laresd.core.undo import inverse, undo
from laresd.types import Action, Command, Entity, EntityState, Json, Status
from tests.fakes.home import HOME, entity, state

CLIMATE = Entity(
    "climate.x",
    "climate",
    "X",
    features=frozenset({"temperature", "mode"}),
    options=("heat", "cool", "comfort", "eco"),
)
FAN = Entity(
    "fan.modes",
    "fan",
    "X",
    features=frozenset({"percentage", "mode"}),
    options=("auto", "sleep"),
)
SELECT = Entity("select.x", "select", "X", options=("a", "b"))
NUMBER = Entity("number.x", "number", "X")
ENTITIES = {**HOME.entities, "climate.x": CLIMATE, "select.x": SELECT, "number.x": NUMBER}
ENTITIES |= {"fan.modes": FAN, "cover.slats": entity("cover.slats", "X", features=["tilt"])}
ENTITIES |= {"valve.x": entity("valve.x", "X"), "siren.x": entity("siren.x", "X")}


def back(
    entity_id: str,
    command: Command,
    before: EntityState,
    params: Mapping[str, Json] | None = None,
    status: Status = Status.CONFIRMED,
) -> tuple[Command, dict[str, Json]] | None:
    deed = Deed(Action(entity_id, command, params or {}), status, before)
    found = inverse(deed, ENTITIES[entity_id])
    return None if found is None else (found.command, dict(found.params))


@pytest.mark.parametrize(
    ("entity_id", "command", "params", "before", "wanted"),
    [
        ("switch.coffee", Command.TURN_ON, {}, state("off"), (Command.TURN_OFF, {})),
        ("switch.coffee", Command.TOGGLE, {}, state("on"), (Command.TURN_ON, {})),
        (
            "light.ceiling",
            Command.TURN_OFF,
            {},
            state("on", brightness_pct=40),
            (Command.TURN_ON, {"brightness_pct": 40}),
        ),
        (
            "light.ceiling",
            Command.TURN_ON,
            {"rgb": [255, 0, 0], "color_name": "red"},
            state("on", brightness_pct=40, color_temp_k=2700),
            (Command.TURN_ON, {"brightness_pct": 40, "color_temp_k": 2700}),
        ),
        (
            "light.ceiling",
            Command.TURN_ON,
            {"color_temp_k": 2700},
            state("on", rgb=[1, 2, 3]),
            (Command.TURN_ON, {"rgb": [1, 2, 3]}),
        ),
        (
            "fan.bedroom",
            Command.SET_SPEED,
            {"percentage": 50},
            state("off"),
            (Command.TURN_OFF, {}),
        ),
        (
            "fan.bedroom",
            Command.TURN_OFF,
            {},
            state("on", percentage=33),
            (Command.SET_SPEED, {"percentage": 33}),
        ),
        (
            "cover.blind",
            Command.OPEN,
            {},
            state("open", position=30),
            (Command.SET_POSITION, {"position": 30}),
        ),
        ("cover.garage", Command.OPEN, {}, state("closed"), (Command.CLOSE, {})),
        (
            "cover.slats",
            Command.SET_TILT,
            {"tilt": 80},
            state("open", position=30, tilt=20),
            (Command.SET_TILT, {"tilt": 20}),
        ),
        (
            "climate.x",
            Command.SET_MODE,
            {"mode": "eco"},
            state("heat", preset_mode="comfort"),
            (Command.SET_MODE, {"mode": "comfort"}),
        ),
        (
            "fan.modes",
            Command.SET_MODE,
            {"mode": "sleep"},
            state("on", preset_mode="auto", percentage=50),
            (Command.SET_MODE, {"mode": "auto"}),
        ),
        ("lock.front", Command.LOCK, {}, state("unlocked"), (Command.UNLOCK, {})),
        (
            "climate.living",
            Command.SET_TEMPERATURE,
            {"temperature": 23},
            state("heat", temperature=20.5),
            (Command.SET_TEMPERATURE, {"temperature": 20.5}),
        ),
        ("climate.x", Command.SET_MODE, {"mode": "cool"}, state("off"), (Command.TURN_OFF, {})),
        (
            "climate.x",
            Command.TURN_OFF,
            {},
            state("heat"),
            (Command.SET_MODE, {"mode": "heat"}),
        ),
        (
            "media_player.tv",
            Command.SET_VOLUME,
            {"volume_pct": 50},
            state("playing", volume_pct=30),
            (Command.SET_VOLUME, {"volume_pct": 30}),
        ),
        ("media_player.tv", Command.MUTE, {}, state("playing", muted=False), (Command.UNMUTE, {})),
        ("media_player.tv", Command.PAUSE, {}, state("playing"), (Command.PLAY, {})),
        ("vacuum.rosie", Command.START, {}, state("docked"), (Command.DOCK, {})),
        ("vacuum.rosie", Command.DOCK, {}, state("cleaning"), (Command.START, {})),
        (
            "select.x",
            Command.SELECT,
            {"option": "b"},
            state("a"),
            (Command.SELECT, {"option": "a"}),
        ),
        (
            "number.x",
            Command.SET_VALUE,
            {"value": 5},
            state("2.5"),
            (Command.SET_VALUE, {"value": 2.5}),
        ),
    ],
)
def test_what_was_done_goes_back_to_what_was_reported(
    entity_id: str,
    command: Command,
    params: dict[str, Json],
    before: EntityState,
    wanted: tuple[Command, dict[str, Json]],
) -> None:
    assert back(entity_id, command, before, params) == wanted


@pytest.mark.parametrize(
    ("entity_id", "command", "params", "before"),
    [
        ("button.bell", Command.PRESS, {}, state("unknown")),
        ("scene.movie", Command.ACTIVATE, {}, state("unknown")),
        ("siren.x", Command.TURN_ON, {}, state("off")),  # an alarm was heard
        ("todo.shopping", Command.ADD_ITEM, {"item": "milk"}, state("0")),
        ("media_player.tv", Command.NEXT, {}, state("playing")),
        ("cover.blind", Command.STOP, {}, state("open", position=50)),
        ("switch.coffee", Command.TURN_ON, {}, state("unknown")),
        ("switch.coffee", Command.TURN_ON, {}, EntityState("off", available=False)),
        ("lock.front", Command.LOCK, {}, state("unknown")),
        ("cover.garage", Command.CLOSE, {}, state("opening")),
        ("light.ceiling", Command.TURN_ON, {"rgb": [1, 2, 3]}, state("on", brightness_pct=40)),
        (
            "light.ceiling",
            Command.TURN_ON,
            {"rgb": [9, 9, 9]},
            state("on", rgb=[1, 2, 3], color_temp_k=2700),
        ),
        ("light.kitchen", Command.TURN_ON, {"brightness_pct": 9}, state("on")),
        ("fan.bedroom", Command.SET_SPEED, {"percentage": 50}, state("on")),
        ("climate.living", Command.SET_TEMPERATURE, {"temperature": 9}, state("heat")),
        ("climate.x", Command.TURN_OFF, {}, state("dry")),
        ("media_player.tv", Command.MUTE, {}, state("playing")),
        ("number.x", Command.SET_VALUE, {"value": 5}, state("unknown")),
    ],
)
def test_there_is_no_way_back_where_it_is_not_certain(
    entity_id: str, command: Command, params: dict[str, Json], before: EntityState
) -> None:
    assert back(entity_id, command, before, params) is None


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.CONFIRMED])
def test_only_what_was_confirmed_is_put_back(status: Status) -> None:
    assert back("switch.coffee", Command.TURN_ON, state("off"), status=status) is None


def exchange(*deeds: Deed, undone: bool = False) -> Exchange:
    return Exchange(0.0, "", "en", deeds=deeds, undone=undone)


LIGHT = Deed(Action("light.kitchen", Command.TURN_ON), Status.CONFIRMED, state("off"))
BELL = Deed(Action("button.bell", Command.PRESS), Status.ACCEPTED, state("unknown"))
DEAD = Deed(Action("switch.coffee", Command.TURN_ON), Status.NO_ANSWER, state("off"))
GONE = Deed(Action("light.gone", Command.TURN_ON), Status.CONFIRMED, state("off"))


def test_what_has_no_way_back_is_named_and_what_did_not_happen_is_left() -> None:
    found = undo(exchange(LIGHT, BELL, DEAD, GONE), HOME)
    assert [(a.entity_id, a.command) for a in found.actions] == [
        ("light.kitchen", Command.TURN_OFF)
    ]
    assert found.lost == ("light.gone", "button.bell")


def test_what_was_undone_is_not_undone_again() -> None:
    found = undo(exchange(LIGHT, undone=True), HOME)
    assert (found.actions, found.lost) == ((), ())


@given(
    st.sampled_from(sorted(ENTITIES)),
    st.sampled_from(list(Command)),
    st.sampled_from(["on", "off", "open", "closed", "locked", "unlocked", "playing", "7", "?"]),
    st.dictionaries(
        st.sampled_from(["brightness_pct", "position", "percentage", "temperature", "volume_pct"]),
        st.one_of(st.none(), st.floats(0, 100), st.text(max_size=3), st.booleans()),
    ),
)
def test_the_way_back_is_always_one_that_the_device_can_take(
    entity_id: str, command: Command, word: str, attributes: dict[str, Json]
) -> None:
    target = ENTITIES[entity_id]
    deed = Deed(Action(entity_id, command), Status.CONFIRMED, EntityState(word, attributes))
    found = inverse(deed, target)
    if found is not None:
        assert found.command in commands(target)
        assert can(target, found.command, found.params)
