"""say, listen, timer, scene and kb/ask over MQTT, and recordings that `ask` names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.config import MqttApi
from laresd.errors import Permanent, Refused, Temporary
from laresd.sound import wav_bytes
from laresd.types import Json
from tests.fakes.audio import WAKE_WORD, silence, speech
from tests.unit.frontends.mqtt.rig import TURN_ON, Rig, error_of


@pytest.fixture
async def home() -> AsyncIterator[Rig]:
    async with Rig().running() as rig:
        yield rig


async def test_what_is_to_be_said_is_said_and_then_answered(home: Rig) -> None:
    answer = await home.ask({"text": "Dinner is ready.", "id": "s", "language": "de"}, "say")
    assert answer == {"id": "s", "kind": "done", "text": "Dinner is ready."}
    assert home.voice.said == [("Dinner is ready.", "de")]


async def test_plain_text_is_said_in_the_boxs_language(home: Rig) -> None:
    await home.ask("Dinner is ready.", "say")
    assert home.voice.said == [("Dinner is ready.", "en")]


async def test_a_box_says_nothing_for_another_room(home: Rig) -> None:
    code, message = error_of(await home.ask({"text": "Hello", "area": "Bedroom"}, "say"))
    assert code == "refused"
    assert "Kitchen" in message
    assert not home.voice.said
    assert (await home.ask({"text": "Hello", "area": "kitchen"}, "say"))["kind"] == "done"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Temporary("the loudspeaker is gone"), "failed"),
        (Permanent("no voice for this language"), "failed"),
        (Refused("it is told to be quiet"), "refused"),
    ],
)
async def test_what_could_not_be_said_is_told(
    failure: Temporary | Permanent | Refused, code: str, home: Rig
) -> None:
    home.voice.failures.append(failure)
    told, message = error_of(await home.ask("Hello", "say"))
    assert (told, message) == (code, failure.message)


@pytest.mark.parametrize(("said", "site"), [("hall", "hall"), ("lares", "")])
async def test_a_satellite_speaks_and_listens_where_it_is_named(
    said: str, site: str, home: Rig
) -> None:
    assert (await home.ask({"text": "Hello", "site": said}, "say"))["kind"] == "done"
    assert (await home.ask({"site": said}, "listen"))["kind"] == "done"
    assert home.voice.sites == [site, site]


async def test_a_satellite_that_is_not_there_says_nothing(home: Rig) -> None:
    assert error_of(await home.ask({"text": "Hello", "site": "attic"}, "say"))[0] == "refused"
    both = {"text": "Hello", "site": "hall", "area": "Kitchen"}
    assert error_of(await home.ask(both, "say"))[0] == "bad_request"
    assert not home.voice.said


@pytest.mark.parametrize("payload", ["", "PRESS", '{"seconds": 5}'])
async def test_the_ear_opens_as_by_the_wake_word(payload: str, home: Rig) -> None:
    assert (await home.ask(payload, "listen"))["kind"] == "done"
    assert home.voice.opened == [5.0]


async def test_an_ear_that_the_box_has_not_is_not_opened(home: Rig) -> None:
    assert error_of(await home.ask({"site": "garden"}, "listen"))[0] == "refused"
    assert error_of(await home.ask("OFF", "listen"))[0] == "bad_request"
    assert not home.voice.opened


async def test_how_loud_the_box_speaks_is_told_and_set(home: Rig) -> None:
    told = {"id": "last", "kind": "done", "percent": 70}
    assert await home.ask("", "volume") == told
    assert await home.ask("40", "volume") == {**told, "percent": 40}
    assert await home.ask({"percent": 55.4}, "volume") == {**told, "percent": 55}
    assert error_of(await home.ask("louder", "volume"))[0] == "bad_request"
    assert home.volume.percent == 55


async def test_a_volume_that_is_set_but_cannot_be_kept_is_told_of(home: Rig) -> None:
    home.volume.failure = Temporary("it is set, but not after a restart")
    assert error_of(await home.ask("40", "volume"))[0] == "failed"


async def test_timers_are_started_told_and_cancelled(home: Rig) -> None:
    started = await home.ask({"verb": "start", "seconds": 300, "name": "tea"}, "timer")
    assert (started["kind"], started["outcome"]) == ("done", "started")
    (timer,) = _rows(started)
    assert (timer["name"], timer["duration_s"], timer["area"]) == ("tea", 300.0, "Kitchen")
    (told,) = _rows(await home.ask("status", "timer"))
    assert told["id"] == timer["id"]
    cancelled = await home.ask({"verb": "cancel", "name": "tea"}, "timer")
    assert cancelled["outcome"] == "cancelled"
    assert cancelled["text"] == "Tea timer cancelled."


async def test_what_the_timers_do_not_do_is_a_refusal_with_its_sentence(home: Rig) -> None:
    answer = await home.ask({"verb": "start"}, "timer")
    assert (answer["kind"], answer["outcome"]) == ("refused", "no_duration")
    assert answer["text"]


def _rows(answer: dict[str, Json]) -> list[dict[str, Json]]:
    rows = answer["timers"]
    assert isinstance(rows, list)
    return [row for row in rows if isinstance(row, dict)]


@pytest.mark.parametrize("name", ["Movie night", "movie NIGHT", "scene.movie_night", "cinema"])
async def test_a_scene_is_activated_by_its_name_through_the_assistant(name: str, home: Rig) -> None:
    answer = await home.ask({"name": name, "user": "Ada"}, "scene")
    assert answer["text"] == "Enjoy the film."
    (request,) = home.assistant.requests
    assert (request.text, request.user) == ("Movie night", "Ada")


async def test_a_routine_is_asked_for_by_what_is_said_for_it(home: Rig) -> None:
    assert (await home.ask("bedtime", "scene"))["text"] == "Good night."


@pytest.mark.parametrize("name", ["Movie", "turn on the lamp", "Lamp", "light.lamp"])
async def test_nothing_but_a_scene_or_routine_is_activated_so(name: str, home: Rig) -> None:
    assert error_of(await home.ask({"name": name}, "scene"))[0] == "refused"
    assert not home.assistant.requests


async def test_documents_are_not_asked_until_there_are_some(home: Rig) -> None:
    for operation in ("kb/ask", "kb/search", "kb/summary"):
        code, message = error_of(await home.ask("when was the boiler serviced", operation))
        assert (code, message) == ("refused", "this box knows no documents")


async def test_a_recording_by_name_is_heard_and_answered(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(silence(100) + speech(900, TURN_ON) + silence(100)))
    async with Rig(MqttApi(audio_dir=tmp_path)).running() as home:
        answer = await home.ask({"audio": "a.wav", "id": "r", "area": "Kitchen"})
        assert (answer["id"], answer["text"]) == ("r", "Done.")
        (request,) = home.assistant.requests
        assert (request.text, request.area) == ("turn on the lamp", "Kitchen")


async def test_a_recording_may_begin_with_the_wake_word(tmp_path: Path) -> None:
    woken = speech(500, WAKE_WORD)
    (tmp_path / "a.wav").write_bytes(wav_bytes(woken + silence(100) + speech(900, TURN_ON)))
    (tmp_path / "b.wav").write_bytes(wav_bytes(woken + silence(100)))
    async with Rig(MqttApi(audio_dir=tmp_path)).running() as home:
        assert (await home.ask({"audio": "a.wav", "id": "r"}))["text"] == "Done."
        assert home.texts() == ["turn on the lamp"]
        assert error_of(await home.ask({"audio": "b.wav", "id": "s"}))[0] == "refused"


async def test_a_recording_in_which_nothing_is_said_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(silence(1000)))
    async with Rig(MqttApi(audio_dir=tmp_path)).running() as home:
        code, message = error_of(await home.ask({"audio": "a.wav"}))
        assert code == "refused"
        assert "no words" in message
        assert not home.assistant.requests


async def test_a_recording_is_refused_unless_a_folder_is_configured(home: Rig) -> None:
    assert error_of(await home.ask({"audio": "a.wav"}))[0] == "refused"
