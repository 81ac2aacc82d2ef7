"""Whether somebody who pauses has said all: what closes a turn at once, and what holds it open."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.clock import SystemClock
from laresd.config import Config, Input
from laresd.core.assistant import CascadeAssistant
from laresd.core.wholeness import of_answer, of_command
from laresd.turns import Wholeness
from laresd.types import Home, Recognition, Request
from tests.fakes.devices import FakeDevices
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import ENTITIES, STATES, entity, home_of

STRIP = entity("light.strip", "Kitchen Light Strip", "Kitchen", ["brightness"])
ENGLISH = home_of(ENTITIES, STATES)
WITH_STRIP = home_of((*ENTITIES, STRIP), STATES)
GERMAN = home_of(
    (
        entity("light.kitchen", "Küchenlicht", "Küche", ["brightness"]),
        entity("light.floor", "Stehlampe", "Wohnzimmer", ["brightness"]),
        entity("cover.gate", "Rollo", "Garage", ["position"], device_class="blind"),
    )
)
CHINESE = home_of(
    (
        entity("light.kitchen", "厨房灯", "厨房", ["brightness"]),
        entity("light.strip", "厨房灯带", "厨房", ["brightness"]),
        entity("light.desk", "台灯", "书房", ["brightness"]),
    )
)
KNOWN: dict[str, Sequence[Recognition]] = {
    "set a timer for five minutes": [Recognition("HassStartTimer", {"minutes": 5})]
}


async def wholeness(
    text: str, language: str = "en", home: Home = ENGLISH, *, config: Config | None = None
) -> Wholeness:
    """As the box's assistant says it, with a sentence grammar that knows little."""
    assistant = CascadeAssistant(
        config=config or Config(),
        clock=SystemClock(),
        grammar=FakeGrammar(KNOWN),
        devices=FakeDevices(tuple(home.entities.values()), home.states),
    )
    deadline = SystemClock().now() + 60
    return await assistant.wholeness(Request("1", text, language, deadline, "voice"))


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen light",
        "Turn on the kitchen light.",
        "set the desk lamp to fifty",
        "set the desk lamp to 50 percent",
        "make the desk lamp red",
        "turn off the lights in the kitchen",
        "turn on the lamp in the bedroom",
        "lock the front door",
        "activate movie night",
        "never mind",
    ],
)
async def test_a_clear_command_is_whole(text: str) -> None:
    assert await wholeness(text) is Wholeness.WHOLE


@pytest.mark.parametrize(
    ("text", "language", "home"),
    [
        ("schalte das Küchenlicht ein", "de", GERMAN),
        ("mach die Stehlampe an", "de", GERMAN),
        ("mach das Licht in der Küche aus", "de-AT", GERMAN),
        ("stelle die Stehlampe auf 50 Prozent", "de", GERMAN),
        ("vergiss es", "de", GERMAN),
        ("打开台灯", "zh", CHINESE),
        ("把台灯打开", "zh", CHINESE),
        ("把台灯调到百分之五十", "zh", CHINESE),
        ("算了", "zh", CHINESE),
    ],
)
async def test_so_it_is_in_german_and_chinese(text: str, language: str, home: Home) -> None:
    assert await wholeness(text, language, home) is Wholeness.WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "turn on the",
        "turn on",
        "turn on the uh",
        "turn on the kitchen light and",
        "set the desk lamp",
        "set the desk lamp to",
        "turn the desk lamp",
        "set a timer for five",
        "uh",
    ],
)
async def test_words_after_which_something_must_follow_are_open(text: str) -> None:
    assert await wholeness(text) is Wholeness.OPEN


@pytest.mark.parametrize(
    ("text", "language", "home"),
    [
        ("schalte das", "de", GERMAN),
        ("mach die Stehlampe", "de", GERMAN),
        ("mach die Stehlampe an und", "de", GERMAN),
        ("äh", "de", GERMAN),
        ("打开", "zh", CHINESE),
        ("把台灯", "zh", CHINESE),
        ("把台灯调到", "zh", CHINESE),
        ("打开台灯和", "zh", CHINESE),
    ],
)
async def test_so_they_are_in_german_and_chinese(text: str, language: str, home: Home) -> None:
    assert await wholeness(text, language, home) is Wholeness.OPEN


@pytest.mark.parametrize(
    ("text", "language", "home"),
    [
        ("turn on the kitchen light", "en", WITH_STRIP),  # strip
        ("turn on the lamp", "en", ENGLISH),  # there are two
        ("set the thermostat to twenty", "en", ENGLISH),  # one
        ("turn on the ceiling", "en", ENGLISH),  # fan
        ("unlock the front door", "en", ENGLISH),  # dangerous: all the words there may be
        ("is the kitchen light on", "en", ENGLISH),
        ("turn it on", "en", ENGLISH),
        ("tell me a story", "en", ENGLISH),
        ("mach das Rollo auf", "de", GERMAN),  # 50 percent
        ("打开厨房灯", "zh", CHINESE),  # strip
        ("", "en", ENGLISH),
        ("4711", "en", ENGLISH),
    ],
)
async def test_in_doubt_the_usual_silence_decides(text: str, language: str, home: Home) -> None:
    assert await wholeness(text, language, home) is Wholeness.UNSURE


@pytest.mark.parametrize(
    ("text", "language", "home"),
    [
        ("turn off all the lights", "en", ENGLISH),  # in the kitchen
        ("set a timer for five minutes", "en", ENGLISH),  # and thirty seconds
        ("mach alle Lichter aus", "de", GERMAN),
        ("关掉所有灯", "zh", CHINESE),
    ],
)
async def test_what_is_clear_but_may_be_added_to_is_likely_all(
    text: str, language: str, home: Home
) -> None:
    assert await wholeness(text, language, home) is Wholeness.LIKELY


async def test_a_name_to_its_end_is_whole_though_a_shorter_one_begins_so() -> None:
    assert await wholeness("turn on the kitchen light strip", home=WITH_STRIP) is Wholeness.WHOLE


async def test_what_is_too_long_to_be_read_is_not_looked_at() -> None:
    short = dataclasses.replace(Config(), input=Input(max_characters=10))
    assert await wholeness("turn on the kitchen light", config=short) is Wholeness.UNSURE


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("no", "en", Wholeness.WHOLE),
        ("never mind", "en", Wholeness.WHOLE),
        ("vergiss es", "de", Wholeness.WHOLE),
        ("算了", "zh", Wholeness.WHOLE),
        ("yes", "en", Wholeness.UNSURE),
        ("4711", "en", Wholeness.UNSURE),
    ],
)
def test_where_an_action_waits_only_a_no_ends_at_once(
    text: str, language: str, expected: Wholeness
) -> None:
    assert of_answer(text, language) is expected


words = st.lists(
    st.sampled_from(
        [
            "turn",
            "on",
            "off",
            "the",
            "set",
            "kitchen",
            "light",
            "lamp",
            "to",
            "fifty",
            "and",
            "%",
            "50",
            "in",
            "把",
            "打开",
            "mach",
            "das",
            "auf",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(st.one_of(st.text(max_size=60), words), st.sampled_from(["en", "de", "zh", "tlh"]))
def test_words_that_nobody_is_sure_of_never_end_a_turn_early(text: str, language: str) -> None:
    assert of_command(text, language, ENGLISH, None) in (Wholeness.OPEN, Wholeness.UNSURE)
