"""What Lares sends, the demo home's devices understand, and what they report, Lares reads back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.backends.home.matching import matches, normal
from laresd.backends.home.registry import Registry
from laresd.config import HomeNames
from laresd.demo.house import announcement, house
from laresd.demo.things import Thing
from laresd.types import Action, Command, EntityState, Json


class Table:
    """The demo devices and a registry, joined without broker and clock."""

    def __init__(self) -> None:
        self.registry = Registry(HomeNames())
        self.things: dict[str, Thing] = {}
        for thing in house():
            topic, payload = announcement(thing, "homeassistant")
            self.registry.announce(topic, payload.encode())
            self.things[thing.about.id] = thing
            self.report(thing)

    def report(self, thing: Thing) -> None:
        for topic, payload in thing.report():
            self.registry.hear(topic, payload.encode())

    def act(self, action: Action) -> bool:
        """Whether the device's last report is what was asked for."""
        device = self.registry.device(action.entity_id)
        assert device is not None
        before, codec = device.state, device.codec
        meant = normal(action, codec.percentage_step)
        for write in codec.encode(meant.command, meant.params, before):
            thing = self.things[write.topic.split("/")[1]]
            for step in thing.plan(write.topic, write.payload):
                thing.state.update(step.changes)
                self.report(thing)
        return matches(meant, before, device.state, codec.reports)

    def state(self, entity_id: str) -> EntityState:
        return self.registry.home().state(entity_id)


def test_every_device_is_learned_with_its_first_state() -> None:
    home = Table().registry.home()
    assert len(home.entities) == len(house())
    unknown = [item for item in home.entities if home.state(item).state == "unknown"]
    assert unknown == ["scene.movie_night"]


DIMMABLE = st.sampled_from(
    ["light.kitchen_light", "light.desk_lamp", "light.ceiling_light", "light.bedroom_lamp"]
)
COLOURED = st.sampled_from(["light.kitchen_light", "light.desk_lamp", "light.bedroom_lamp"])
WARM = st.sampled_from(["light.kitchen_light", "light.desk_lamp", "light.ceiling_light"])
CHANNEL = st.integers(0, 255)


def on(light: str, **params: Json) -> Action:
    return Action(light, Command.TURN_ON, params)


WISHES = st.one_of(
    st.builds(lambda light, pct: on(light, brightness_pct=pct), DIMMABLE, st.integers(1, 100)),
    st.builds(lambda light, r, g, b: on(light, rgb=[r, g, b]), COLOURED, CHANNEL, CHANNEL, CHANNEL),
    st.builds(lambda light, warm: on(light, color_temp_k=warm), WARM, st.integers(2000, 6500)),
    st.builds(
        lambda at: Action("cover.living_room_blind", Command.SET_POSITION, {"position": at}),
        st.integers(0, 100),
    ),
    st.builds(
        lambda speed: Action("fan.bedroom_fan", Command.SET_SPEED, {"percentage": speed}),
        st.integers(0, 100),
    ),
    st.builds(
        lambda tenths: Action(
            "climate.thermostat", Command.SET_TEMPERATURE, {"temperature": tenths / 10}
        ),
        st.integers(50, 300),
    ),
)


@given(st.lists(WISHES, min_size=1, max_size=4))
@settings(deadline=None)
def test_whatever_is_asked_for_is_what_the_device_reports(actions: list[Action]) -> None:
    table = Table()
    for action in actions:
        assert table.act(action), (action, table.state(action.entity_id))


@given(st.sampled_from(sorted(item.about.id for item in house())), st.text(max_size=12))
def test_no_command_upsets_a_device(name: str, payload: str) -> None:
    table = Table()
    thing = table.things[name]
    for topic in ("set", "power/set", "level/set", "position/set", "target/set", "mode/set"):
        for step in thing.plan(f"demo/{name}/{topic}", payload):
            thing.state.update(step.changes)
        assert thing.report() is not None


@pytest.mark.parametrize("thing", house(), ids=lambda thing: thing.about.id)
def test_a_device_answers_within_a_second_and_a_half_and_blinds_within_two(thing: Thing) -> None:
    assert 0.05 <= thing.about.reply_s <= 0.15
