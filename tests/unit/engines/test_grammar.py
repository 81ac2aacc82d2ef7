"""Home Assistant's sentences through hassil: intents, slots, languages, and the limit on time."""

from __future__ import annotations

import pytest

from laresd.engines.grammar import MAX_TEXT, Name, Templates
from laresd.errors import Permanent

NAMES = [
    Name("Kitchen Light", "light.kitchen", "light"),
    Name("Front Door", "lock.front", "lock"),
    Name("Curtain", "cover.curtain", "cover", "curtain"),
    Name("Küchenlampe", "light.k", "light"),
    Name("厨房灯", "light.c", "light"),
]
AREAS = ["Kitchen", "Living Room", "Küche", "厨房"]
PLENTY = 20.0  # seconds


@pytest.fixture(scope="module", params=["en", "de", "zh-CN"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


FLOORS = ["Upstairs", "Obergeschoss", "楼上"]


def templates(language: str) -> Templates:
    known = Templates(language)
    known.learn(NAMES, AREAS, FLOORS)
    return known


@pytest.fixture(scope="module")
def english() -> Templates:
    return templates("en")


@pytest.mark.parametrize(
    ("language", "text", "intent", "slots"),
    [
        ("en", "turn on the kitchen light", "HassTurnOn", {"entity_id": "light.kitchen"}),
        ("en", "turn off the lights in the kitchen", "HassTurnOff", {"area": "Kitchen"}),
        ("en", "turn off the lights upstairs", "HassTurnOff", {"floor": "Upstairs"}),
        ("de", "Licht im Obergeschoss aus", "HassTurnOff", {"floor": "Obergeschoss"}),
        ("en", "lock the front door", "HassTurnOn", {"entity_id": "lock.front"}),
        ("en", "is the front door locked", "HassGetState", {"response": "one_yesno"}),
        ("en", "how many lights are on", "HassGetState", {"response": "how_many"}),
        ("en", "set kitchen light to 40%", "HassLightSet", {"brightness": 40}),
        ("en", "set a timer for five minutes", "HassStartTimer", {"minutes": 5}),
        (
            "en",
            "set a pizza timer for ten minutes",
            "HassStartTimer",
            {"name": "pizza", "minutes": 10},
        ),
        ("en", "start an egg timer for 90 seconds", "HassStartTimer", {"seconds": 90}),
        ("de", "stelle einen Pizza Timer auf zehn Minuten", "HassStartTimer", {"minutes": 10}),
        ("zh-CN", "设置10分钟的披萨计时器", "HassStartTimer", {"name": "披萨", "minutes": 10}),
        ("en", "what time is it", "HassGetCurrentTime", {}),
        ("de", "schalte die Küchenlampe ein", "HassTurnOn", {"entity_id": "light.k"}),
        ("de", "wie spät ist es", "HassGetCurrentTime", {}),
        ("zh-CN", "打开厨房灯", "HassTurnOn", {"entity_id": "light.c"}),
    ],
)
def test_a_sentence_gives_its_intent_and_slots(
    language: str, text: str, intent: str, slots: dict[str, object]
) -> None:
    best = templates(language).recognize(text, None, PLENTY)[0]
    found = best["slots"]
    assert best["intent"] == intent
    assert isinstance(found, dict)
    assert slots.items() <= found.items()


def test_lights_are_those_of_the_room_where_it_was_said(english: Templates) -> None:
    (best, *_) = english.recognize("turn off the lights", "Kitchen", PLENTY)
    assert best["slots"] == {"area": "Kitchen", "domain": "light", "response": "lights_area"}


def test_a_device_s_name_comes_before_a_room_and_a_kind(english: Templates) -> None:
    found = english.recognize("turn on the kitchen light", None, PLENTY)
    assert [("entity_id" in (r["slots"] or {})) for r in found][:2] == [True, False]  # type: ignore[operator]


def test_a_region_falls_back_to_its_language() -> None:
    british = Templates("en-GB")
    assert british.recognize("what time is it", None, PLENTY)


def test_an_unknown_language_says_which_there_are() -> None:
    with pytest.raises(Permanent) as raised:
        Templates("tlh")
    assert "zh-CN" in raised.value.remedy


def test_a_match_that_takes_too_long_is_cut(english: Templates) -> None:
    assert english.recognize("turn on the kitchen light", None, 1e-6) == []
    assert english.recognize("turn on the kitchen light", None, PLENTY)


def test_text_longer_than_any_command_is_not_even_tried(english: Templates) -> None:
    assert english.recognize("turn on the kitchen light " * 20, None, PLENTY) == []
    assert len("turn on the kitchen light " * 20) > MAX_TEXT
