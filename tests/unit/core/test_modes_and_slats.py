"""Slats and modes in the tolerant grammar: what devices have, and never another device."""

from __future__ import annotations

import pytest

from laresd.core.intent import loose
from laresd.core.intent.meaning import Trouble
from laresd.types import Home
from tests.fakes.home import entity, home_of, state

CLIMATES = ("off", "heat", "auto", "eco", "away", "boost")
COOLERS = ("off", "cool", "heat", "dry", "fan_only", "sleep")
STATES = {"cover.b": state("open", position=100, tilt=40), "fan.f": state("on", percentage=50)}


def a_home(names: tuple[str, ...], rooms: tuple[str, str]) -> Home:
    blind, other, heater, cooler, fan, lamp, washer = names
    mode = ["temperature", "mode"]
    things = [
        entity("cover.b", blind, rooms[0], ["position", "tilt"], device_class="blind"),
        entity("cover.o", other, rooms[1], ["position"], device_class="blind"),
        entity("climate.h", heater, rooms[1], mode, options=CLIMATES, limits=(5, 30)),
        entity("climate.c", cooler, rooms[0], mode, options=COOLERS),
        entity("fan.f", fan, rooms[0], ["percentage", "mode"], options=("auto", "sleep", "2")),
        entity("light.l", lamp, rooms[1], ["brightness", "color_temp"]),
        entity("select.w", washer, rooms[1], options=("Cotton 60", "Eco", "Wool")),
    ]
    return home_of(things, STATES)


ENGLISH = a_home(
    (
        *("Bedroom Blind", "Office Blind", "Thermostat", "Air Conditioner", "Tower Fan"),
        *("Desk Lamp", "Washer Program"),
    ),
    ("Bedroom", "Office"),
)
GERMAN = a_home(
    (
        *("Jalousie", "Rollo", "Heizung", "Klimaanlage", "Ventilator", "Lampe"),
        "Waschprogramm",
    ),
    ("Schlafzimmer", "Büro"),
)
CHINESE = a_home(
    ("卧室百叶窗", "书房百叶窗", "地暖", "空调", "风扇", "台灯", "洗衣程序"), ("卧室", "书房")
)
HOMES = {"en": ENGLISH, "de": GERMAN, "zh-CN": CHINESE}


def done(text: str, language: str = "en", here: str | None = None) -> list[str]:
    """ "entity command value" of each action."""
    meaning = loose.understand(text, language, HOMES[language], here)
    actions = meaning.actions if meaning is not None else ()
    return [" ".join(map(str, (a.entity_id, a.command, *a.params.values()))) for a in actions]


def problem(text: str) -> Trouble | None:
    meaning = loose.understand(text, "en", ENGLISH, None)
    return meaning.problem.trouble if meaning is not None and meaning.problem else None


@pytest.mark.parametrize(
    ("text", "language", "deed"),
    [
        ("open the slats of the bedroom blind", "en", "cover.b set_tilt 100"),
        ("close the slats", "en", "cover.b set_tilt 0"),
        ("set the slats of the bedroom blind to 30 percent", "en", "cover.b set_tilt 30"),
        ("tilt the bedroom blind to 20%", "en", "cover.b set_tilt 20"),
        ("turn the slats in the bedroom to half", "en", "cover.b set_tilt 50"),
        ("set the bedroom blind to 30 percent", "en", "cover.b set_position 30"),
        ("öffne die Lamellen der Jalousie", "de", "cover.b set_tilt 100"),
        ("Lamellen auf 30 Prozent", "de", "cover.b set_tilt 30"),
        ("mach die Lamellen zu", "de", "cover.b set_tilt 0"),
        ("打开卧室百叶窗的叶片", "zh-CN", "cover.b set_tilt 100"),
        ("把叶片调到百分之五十", "zh-CN", "cover.b set_tilt 50"),
    ],
)
def test_slats_are_turned_and_the_cover_stays(text: str, language: str, deed: str) -> None:
    assert done(text, language) == [deed]


@pytest.mark.parametrize(
    ("text", "language", "deed"),
    [
        ("set the thermostat to eco", "en", "climate.h set_mode eco"),
        ("thermostat to away", "en", "climate.h set_mode away"),
        ("change the thermostat mode to heat", "en", "climate.h set_mode heat"),
        ("switch the air conditioner to cool", "en", "climate.c set_mode cool"),
        ("set the air conditioner to fan only", "en", "climate.c set_mode fan_only"),
        ("put the air conditioner in sleep mode", "en", "climate.c set_mode sleep"),
        ("turn on sleep mode on the tower fan", "en", "fan.f set_mode sleep"),
        ("set the washer program to eco", "en", "select.w select Eco"),
        ("set the thermostat to off", "en", "climate.h turn_off"),
        ("set the desk lamp to cool", "en", "light.l turn_on 5000"),
        ("stell die Heizung auf abwesend", "de", "climate.h set_mode away"),
        ("schalte die Klimaanlage auf kühlen", "de", "climate.c set_mode cool"),
        ("Ventilator auf Automatik", "de", "fan.f set_mode auto"),
        ("把空调设为制冷模式", "zh-CN", "climate.c set_mode cool"),
        ("地暖设成节能", "zh-CN", "climate.h set_mode eco"),
    ],
)
def test_a_mode_is_one_that_the_device_has(text: str, language: str, deed: str) -> None:
    assert done(text, language) == [deed]


@pytest.mark.parametrize(
    "text",
    [
        "don't set the thermostat to eco",
        "set the thermostat to eco tomorrow",
        "set the thermostat to 20 eco",
        "set the thermostat to eco and away",
        "set the desk lamp to eco",
        "set everything to eco",
        "set the bedroom to eco",
        "start the washer program eco",  # choosing it starts nothing
        "turn off eco mode",
        "turn on sleep mode",  # two have one
        "tilt the desk lamp",
        "open the slats of the office blind",
    ],
)
def test_in_doubt_no_mode_is_set_and_no_slat_is_turned(text: str) -> None:
    assert done(text) == []


def test_what_is_named_in_full_is_meant_even_where_another_can_do_it() -> None:
    assert problem("set the thermostat to cool") is Trouble.UNSUPPORTED
    assert problem("tilt the office blind to 50 percent") is Trouble.UNSUPPORTED


def test_a_number_stays_a_number_where_a_mode_is_called_so() -> None:
    assert done("set the tower fan to 2 percent") == ["fan.f set_speed 2"]
