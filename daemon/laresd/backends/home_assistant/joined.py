"""Devices of the broker and of Home Assistant as one home. The merge is pure.

A light that Home Assistant itself has by MQTT is in both: the broker's is the nearer one, and wins
where the name is the same and the rooms do not differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from laresd.ports import Devices
from laresd.types import Action, Entity, Home, Outcome, Status


class Followed(Devices, Protocol):
    """Devices that tell of changes."""

    async def changed(self, since: Home) -> Home: ...

    async def run(self) -> None: ...


class Settling(Followed, Protocol):
    """Devices of the broker."""

    async def settled(self, *, deadline: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Joint:
    """A home out of two. `others`: the own id of each entity of the second one, by its id here."""

    home: Home
    others: Mapping[str, str]


def join(near: Home, far: Home) -> Joint:
    """All of `near`, and what of `far` is not in it; ids of `far` that are taken get a number."""
    known = _by_name(near)
    entities, states = dict(near.entities), dict(near.states)
    others: dict[str, str] = {}
    for own_id, entity in far.entities.items():
        if any(_same(entity, other) for other in known.get(entity.name.casefold(), ())):
            continue
        entity_id, number = own_id, 2
        while entity_id in entities:
            entity_id, number = f"{own_id}_{number}", number + 1
        others[entity_id] = own_id
        entities[entity_id] = replace(entity, entity_id=entity_id)
        states[entity_id] = far.state(own_id)
    areas = {area.casefold(): area for area in (*far.areas, *near.areas)}
    home = Home(
        MappingProxyType(entities),
        MappingProxyType(states),
        tuple(sorted(areas.values())),
        {**far.floors, **near.floors},
    )
    return Joint(home, MappingProxyType(others))


def _by_name(home: Home) -> dict[str, list[Entity]]:
    found: dict[str, list[Entity]] = {}
    for entity in home.entities.values():
        found.setdefault(entity.name.casefold(), []).append(entity)
    return found


def _same(far: Entity, near: Entity) -> bool:
    if far.domain != near.domain:
        return False
    return not (far.area and near.area) or far.area.casefold() == near.area.casefold()


class JoinedDevices:
    """Port Devices over the broker's and Home Assistant's; `far` None: there is only the broker."""

    def __init__(self, near: Settling, far: Followed | None) -> None:
        self._near, self._far = near, far
        self._homes: tuple[Home, Home] | None = None
        self._joint = Joint(near.home(), {})

    async def run(self) -> None:
        """Follow both until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._near.run(), name="devices of the broker")
            if self._far is not None:
                tasks.create_task(self._far.run(), name="devices of Home Assistant")

    def home(self) -> Home:
        return self._join().home

    async def settled(self, *, deadline: float) -> bool:
        """Whether the broker's devices are all known."""
        return await self._near.settled(deadline=deadline)

    async def changed(self, since: Home) -> Home:
        """The next home that is not `since`."""
        if self._far is None:
            return await self._near.changed(since)
        while (home := self.home()) is since:
            near, far = self._homes or (self._near.home(), self._far.home())
            news = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                waits = [
                    tasks.create_task(_told(self._near, near, news)),
                    tasks.create_task(_told(self._far, far, news)),
                ]
                await news.wait()
                for wait in waits:
                    wait.cancel()
        return home

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        """Each where its entity is from; all at once."""
        others = self._join().others
        near = [action for action in actions if action.entity_id not in others]
        far = [action for action in actions if action.entity_id in others]
        if not far or self._far is None:
            return await self._near.act(actions, deadline=deadline)
        own = [replace(action, entity_id=others[action.entity_id]) for action in far]
        async with asyncio.TaskGroup() as tasks:
            here = tasks.create_task(_acted(self._near, near, deadline))
            there = tasks.create_task(_acted(self._far, own, deadline))
        outcomes = dict(zip(map(id, near), here.result(), strict=True))
        for action, outcome in zip(far, there.result(), strict=True):
            outcomes[id(action)] = replace(outcome, action=action)
        return [outcomes[id(action)] for action in actions]

    def _join(self) -> Joint:
        near = self._near.home()
        if self._far is None:
            self._joint = Joint(near, {})
            return self._joint
        far = self._far.home()
        if self._homes is None or self._homes[0] is not near or self._homes[1] is not far:
            self._homes = (near, far)
            self._joint = join(near, far)
        return self._joint


async def _told(devices: Followed, since: Home, news: asyncio.Event) -> None:
    await devices.changed(since)
    news.set()


async def _acted(devices: Devices, actions: Sequence[Action], deadline: float) -> Sequence[Outcome]:
    if not actions:
        return []
    outcomes = await devices.act(actions, deadline=deadline)
    if len(outcomes) != len(actions):  # a defect: nothing that was asked may be forgotten
        return [Outcome(action, Status.FAILED, detail="no outcome") for action in actions]
    return outcomes
