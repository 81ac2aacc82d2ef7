"""The tolerant grammar: any word order, but every word accounted for, and never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.intent import loose
from laresd.core.intent.meaning import Meaning, Trouble
from laresd.types import Home, Json
from tests.fakes.home import HOME, entity, home_of, state


def understood(
    text: str, language: str = "en", home: Home = HOME, here: str | None = None
) -> list[tuple[str, str, dict[str, Json]]]:
    """(entity, command, parameters) of each action."""
    meaning = loose.understand(text, language, home, here)
    actions = meaning.actions if meaning is not None else ()
    return [(a.entity_id, a.command.value, dict(a.params)) for a in actions]


def problem(text: str, home: Home = HOME, here: str | None = None) -> Trouble | None:
    meaning = loose.understand(text, "en", home, here)
    return meaning.problem.trouble if meaning is not None and meaning.problem else None


RED: Json = [255, 0, 0]


@pytest.mark.parametrize(
    ("text", "entity_id", "command", "params"),
    [
        ("could you switch the kitchen light off please", "light.kitchen", "turn_off", {}),
        ("kitchen light on", "light.kitchen", "turn_on", {}),
        ("turn the light in the kitchen on", "light.kitchen", "turn_on", {}),
        ("turn on the bedroom lamp", "light.lamp_bedroom", "turn_on", {}),
        ("turn on the kitchn light", "light.kitchen", "turn_on", {}),
        ("coffee on", "switch.coffee", "turn_on", {}),
        ("desk lamp thirty percent", "light.desk_lamp", "turn_on", {"brightness_pct": 30}),
        ("turn the desk lamp down to 20%", "light.desk_lamp", "turn_on", {"brightness_pct": 20}),
        ("dim the ceiling", "light.ceiling", "turn_on", {"brightness_pct": 20}),
        ("make the ceiling brighter", "light.ceiling", "turn_on", {"brightness_pct": 60}),
        ("desk lamp to full brightness", "light.desk_lamp", "turn_on", {"brightness_pct": 100}),
        ("ceiling to warm white", "light.ceiling", "turn_on", {"color_temp_k": 2700}),
        ("ceiling color temperature 4000", "light.ceiling", "turn_on", {"color_temp_k": 4000}),
        (
            "make the desk lamp red",
            "light.desk_lamp",
            "turn_on",
            {"color_name": "red", "rgb": RED},
        ),
        ("open the blind halfway", "cover.blind", "set_position", {"position": 50}),
        ("lower the blind", "cover.blind", "close", {}),
        ("raise the living room blind", "cover.blind", "open", {}),
        ("open the blind all the way", "cover.blind", "open", {}),
        ("open the garage door", "cover.garage", "open", {}),
        ("lock the front door", "lock.front", "lock", {}),
        ("fan to 50 percent", "fan.bedroom", "set_speed", {"percentage": 50}),
        ("set heating to twenty two", "climate.living", "set_temperature", {"temperature": 22}),
        ("temperature down by 2 degrees", "climate.living", "set_temperature", {"temperature": 18}),
        ("turn the volume up", "media_player.tv", "set_volume", {"volume_pct": 40}),
        ("pause the music", "media_player.tv", "pause", {}),
        ("send rosie home", "vacuum.rosie", "dock", {}),
        ("start the vacuum in the hallway", "vacuum.rosie", "start", {}),
        ("turn on movie night", "scene.movie", "activate", {}),
        ("press the doorbell", "button.bell", "press", {}),
        ("add oat milk to my list", "todo.shopping", "add_item", {"item": "oat milk"}),
    ],
)  # fmt: skip
def test_a_command_in_english(
    text: str, entity_id: str, command: str, params: dict[str, Json]
) -> None:
    assert understood(text) == [(entity_id, command, params)]


GERMAN = home_of(
    [
        entity("light.k", "Küchenlampe", "Küche", ["brightness"]),
        entity("light.s", "Stehlampe", "Wohnzimmer", ["brightness", "rgb"]),
        entity("cover.r", "Rollladen", "Wohnzimmer", ["position"], device_class="shutter"),
        entity("lock.h", "Haustür", "Flur"),
        entity("climate.h", "Heizung", "Wohnzimmer", ["temperature"]),
        entity("todo.e", "Einkaufsliste"),
    ],
    {"light.s": state("on", brightness_pct=50)},
)


@pytest.mark.parametrize(
    ("text", "entity_id", "command", "params"),
    [
        ("Mach bitte die Küchenlampe an", "light.k", "turn_on", {}),
        ("Licht in der Küche aus", "light.k", "turn_off", {}),
        ("Küchenlicht einschalten", "light.k", "turn_on", {}),
        ("Stell die Stehlampe auf zwanzig Prozent", "light.s", "turn_on", {"brightness_pct": 20}),
        ("Stehlampe heller", "light.s", "turn_on", {"brightness_pct": 70}),
        ("Fahr den Rollladen runter", "cover.r", "close", {}),
        ("Rollladen auf 30 Prozent", "cover.r", "set_position", {"position": 30}),
        ("Mach den Rollladen auf", "cover.r", "open", {}),
        ("verriegle die Haustür", "lock.h", "lock", {}),
        ("Heizung auf zweiundzwanzig Grad", "climate.h", "set_temperature", {"temperature": 22}),
        ("Setze Milch auf die Einkaufsliste", "todo.e", "add_item", {"item": "Milch"}),
    ],
)
def test_a_command_in_german(
    text: str, entity_id: str, command: str, params: dict[str, Json]
) -> None:
    assert understood(text, "de", GERMAN) == [(entity_id, command, params)]


CHINESE = home_of(
    [
        entity("light.k", "厨房灯", "厨房", ["brightness"]),
        entity("light.c", "床头灯", "卧室", ["brightness", "rgb"]),
        entity("cover.c", "窗帘", "卧室", ["position"], device_class="curtain"),
        entity("lock.q", "前门", "玄关"),
        entity("climate.k", "空调", "卧室", ["temperature"]),
    ]
)


@pytest.mark.parametrize(
    ("text", "entity_id", "command", "params"),
    [
        ("请打开厨房的灯", "light.k", "turn_on", {}),
        ("把床头灯关掉", "light.c", "turn_off", {}),
        ("床头灯调到百分之二十", "light.c", "turn_on", {"brightness_pct": 20}),
        ("把床头灯变成红色", "light.c", "turn_on", {"color_name": "red", "rgb": RED}),
        ("拉上窗帘", "cover.c", "close", {}),
        ("把前门锁上", "lock.q", "lock", {}),
        ("空调调到二十四度", "climate.k", "set_temperature", {"temperature": 24}),
    ],
)
def test_a_command_in_chinese(
    text: str, entity_id: str, command: str, params: dict[str, Json]
) -> None:
    assert understood(text, "zh-CN", CHINESE) == [(entity_id, command, params)]


@pytest.mark.parametrize(
    "text",
    [
        "don't turn on the kitchen light",
        "turn on the kitchen light tomorrow",
        "turn on the kitchen light at seven",
        "turn off the kitchen light in five minutes",
        "when i leave turn off the kitchen light",
        "if it rains close the blind",
        "the kitchen light is lovely",
        "is the kitchen light on",
        "i turned on the kitchen light",
        "she said turn on the kitchen light",
        "should i turn on the kitchen light",
        "my neighbour's kitchen light on",
        "turn on the kitchen light in paris",
        "is it raining in paris",
        "open a bank account",
        "unlock my phone",
        "turn on the oven",
        "turn it on",
        "go home",
        "kitchen light",
        "on",
        "fifty percent",
        "light travels fast",
    ],
)
def test_what_is_no_command_for_this_home_is_left_alone(text: str) -> None:
    assert understood(text) == []


@pytest.mark.parametrize(
    ("text", "language", "home"),
    [
        ("mach die Küchenlampe nicht an", "de", GERMAN),
        ("mach morgen die Küchenlampe an", "de", GERMAN),
        ("schalte um acht die Küchenlampe ein", "de", GERMAN),
        ("die Küchenlampe ist an", "de", GERMAN),
        ("不要打开厨房灯", "zh-CN", CHINESE),
        ("明天打开厨房灯", "zh-CN", CHINESE),
        ("七点打开厨房灯", "zh-CN", CHINESE),
        ("厨房灯开着吗", "zh-CN", CHINESE),
    ],
)
def test_negation_time_and_questions_in_other_languages(
    text: str, language: str, home: Home
) -> None:
    assert understood(text, language, home) == []


class TestSeveral:
    def test_all_lights_of_a_room(self) -> None:
        assert [a[0] for a in understood("turn off the office lights")] == [
            "light.desk_lamp",
            "light.lamp_office",
        ]

    def test_two_rooms_share_the_word_for_the_devices(self) -> None:
        found = [a[0] for a in understood("kitchen and bedroom lights off")]
        assert found == ["light.kitchen", "light.lamp_bedroom"]

    def test_two_commands_in_one_sentence(self) -> None:
        assert understood("turn on the kitchen light and close the blind") == [
            ("light.kitchen", "turn_on", {}),
            ("cover.blind", "close", {}),
        ]

    def test_half_an_understood_sentence_does_nothing(self) -> None:
        assert understood("turn on the kitchen light and open the pod bay doors") == []

    def test_everything_off_spares_locks_covers_and_heating(self) -> None:
        domains = {a[0].partition(".")[0] for a in understood("everything off")}
        assert domains == {"light", "switch", "fan", "media_player"}

    def test_everything_on_is_nothing_that_anyone_wants(self) -> None:
        assert understood("turn everything on") == []


class TestDoubt:
    @pytest.mark.parametrize(
        "text",
        [
            "vacuum the hallway",
            "clean the kitchen with rosie",
            "start rosie in the kitchen",
            "start rosie in the hallway",
            "start the vacuum in the kitchen",
            "start cleaning in here with rosie",
        ],
    )
    def test_a_vacuum_that_cleans_as_it_is_set_up_is_not_sent_to_one_room(self, text: str) -> None:
        assert problem(text, here="Kitchen") is Trouble.ONE_ROOM

    def test_two_lamps_of_one_name_are_asked_back(self) -> None:
        assert problem("turn on the lamp") is Trouble.AMBIGUOUS

    def test_the_room_where_it_was_said_decides(self) -> None:
        assert [a[0] for a in understood("turn on the lamp", here="Bedroom")] == [
            "light.lamp_bedroom"
        ]

    def test_lights_without_a_room_are_asked_back_unless_it_is_known(self) -> None:
        assert problem("lights off") is Trouble.AMBIGUOUS
        assert [a[0] for a in understood("lights off", here="Kitchen")] == ["light.kitchen"]

    @pytest.mark.parametrize("text", ["unlock the frunt door", "open the garge door"])
    def test_what_opens_the_house_must_be_named_exactly(self, text: str) -> None:
        assert problem(text) is Trouble.DANGEROUS

    def test_a_device_that_cannot_do_it_is_named(self) -> None:
        assert problem("make the kitchen light red") is Trouble.UNSUPPORTED

    def test_a_value_out_of_range_is_refused(self) -> None:
        assert problem("set the thermostat to 45 degrees") is Trouble.OUT_OF_RANGE

    def test_a_language_without_a_lexicon_is_left_to_others(self) -> None:
        assert understood("allume la lumière", "fr") == []


@given(text=st.text(max_size=300), language=st.sampled_from(["en", "de", "zh-CN", "fr"]))
def test_no_text_is_too_odd(text: str, language: str) -> None:
    assert_only_known(loose.understand(text, language, HOME, None))


WORDS = "turn on off the kitchen light lamp open close all and blue 50 percent door not to it dim"


@given(words=st.lists(st.sampled_from(WORDS.split()), max_size=12))
def test_any_mixture_of_command_words_acts_on_this_home_only(words: list[str]) -> None:
    assert_only_known(loose.understand(" ".join(words), "en", HOME, None))


def assert_only_known(meaning: Meaning | None) -> None:
    for action in meaning.actions if meaning is not None else ():
        assert action.entity_id in HOME.entities
