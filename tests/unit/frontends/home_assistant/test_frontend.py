"""A box on a bus, in virtual time: what Home Assistant is told when, and what it may switch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from laresd import __version__
from laresd.backends.clock import SystemClock
from laresd.config import Config, HomeAssistant
from laresd.errors import Permanent, Temporary
from laresd.frontends.home_assistant import (
    Ears,
    Energy,
    HomeAssistantFrontend,
    Means,
    Models,
    Vitals,
)
from laresd.frontends.voice import MutableSource
from laresd.types import Reply, ReplyKind, Transcript, Turn
from tests.fakes.audio import FakeSource
from tests.fakes.bus import FakeBus
from tests.fakes.virtual_time import virtual_time
from tests.fakes.volume import FakeVolume

ANNOUNCED = "homeassistant/device/lares_lares/config"
BASE = "lares/lares"
FIGURES = f"{BASE}/state/figures"
TEXTS = Config(home_assistant=HomeAssistant(texts=True))
TURN = Turn(
    "1",
    "microphone",
    "done",
    transcript=Transcript("where are my keys"),
    reply=Reply("1", ReplyKind.ANSWER, "On the table."),
)


class Voice:
    def __init__(self) -> None:
        self.listening = True
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


class Box:
    """What the daemon would give, and the bus that the house reads."""

    def __init__(self, config: Config | None = None) -> None:
        self.bus = FakeBus()
        self.vitals = Vitals(celsius=40.0, model="tiny")
        self.voice, self.microphone = Voice(), MutableSource(FakeSource(b""))
        self.kept: list[Mapping[str, bool]] = []
        self.disk_full = False
        self.said: list[str] = []
        self.model, self.restarts = "embedded", 0
        self.volume = FakeVolume()
        self.hold = asyncio.Event()
        self.hold.set()
        self.frontend = HomeAssistantFrontend(
            self.bus, SystemClock(), config or Config(), energy=Energy.ESTIMATED
        )
        self.means = Means(
            vitals=self._vitals,
            ears=Ears(self.voice, self.microphone, self._keep),
            say=self._say,
            volume=self.volume,
            models=Models(self._choices, self._chosen, self._choose),
            restart=self._restart,
            language_model=True,
        )

    @asynccontextmanager
    async def running(self, means: Means | None = None) -> AsyncIterator[Box]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.frontend.run(means or self.means))
            await asyncio.sleep(0.1)
            self.bus.deliver(f"{BASE}/availability", "online", retain=True)
            await asyncio.sleep(0.1)
            yield self
            task.cancel()

    async def order(self, name: str, payload: str | bytes) -> None:
        self.bus.deliver(f"{BASE}/set/{name}", payload)
        await asyncio.sleep(0.1)

    def told(self, topic: str) -> list[str]:
        return [payload.decode() for to, payload, _ in self.bus.published if to == topic]

    def kept_by_broker(self, name: str) -> str:
        return self.bus.retained[f"{BASE}/state/{name}"].decode()

    async def _vitals(self) -> Vitals:
        return self.vitals

    async def _keep(self, switches: Mapping[str, bool]) -> None:
        if self.disk_full:
            raise Temporary("no space left")
        self.kept.append(switches)

    async def _say(self, text: str) -> None:
        await self.hold.wait()
        self.said.append(text)

    async def _choices(self) -> tuple[str, ...]:
        return ("embedded", "ministral")

    async def _chosen(self) -> str:
        return self.model

    async def _choose(self, name: str) -> None:
        if name not in await self._choices():
            raise Permanent("no such model")
        self.model = name

    def _restart(self) -> None:
        self.restarts += 1


@virtual_time
async def test_the_announcement_and_the_states_are_retained() -> None:
    async with Box().running() as box:
        assert json.loads(box.bus.retained[ANNOUNCED])["cmps"]["mute"]["name"]
        assert box.kept_by_broker("mute") == "OFF"
        assert box.kept_by_broker("listening") == "ON"
        assert box.kept_by_broker("next_model") == "embedded"
        assert json.loads(box.kept_by_broker("figures"))["model"] == "tiny"


@pytest.mark.parametrize("topic", ["homeassistant/status", f"{BASE}/availability"])
def test_all_is_told_again_when_home_assistant_or_the_broker_came_back(topic: str) -> None:
    @virtual_time
    async def test() -> None:
        async with Box().running() as box:
            before = {topic: len(box.told(topic)) for topic in (ANNOUNCED, f"{BASE}/state/mute")}
            box.bus.deliver(topic, "offline")
            await asyncio.sleep(1)
            assert before == {topic: len(box.told(topic)) for topic in before}
            box.bus.deliver(topic, "online")
            await asyncio.sleep(1)
            assert all(len(box.told(topic)) == count + 1 for topic, count in before.items())

    test()


@virtual_time
async def test_a_broker_that_is_away_is_told_all_of_it_when_it_is_back() -> None:
    async with Box().running() as box:
        box.bus.break_connection()
        box.microphone.mute(True)
        await asyncio.sleep(60)
        box.bus.retained.clear()
        box.bus.mend()
        box.bus.deliver(f"{BASE}/availability", "online")
        await asyncio.sleep(1)
        assert box.kept_by_broker("mute") == "ON"
        assert ANNOUNCED in box.bus.retained


@virtual_time
async def test_figures_are_told_on_change_and_at_most_every_few_seconds() -> None:
    async with Box().running() as box:
        await asyncio.sleep(60)
        first = len(box.told(FIGURES))
        await asyncio.sleep(600)
        assert len(box.told(FIGURES)) == first  # nothing has changed
        for number in range(100):
            box.frontend.replied(Reply(str(number), ReplyKind.DONE, "Done.", "grammar"))
            await asyncio.sleep(0.1)
        await asyncio.sleep(10)
        assert 2 <= len(box.told(FIGURES)) - first <= 4
        assert json.loads(box.kept_by_broker("figures"))["answers_grammar"] == 100


@virtual_time
async def test_the_machine_is_looked_at_now_and_then() -> None:
    async with Box().running() as box:
        box.vitals = Vitals(celsius=77.0)
        await asyncio.sleep(30)
        assert json.loads(box.kept_by_broker("figures"))["celsius"] == 77.0


@virtual_time
async def test_a_wake_word_is_an_event_that_no_broker_keeps() -> None:
    async with Box().running() as box:
        box.frontend.woken("okay_nabu")
        await asyncio.sleep(0.1)
        (event,) = box.told(f"{BASE}/state/wake")
        assert json.loads(event) == {"event_type": "wake", "wake_word": "okay_nabu"}
        assert f"{BASE}/state/wake" not in box.bus.retained


@virtual_time
async def test_an_event_of_while_the_broker_was_away_is_not_told_later() -> None:
    async with Box().running() as box:
        box.bus.break_connection()
        box.frontend.woken("okay_nabu")
        await asyncio.sleep(30)
        box.bus.mend()
        await asyncio.sleep(30)
        assert not box.told(f"{BASE}/state/wake")


@virtual_time
async def test_what_was_said_is_told_to_nobody_unless_it_is_configured() -> None:
    async with Box().running() as box:
        box.frontend.turn(TURN)
        await asyncio.sleep(60)
        assert not [topic for topic, payload, _ in box.bus.published if b"keys" in payload]
        assert not [topic for topic, payload, _ in box.bus.published if b"table" in payload]


@virtual_time
async def test_what_was_said_is_told_where_it_is_configured_and_never_retained() -> None:
    async with Box(TEXTS).running() as box:
        box.frontend.turn(TURN)
        await asyncio.sleep(0.1)
        (heard,) = box.told(f"{BASE}/state/heard")
        (reply,) = box.told(f"{BASE}/state/reply")
        assert json.loads(heard)["text"] == "where are my keys"
        assert json.loads(reply)["text"] == "On the table."
        assert not [topic for topic, payload in box.bus.retained.items() if b"keys" in payload]


@virtual_time
async def test_the_microphone_is_muted_kept_so_and_told() -> None:
    async with Box().running() as box:
        await box.order("mute", "ON")
        assert box.microphone.muted
        assert box.voice.cancelled == 1  # what is being said is not heard to its end
        assert box.kept == [{"listening": True, "mute": True}]
        assert box.kept_by_broker("mute") == "ON"
        await box.order("mute", "OFF")
        assert not box.microphone.muted


@virtual_time
async def test_what_the_switch_on_the_box_holds_off_stays_off() -> None:
    async with Box().running() as box:
        box.microphone.hold(True)
        box.frontend.changed()
        await asyncio.sleep(0.1)
        assert box.kept_by_broker("mute") == "ON"
        await box.order("mute", "OFF")
        assert box.microphone.muted and box.kept == []
        assert box.kept_by_broker("mute") == "ON"
        await box.order("listening", "OFF")  # what is kept is what somebody asked for
        assert box.kept == [{"listening": False, "mute": False}]


@virtual_time
async def test_listening_is_switched_off_without_closing_the_microphone() -> None:
    async with Box().running() as box:
        await box.order("listening", "OFF")
        assert not box.voice.listening
        assert not box.microphone.muted
        assert box.kept_by_broker("listening") == "OFF"


@virtual_time
async def test_the_volume_of_the_voice_is_shown_and_set() -> None:
    async with Box().running() as box:
        assert json.loads(box.bus.retained[ANNOUNCED])["cmps"]["volume"]["p"] == "number"
        assert box.kept_by_broker("volume") == "70"
        await box.order("volume", "40")
        assert (box.volume.percent, box.kept_by_broker("volume")) == (40, "40")
        box.volume.percent = 55  # somebody else
        box.frontend.changed()
        await asyncio.sleep(0.1)
        assert box.kept_by_broker("volume") == "55"


@pytest.mark.parametrize("payload", ["101", "-1", "loud", "nan", ""])
def test_what_is_no_volume_sets_none(payload: str) -> None:
    @virtual_time
    async def test() -> None:
        async with Box().running() as box:
            await box.order("volume", payload)
            assert box.volume.percent == 70

    test()


@virtual_time
async def test_a_microphone_is_muted_even_when_that_cannot_be_kept() -> None:
    async with Box().running() as box:
        box.disk_full = True
        await box.order("mute", "ON")
        assert box.microphone.muted
        assert box.kept_by_broker("mute") == "ON"
        await box.order("mute", "OFF")  # but nobody listens by a fault
        assert box.microphone.muted


@virtual_time
async def test_it_says_what_it_is_told_to_say() -> None:
    async with Box().running() as box:
        await box.order("say", "dinner\nis ready")
        assert box.said == ["dinner is ready"]


@virtual_time
async def test_a_flood_of_sayings_is_bounded() -> None:
    async with Box().running() as box:
        box.hold.clear()
        for number in range(20):
            await box.order("say", f"number {number}")
        box.hold.set()
        await asyncio.sleep(1)
        assert len(box.said) == 4
        await box.order("say", "again")
        assert box.said[-1] == "again"


@virtual_time
async def test_a_model_is_chosen_and_one_that_is_not_there_is_not() -> None:
    async with Box().running() as box:
        await box.order("next_model", "ministral")
        assert (box.model, box.kept_by_broker("next_model")) == ("ministral", "ministral")
        before = len(box.told(f"{BASE}/state/next_model"))
        await box.order("next_model", "../../etc/passwd")
        assert box.model == "ministral"
        told = box.told(f"{BASE}/state/next_model")
        assert told[before:] == ["ministral"]  # Home Assistant shows again what is so


@virtual_time
async def test_it_is_restarted_by_a_press_and_by_nothing_else() -> None:
    async with Box().running() as box:
        await box.order("restart", "")
        await box.order("restart", "ON")
        assert box.restarts == 0
        await box.order("restart", "PRESS")
        assert box.restarts == 1


@virtual_time
async def test_a_retained_order_is_not_obeyed_at_every_start() -> None:
    box = Box()
    box.bus.deliver(f"{BASE}/set/restart", "PRESS", retain=True)
    box.bus.deliver(f"{BASE}/set/mute", "ON", retain=True)
    async with box.running():
        assert box.restarts == 0
        assert not box.microphone.muted


@pytest.mark.parametrize("payload", [b"", b"\xff", b"maybe", b"x" * 1_000_000])
def test_a_payload_that_says_nothing_does_nothing(payload: bytes) -> None:
    @virtual_time
    async def test() -> None:
        async with Box().running() as box:
            for name in ("mute", "listening", "restart", "unheard_of"):
                await box.order(name, payload)
            assert not box.microphone.muted
            assert box.voice.listening
            await box.order("mute", "ON")
            assert box.microphone.muted

    test()


@virtual_time
async def test_what_is_not_there_can_not_be_switched() -> None:
    box = Box()
    bare = replace(box.means, ears=None, say=None, models=None, restart=None)
    async with box.running(bare):
        for name, payload in {"mute": "ON", "say": "hello", "restart": "PRESS"}.items():
            await box.order(name, payload)
        assert (box.said, box.restarts, box.microphone.muted) == ([], 0, False)
        announced = json.loads(box.bus.retained[ANNOUNCED])["cmps"]
        assert announced["mute"] == {"p": "switch"}


@virtual_time
async def test_switched_off_it_leaves_nothing_on_the_broker() -> None:
    async with Box().running() as box:
        pass
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(box.frontend.withdraw())
    assert set(box.bus.retained) == {f"{BASE}/availability"}


@virtual_time
async def test_which_version_runs_is_told_and_which_is_the_latest_when_somebody_says_so() -> None:
    async with Box().running() as box:
        assert json.loads(box.kept_by_broker("update")) == {
            "installed_version": __version__,
            "title": "Lares",
        }
        box.bus.deliver(f"{BASE}/update/latest", "99.1.0", retain=True)
        await asyncio.sleep(0.1)
        assert json.loads(box.kept_by_broker("update"))["latest_version"] == "99.1.0"
        box.bus.deliver(f"{BASE}/update/latest", '{"version": "<script>"}')
        await asyncio.sleep(0.1)
        assert json.loads(box.kept_by_broker("update"))["latest_version"] == "99.1.0"
        box.bus.deliver(f"{BASE}/update/latest", "")
        await asyncio.sleep(0.1)
        assert "latest_version" not in json.loads(box.kept_by_broker("update"))


@virtual_time
async def test_what_the_broker_does_not_let_this_box_publish_stops_nothing_else() -> None:
    box = Box()
    box.bus.forbidden.add(ANNOUNCED)
    async with box.running():
        await asyncio.sleep(60)
        assert ANNOUNCED not in box.bus.retained
        box.microphone.mute(True)
        await box.order("listening", "OFF")
        assert not box.voice.listening
        assert box.kept_by_broker("listening") == "OFF"
