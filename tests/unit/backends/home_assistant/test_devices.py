"""Home Assistant's entities as devices: against a server that speaks its websocket API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.backends.home_assistant.devices import HomeAssistantDevices
from laresd.config import HomeAssistant, HomeNames
from laresd.errors import ConfigError
from laresd.types import Action, Command, Home, Outcome, Status
from tests.fakes.home_assistant_server import TOKEN, HomeAssistantServer

PATIENCE = 30.0  # seconds; a deadline that only a hang reaches


class House(HomeAssistantServer):
    """A few things in two rooms, with a token for Lares."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.areas = [
            {"area_id": "kitchen", "name": "Kitchen"},
            {"area_id": "hall", "name": "Hall"},
        ]
        self.devices = [{"id": "d1", "area_id": "hall", "labels": ["voice"]}]
        self.labels = [{"label_id": "voice", "name": "By voice"}]
        self.add(
            "light.counter",
            "off",
            {"area_id": "kitchen", "aliases": ["worktop"], "labels": []},
            supported_color_modes=["color_temp", "xy"],
            brightness=None,
        )
        self.add("lock.door", "locked", {"device_id": "d1", "labels": []})
        self.add("scene.movie", "2026-11-25T10:00:00+00:00")
        self.add("switch.led", "on", {"entity_category": "config"})
        self.add("light.secret", "on", {"hidden_by": "user"})
        self.add("sensor.power", "12")
        self.token_file = folder / "token"
        self.token_file.write_text(f"{TOKEN}\n")

    def settings(self, **more: object) -> HomeAssistant:
        settings = HomeAssistant(url=self.url, token_file=self.token_file)
        return replace(settings, **more)  # type: ignore[arg-type]  # the test names real fields


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path) as house:
        yield house


@asynccontextmanager
async def following(
    settings: HomeAssistant, names: HomeNames | None = None, *, patience: float = PATIENCE
) -> AsyncIterator[HomeAssistantDevices]:
    devices = HomeAssistantDevices(settings, names or HomeNames(), echo_timeout=patience)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(devices.run())
        yield devices
        task.cancel()


async def until(devices: HomeAssistantDevices, fits: Callable[[Home], bool]) -> Home:
    async with asyncio.timeout(PATIENCE):
        while not fits(home := devices.home()):
            await devices.changed(home)
    return home


def known(home: Home) -> bool:
    return bool(home.entities)


async def do(
    devices: HomeAssistantDevices, entity_id: str, command: Command, **params: int
) -> Outcome:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    (outcome,) = await devices.act([Action(entity_id, command, params)], deadline=deadline)
    return outcome


async def test_entities_of_the_domains_are_there_with_room_and_other_names(house: House) -> None:
    async with following(house.settings()) as devices:
        home = await until(devices, known)
        assert set(home.entities) == {"light.counter", "lock.door", "scene.movie"}
        light = home.entities["light.counter"]
        assert (light.name, light.area, light.aliases) == ("counter", "Kitchen", ("worktop",))
        assert light.features == {"brightness", "rgb", "color_temp"}
        assert home.entities["lock.door"].area == "Hall"  # of its device
        assert home.state("lock.door").state == "locked"
        assert home.areas == ("Hall", "Kitchen")


async def test_labels_choose_entities_by_their_own_or_their_device_s(house: House) -> None:
    async with following(house.settings(labels=("by voice",))) as devices:
        assert set((await until(devices, known)).entities) == {"lock.door"}


async def test_the_configuration_corrects_names_and_rooms(house: House) -> None:
    names = HomeNames(aliases={"light.counter": ("big one",)}, areas={"light.counter": "Bar"})
    async with following(house.settings(), names) as devices:
        light = (await until(devices, known)).entities["light.counter"]
        assert (light.area, light.aliases) == ("Bar", ("worktop", "big one"))


async def test_a_service_acts_and_the_change_of_state_confirms(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        outcome = await do(devices, "light.counter", Command.TURN_ON, brightness_pct=40)
        assert outcome.status is Status.CONFIRMED
        assert outcome.published[0].topic == "light.turn_on"
        assert outcome.echo is not None
        assert house.called == [
            ("light.turn_on", {"entity_id": "light.counter", "brightness_pct": 40})
        ]
        assert devices.home().state("light.counter").attributes["brightness_pct"] == 40


async def test_what_is_so_already_is_done_again_and_told(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        outcome = await do(devices, "lock.door", Command.LOCK)
        assert outcome.status is Status.ALREADY
        assert house.called


async def test_a_scene_has_no_state_to_confirm(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        assert (await do(devices, "scene.movie", Command.ACTIVATE)).status is Status.ACCEPTED


async def test_an_entity_that_does_not_obey_gives_no_answer(house: House) -> None:
    house.stubborn.add("light.counter")
    async with following(house.settings(), patience=0.1) as devices:
        await until(devices, known)
        outcome = await do(devices, "light.counter", Command.TURN_ON)
        assert (outcome.status, len(outcome.published)) == (Status.NO_ANSWER, 1)


async def test_home_assistant_that_says_nothing_gives_no_answer(house: House) -> None:
    house.silent.add("light.counter")
    async with following(house.settings(), patience=0.1) as devices:
        await until(devices, known)
        assert (await do(devices, "light.counter", Command.TURN_ON)).status is Status.NO_ANSWER


async def test_a_service_that_fails_is_told_in_its_own_words(house: House) -> None:
    house.refusing.add("light.counter")
    async with following(house.settings()) as devices:
        await until(devices, known)
        outcome = await do(devices, "light.counter", Command.TURN_ON)
        assert outcome.status is Status.FAILED
        assert "The bulb is gone" in outcome.detail


async def test_an_entity_that_is_offline_is_told_nothing(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        await house.change("light.counter", "unavailable")
        await until(devices, lambda home: not home.state("light.counter").available)
        outcome = await do(devices, "light.counter", Command.TURN_ON)
        assert outcome.status is Status.UNAVAILABLE
        assert house.called == []


async def test_unknown_devices_and_impossible_commands_call_nothing(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        for entity_id, command in {
            "light.nowhere": Command.TURN_ON,
            "light.secret": Command.TURN_ON,
            "light.counter": Command.DOCK,
        }.items():
            assert (await do(devices, entity_id, command)).status is Status.UNSUPPORTED
        assert house.called == []


async def test_while_home_assistant_is_away_nothing_is_sent_and_then_all_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laresd.backends.home_assistant.devices.FIRST_DELAY_S", 0.05)
    async with following(house.settings()) as devices:
        await until(devices, known)
        await house.__aexit__(None, None, None)
        await until(devices, lambda home: not home.state("lock.door").available)
        outcome = await do(devices, "lock.door", Command.UNLOCK)
        assert outcome.status is Status.FAILED
        assert outcome.detail
        house.states["lock.door"]["state"] = "unlocked"
        await house.__aenter__()
        await until(devices, lambda home: home.state("lock.door").state == "unlocked")
        assert (await do(devices, "lock.door", Command.LOCK)).status is Status.CONFIRMED
        assert [name for name, _ in house.called] == ["lock.lock"]  # nothing came late


async def test_a_connection_that_breaks_after_the_call_leaves_it_open_what_happened(
    house: House,
) -> None:
    house.silent.add("light.counter")
    async with following(house.settings()) as devices, asyncio.TaskGroup() as tasks:
        await until(devices, known)
        acting = tasks.create_task(do(devices, "light.counter", Command.TURN_ON))
        async with asyncio.timeout(PATIENCE):
            await house.was_called.wait()
        await house.drop()
        assert (await acting).status is Status.NO_ANSWER


async def test_a_renamed_room_and_a_new_entity_are_learned(house: House) -> None:
    async with following(house.settings()) as devices:
        await until(devices, known)
        house.areas = [{"area_id": "kitchen", "name": "Galley"}]
        await house.tell("area_registry_updated", {"action": "update", "area_id": "kitchen"})
        await until(devices, lambda home: "Galley" in home.areas)
        await house.change("light.new", "on", friendly_name="New one")
        await until(devices, lambda home: "light.new" in home.entities)
        await house.change("light.new", None)
        await until(devices, lambda home: "light.new" not in home.entities)


async def test_a_home_assistant_without_labels_is_read_as_well(house: House) -> None:
    house.labels = None
    async with following(house.settings()) as devices:
        assert known(await until(devices, known))


async def test_a_wrong_token_is_told_without_it(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laresd.backends.home_assistant.devices.FIRST_DELAY_S", 0.05)
    house.token_file.write_text("not-the-token\n")
    with caplog.at_level(logging.WARNING):
        async with following(house.settings()) as devices:
            async with asyncio.timeout(PATIENCE):
                await house.turned_away.acquire()
                await house.turned_away.acquire()  # the first was told before the second try
            assert devices.fault is not None
            assert not devices.home().entities
    assert "not-the-token" not in caplog.text
    assert caplog.text.count("does not accept the token") == 1
    assert "long-lived access token" in caplog.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"domains": ("light", "camera")}, "cannot use 'camera'"),
        ({"url": "homeassistant.local:8123"}, "not an address"),
        ({"url": "ftp://home"}, "not an address"),
        ({"token_file": None}, "needs home_assistant.token_file"),
    ],
)
def test_a_configuration_that_cannot_be_stops_the_start(
    changes: dict[str, object], told: str, tmp_path: Path
) -> None:
    settings = HomeAssistant(url="http://127.0.0.1:8123", token_file=tmp_path / "token")
    with pytest.raises(ConfigError, match=told):
        HomeAssistantDevices(replace(settings, **changes), HomeNames(), echo_timeout=1.0)  # type: ignore[arg-type]
