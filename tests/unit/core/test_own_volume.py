"""Lares is told how loud to speak, and takes nothing else for that."""

from __future__ import annotations

import pytest

from laresd.core.intent.own_volume import STEP, Wish, wish
from laresd.core.own_voice import LEAST, OwnVoice
from laresd.errors import Temporary
from laresd.types import Entity, Home, ReplyKind, Request
from tests.fakes.home import home_of
from tests.fakes.virtual_time import virtual_time
from tests.fakes.volume import FakeVolume
from tests.unit.core.test_assistant import Room

QUIET = home_of((Entity("light.lamp", "light", "Lamp", area="Kitchen"),))
RADIO = home_of((Entity("media_player.radio", "media_player", "Radio", area="Attic"),))
LOUDER, QUIETER = Wish(change=STEP), Wish(change=-STEP)

OF_ITSELF = [
    ("Speak louder, please.", "en", LOUDER),
    ("can you speak up", "en", LOUDER),
    ("talk a bit quieter", "en", QUIETER),
    ("turn your volume down", "en", QUIETER),
    ("Set your volume to 40 percent", "en", Wish(40)),
    ("your volume to forty percent", "en", Wish(40)),
    ("Sprich bitte etwas lauter.", "de", LOUDER),
    ("rede leiser", "de-DE", QUIETER),
    ("Stell deine Lautstärke auf 40 Prozent", "de", Wish(40)),
    ("deine Lautstärke auf fünfundvierzig Prozent", "de", Wish(45)),
    ("说话大声一点", "zh-CN", LOUDER),
    ("请你说话小声点", "zh", QUIETER),
    ("把你的音量调到百分之四十", "zh", Wish(40)),
]
OF_WHATEVER_SOUNDS = [
    ("louder", "en", LOUDER),
    ("turn down the volume", "en", QUIETER),
    ("volume to 40 percent", "en", Wish(40)),
    ("volume at half", "en", Wish(50)),
    ("lauter", "de", LOUDER),
    ("mach etwas leiser", "de", QUIETER),
    ("Lautstärke auf 40 Prozent", "de", Wish(40)),
    ("大声点", "zh", LOUDER),
    ("声音小一点", "zh", QUIETER),
    ("音量调到40%", "zh", Wish(40)),
]
NEITHER = [
    ("volume to 4", "en"),  # of which scale?
    ("volume to 140 percent", "en"),
    ("turn up the lights", "en"),
    ("turn it up", "en"),
    ("speak", "en"),
    ("speak louder when I am in the kitchen", "en"),
    ("do not speak louder", "en"),
    ("volume to 40 percent and turn off the lamp", "en"),
    ("mach das Licht lauter", "de"),
    ("sprich nicht lauter", "de"),
    ("把灯调到40%", "zh"),
    ("speak louder", "tlh"),
    ("", "en"),
]


@pytest.mark.parametrize("home", [QUIET, RADIO])
@pytest.mark.parametrize(("text", "language", "wanted"), OF_ITSELF)
def test_what_names_the_voice_of_lares_is_for_it(
    text: str, language: str, wanted: Wish, home: Home
) -> None:
    assert wish(text, language, home) == wanted


@pytest.mark.parametrize(("text", "language", "wanted"), OF_WHATEVER_SOUNDS)
def test_what_may_be_about_a_media_player_is_only_where_there_is_none(
    text: str, language: str, wanted: Wish
) -> None:
    assert wish(text, language, QUIET) == wanted
    assert wish(text, language, RADIO) is None


@pytest.mark.parametrize(("text", "language"), NEITHER)
def test_anything_else_is_not(text: str, language: str) -> None:
    assert wish(text, language, QUIET) is None


def request(text: str, *, source: str = "voice", site: str = "") -> Request:
    return Request("r", text, "en", 1e9, source, site=site)


async def test_it_is_set_and_the_answer_tells_how_loud_it_is_now() -> None:
    volume = FakeVolume(70)
    reply = await OwnVoice(volume).answer(request("speak louder"), QUIET)
    assert reply is not None and volume.percent == 80
    assert (reply.kind, reply.text) == (ReplyKind.DONE, "My volume is 80 percent now.")


async def test_at_its_loudest_it_says_so() -> None:
    volume = FakeVolume(95)
    voice = OwnVoice(volume)
    await voice.answer(request("speak louder"), QUIET)
    assert volume.percent == 100
    reply = await voice.answer(request("speak louder"), QUIET)
    assert reply is not None and reply.text == "I am as loud as I can be."


@pytest.mark.parametrize("text", ["speak quieter", "your volume to 0 percent"])
async def test_nobody_makes_it_inaudible_by_voice(text: str) -> None:
    volume = FakeVolume(LEAST + 4)
    reply = await OwnVoice(volume).answer(request(text), QUIET)
    assert reply is not None and reply.kind is ReplyKind.REFUSED
    assert volume.percent == LEAST


async def test_what_was_set_lower_elsewhere_is_not_made_louder_by_quieter() -> None:
    volume = FakeVolume(5)
    await OwnVoice(volume).answer(request("speak quieter"), QUIET)
    assert volume.percent == 5


async def test_a_satellite_is_not_made_louder_at_the_box() -> None:
    volume = FakeVolume(70)
    reply = await OwnVoice(volume).answer(request("speak louder", site="hall"), QUIET)
    assert reply is not None and reply.kind is ReplyKind.REFUSED
    asked = await OwnVoice(volume).answer(request("speak louder", source="mqtt", site="x"), QUIET)
    assert asked is not None and volume.percent == 80


async def test_a_box_without_a_loudspeaker_has_no_voice_to_set() -> None:
    assert await OwnVoice(None).answer(request("speak louder"), QUIET) is None


@virtual_time
async def test_in_the_cascade_it_comes_before_whatever_else_could_be_made_of_it() -> None:
    volume = FakeVolume(70)
    room = Room(volume=volume)
    reply = await room.say("speak louder")
    assert (reply.text, reply.understood_by) == ("My volume is 80 percent now.", "grammar")
    assert room.done == []


@virtual_time
async def test_a_volume_that_cannot_be_kept_is_told_of() -> None:
    volume = FakeVolume(70)
    volume.failure = Temporary("the volume is set, but not after a restart")
    assert (await Room(volume=volume).say("speak louder")).kind is ReplyKind.FAILED
