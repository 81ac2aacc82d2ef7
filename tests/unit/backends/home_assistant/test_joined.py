"""One home out of the broker's devices and Home Assistant's."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.home_assistant.joined import JoinedDevices, join
from laresd.types import Action, Command, Entity, Home, Status
from tests.fakes.devices import FakeDevices
from tests.fakes.home import entity, home_of


class Told(FakeDevices):
    """With an end to waiting: whoever waits is told at `stir`."""

    def __init__(self, *entities: Entity) -> None:
        super().__init__(entities)
        self._stirred = asyncio.Event()

    def stir(self, entity_id: str) -> None:
        self.set_state(entity_id, self.home().state(entity_id))
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def changed(self, since: Home) -> Home:
        while self.home() is since:
            await self._stirred.wait()
        return self.home()

    async def settled(self, *, deadline: float) -> bool:
        return True

    async def run(self) -> None:
        await asyncio.Event().wait()


LAMP = entity("light.lamp", "Lamp", "Office")
OTHER_LAMP = entity("light.lamp", "Lamp", "Bedroom")
FAN = entity("fan.ceiling", "Ceiling fan", "Bedroom")


def test_what_is_in_both_is_the_broker_s() -> None:
    joint = join(home_of([LAMP]), home_of([entity("light.office_lamp", "lamp", "office"), FAN]))
    assert set(joint.home.entities) == {"light.lamp", "fan.ceiling"}
    assert joint.others == {"fan.ceiling": "fan.ceiling"}


def test_a_name_without_a_room_is_the_same_thing() -> None:
    assert not join(home_of([LAMP]), home_of([entity("light.x", "Lamp")])).others
    assert not join(home_of([entity("light.x", "Lamp")]), home_of([LAMP])).others


def test_the_same_name_in_another_room_or_of_another_kind_is_another_thing() -> None:
    joint = join(home_of([LAMP]), home_of([OTHER_LAMP, entity("switch.lamp", "Lamp", "Office")]))
    assert joint.others == {"light.lamp_2": "light.lamp", "switch.lamp": "switch.lamp"}
    assert joint.home.entities["light.lamp_2"].area == "Bedroom"
    assert joint.home.entities["light.lamp_2"].entity_id == "light.lamp_2"
    assert joint.home.areas == ("Bedroom", "Office")


async def test_each_action_goes_where_its_entity_is_from() -> None:
    near, far = Told(LAMP), Told(OTHER_LAMP, FAN)
    devices = JoinedDevices(near, far)
    ids = ["light.lamp_2", "light.lamp", "fan.ceiling", "light.nowhere"]
    outcomes = await devices.act([Action(i, Command.TURN_ON) for i in ids], deadline=1e9)
    assert [outcome.action.entity_id for outcome in outcomes] == ids
    assert [action.entity_id for action in near.acted] == ["light.lamp"]
    assert [action.entity_id for action in far.acted] == ["light.lamp", "fan.ceiling"]
    assert outcomes[3].status is Status.UNSUPPORTED


async def test_the_home_is_the_same_object_until_one_of_them_changes() -> None:
    near, far = Told(LAMP), Told(FAN)
    devices = JoinedDevices(near, far)
    for changed, entity_id in ((near, "light.lamp"), (far, "fan.ceiling")):
        home = devices.home()
        assert devices.home() is home
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(devices.changed(home))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            changed.stir(entity_id)
        assert waiting.result() is devices.home()
        assert waiting.result() is not home


async def test_without_home_assistant_it_is_the_broker_s_home_itself() -> None:
    near = Told(LAMP)
    devices = JoinedDevices(near, None)
    assert devices.home() is near.home()
    (outcome,) = await devices.act([Action("light.lamp", Command.TURN_ON)], deadline=1e9)
    assert outcome.status is Status.CONFIRMED


names = st.sampled_from(["Lamp", "lamp", "Fan"])
areas = st.sampled_from(["Office", "office", "Attic", None])
ids = st.sampled_from(["light.a", "light.b", "light.a_2"])
homes = st.lists(st.builds(entity, ids, names, areas), unique_by=lambda item: item.entity_id)


@given(homes, homes)
def test_nothing_of_the_broker_is_lost_and_no_id_is_there_twice(
    near: list[Entity], far: list[Entity]
) -> None:
    joint = join(home_of(near), home_of(far))
    for item in near:
        assert joint.home.entities[item.entity_id] is item
    assert set(joint.home.entities) == {item.entity_id for item in near} | set(joint.others)
    assert len(set(joint.others.values())) == len(joint.others)
    assert all(key == item.entity_id for key, item in joint.home.entities.items())
