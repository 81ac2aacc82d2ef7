"""A speech model is told the names that people say in this home, and no others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.hints import MAX_CHARACTERS, MAX_NAMES, hints
from laresd.types import AUTO, Entity, Home


def home(*entities: Entity, areas: tuple[str, ...] = ()) -> Home:
    return Home({entity.entity_id: entity for entity in entities}, {}, areas)


def entity(name: str, domain: str = "light", aliases: tuple[str, ...] = ()) -> Entity:
    return Entity(f"{domain}.{name}", domain, name, aliases=aliases)


def test_rooms_come_first_and_sensors_last() -> None:
    rooms = home(
        entity("Window sensor", "binary_sensor"),
        entity("Ceiling light", aliases=("Big lamp",)),
        areas=("Kitchen",),
    )
    assert hints(rooms, "en") == ("Kitchen", "Ceiling light", "Big lamp", "Window sensor")


def test_a_name_is_told_once() -> None:
    assert hints(home(entity("Desk  lamp"), entity("desk lamp", "switch")), "en") == ("Desk lamp",)


def test_what_nobody_says_is_left_out() -> None:
    strange = ("0x00158d0001a2b3c4", "lamp_desk_2", "a4c138", "17", "x", "", "n" * 41)
    assert hints(home(*(entity(name) for name in strange), entity("Lamp 2")), "en") == ("Lamp 2",)


def test_a_facade_of_letters_is_a_name_although_it_could_be_hexadecimal() -> None:
    assert hints(home(entity("Facade")), "en") == ("Facade",)


def test_names_in_another_script_are_for_the_languages_that_are_written_so() -> None:
    chinese = home(entity("客厅灯"), entity("Lamp"))
    assert hints(chinese, "de") == ("Lamp",)
    assert hints(chinese, "zh-CN") == ("客厅灯", "Lamp")
    assert hints(chinese, AUTO) == ("客厅灯", "Lamp")


@given(st.lists(st.text(min_size=1, max_size=60), max_size=200, unique=True))
def test_they_are_bounded_and_in_one_line_however_many_devices_there_are(names: list[str]) -> None:
    found = hints(home(*(entity(name) for name in names)), "zh")
    assert len(found) <= MAX_NAMES
    assert sum(map(len, found)) <= MAX_CHARACTERS
    assert all(name == " ".join(name.split()) for name in found)
