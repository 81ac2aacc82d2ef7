"""A timer that has ended is told on MQTT and aloud, and neither waits for the other for ever."""

from __future__ import annotations

import json

import pytest

from laresd.backends.clock import SystemClock
from laresd.config import Config
from laresd.errors import Temporary
from laresd.frontends.announcer import Announcer
from laresd.timing import TimerEnded, TimerView
from tests.fakes.audio import FakeSink
from tests.fakes.bus import FakeBus
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.virtual_time import virtual_time

TOPIC = "lares/lares/timer/ended"
ENDED = TimerEnded(TimerView(1, "tea", 300.0, 0.0, paused=False), 0.0, "Your tea timer is done.")


class Place:
    def __init__(self) -> None:
        self.bus, self.sink = FakeBus(), FakeSink()
        voice = FakeSynthesizer()
        self.announcer = Announcer(Config(), self.bus, voice, self.sink, SystemClock())

    def told(self) -> list[str]:
        return [json.loads(body)["text"] for to, body, _ in self.bus.published if to == TOPIC]


@virtual_time
async def test_it_is_told_on_mqtt_and_said() -> None:
    place = Place()
    await place.announcer.announce(ENDED)
    assert place.told() == ["Your tea timer is done."]
    assert len(place.sink.played) == 1


@virtual_time
async def test_a_broker_that_is_away_or_does_not_take_it_silences_no_timer() -> None:
    place = Place()
    place.bus.break_connection()
    await place.announcer.announce(ENDED)
    place.bus.mend()
    place.bus.forbidden.add(TOPIC)
    await place.announcer.announce(ENDED)
    assert len(place.sink.played) == 2


@virtual_time
async def test_one_that_could_not_be_said_is_said_later_and_not_told_twice() -> None:
    place = Place()
    place.sink.failures.append(Temporary("the loudspeaker is gone"))
    with pytest.raises(Temporary):
        await place.announcer.announce(ENDED)
    await place.announcer.announce(ENDED)
    assert len(place.told()) == 1
    assert len(place.sink.played) == 1
