"""What Home Assistant's intents mean for the devices of this home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from laresd.core.intent.meaning import Ask, Meaning, Trouble
from laresd.core.intent.resolve import resolve
from laresd.timing import TimerVerb
from laresd.types import Home, Json, Recognition, Scalar
from tests.fakes.home import HOME, entity, home_of, state


def meant(intent: str, home: Home = HOME, here: str | None = None, /, **slots: Scalar) -> Meaning:
    meaning = resolve([Recognition(intent, slots)], home, here)
    assert meaning is not None
    return meaning


def actions(meaning: Meaning) -> list[tuple[str, str, dict[str, Json]]]:
    return [(a.entity_id, a.command.value, dict(a.params)) for a in meaning.actions]


def name(entity_id: str) -> dict[str, Scalar]:
    return {"entity_id": entity_id, "name": HOME.entities[entity_id].name}


@pytest.mark.parametrize(
    ("intent", "slots", "expected"),
    [
        ("HassTurnOn", name("light.kitchen"), ("light.kitchen", "turn_on", {})),
        ("HassTurnOff", name("switch.coffee"), ("switch.coffee", "turn_off", {})),
        ("HassTurnOn", name("cover.blind"), ("cover.blind", "open", {})),
        ("HassTurnOff", name("cover.garage"), ("cover.garage", "close", {})),
        ("HassTurnOn", name("lock.front"), ("lock.front", "lock", {})),
        ("HassTurnOff", name("lock.front"), ("lock.front", "unlock", {})),
        ("HassTurnOn", name("scene.movie"), ("scene.movie", "activate", {})),
        ("HassTurnOn", name("button.bell"), ("button.bell", "press", {})),
        ("HassToggle", name("switch.coffee"), ("switch.coffee", "toggle", {})),
        (
            "HassLightSet",
            {**name("light.kitchen"), "brightness": 40},
            ("light.kitchen", "turn_on", {"brightness_pct": 40}),
        ),
        (
            "HassLightSet",
            {**name("light.kitchen"), "brightness": 0},
            ("light.kitchen", "turn_off", {}),
        ),
        (
            "HassLightSet",
            {"area": "Living Room", "color": "blue"},
            ("light.ceiling", "turn_on", {"color_name": "blue", "rgb": [0, 0, 255]}),
        ),
        (
            "HassLightSet",
            {**name("light.ceiling"), "temperature": 2700},
            ("light.ceiling", "turn_on", {"color_temp_k": 2700}),
        ),
        (
            "HassSetPosition",
            {**name("cover.blind"), "position": 30},
            ("cover.blind", "set_position", {"position": 30}),
        ),
        (
            "HassFanSetSpeed",
            {**name("fan.bedroom"), "percentage": 0},
            ("fan.bedroom", "turn_off", {}),
        ),
        (
            "HassClimateSetTemperature",
            {"temperature": 21.5},
            ("climate.living", "set_temperature", {"temperature": 21.5}),
        ),
        ("HassMediaPause", {}, ("media_player.tv", "pause", {})),
        ("HassMediaNext", name("media_player.tv"), ("media_player.tv", "next", {})),
        (
            "HassSetVolume",
            {"volume_level": 55},
            ("media_player.tv", "set_volume", {"volume_pct": 55}),
        ),
        (
            "HassSetVolumeRelative",
            {"volume_step": "down"},
            ("media_player.tv", "set_volume", {"volume_pct": 20}),
        ),
        (
            "HassSetVolumeRelative",
            {"volume_step": 25},
            ("media_player.tv", "set_volume", {"volume_pct": 55}),
        ),
        ("HassMediaPlayerMute", {}, ("media_player.tv", "mute", {})),
        ("HassVacuumStart", {}, ("vacuum.rosie", "start", {})),
        ("HassVacuumReturnToBase", name("vacuum.rosie"), ("vacuum.rosie", "dock", {})),
        (
            "HassShoppingListAddItem",
            {"item": "milk"},
            ("todo.shopping", "add_item", {"item": "milk"}),
        ),
        (
            "HassListCompleteItem",
            {**name("todo.shopping"), "item": "milk"},
            ("todo.shopping", "complete_item", {"item": "milk"}),
        ),
    ],
)
def test_an_intent_becomes_the_device_s_own_command(
    intent: str, slots: dict[str, Scalar], expected: tuple[str, str, dict[str, Json]]
) -> None:
    assert actions(meant(intent, **slots)) == [expected]


class TestTargets:
    def test_all_of_a_kind_in_a_room(self) -> None:
        found = actions(meant("HassTurnOff", domain="light", area="Office"))
        assert [entity_id for entity_id, _, _ in found] == ["light.desk_lamp", "light.lamp_office"]

    def test_one_name_in_two_rooms_is_asked_back(self) -> None:
        meaning = meant("HassTurnOn", entity_id="light.lamp_bedroom", name="Lamp")
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.AMBIGUOUS
        assert meaning.problem.facts["ids"] == ["light.lamp_bedroom", "light.lamp_office"]

    def test_the_room_where_it_was_said_decides_between_them(self) -> None:
        slots: dict[str, Scalar] = {"entity_id": "light.lamp_bedroom", "name": "Lamp"}
        found = actions(meant("HassTurnOn", HOME, "Office", **slots))
        assert found == [("light.lamp_office", "turn_on", {})]

    def test_the_room_that_was_said_decides_even_more(self) -> None:
        slots: dict[str, Scalar] = {"entity_id": "light.lamp_office", "name": "Lamp"}
        found = actions(meant("HassTurnOn", HOME, "Office", area="Bedroom", **slots))
        assert found == [("light.lamp_bedroom", "turn_on", {})]

    def test_curtains_do_for_blinds_where_there_are_no_blinds(self) -> None:
        curtains = home_of([entity("cover.c", "Drapes", "Study", device_class="curtain")])
        found = actions(meant("HassTurnOff", curtains, device_class="blind", area="Study"))
        assert found == [("cover.c", "close", {})]

    @pytest.mark.parametrize("area", ["Bathroom", "Garage"])
    def test_nothing_of_the_kind_there(self, area: str) -> None:
        meaning = meant("HassTurnOn", domain="light", area=area)
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.NOTHING_THERE

    def test_a_device_that_has_left_the_home_is_unknown(self) -> None:
        meaning = meant("HassTurnOn", entity_id="light.gone", name="Gone")
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.UNKNOWN_DEVICE

    def test_of_several_readings_the_first_that_can_be_done(self) -> None:
        nothing = Recognition("HassTurnOn", {"domain": "light", "area": "Attic"})
        lamp = Recognition("HassTurnOn", name("light.kitchen"))
        meaning = resolve([nothing, lamp], HOME, None)
        assert meaning is not None
        assert actions(meaning) == [("light.kitchen", "turn_on", {})]


class TestRefusals:
    def test_a_colour_for_a_white_lamp(self) -> None:
        meaning = meant("HassLightSet", **name("light.kitchen"), color="red")
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.UNSUPPORTED

    def test_a_temperature_that_the_thermostat_does_not_have(self) -> None:
        meaning = meant("HassClimateSetTemperature", temperature=45)
        assert meaning.problem is not None
        assert dict(meaning.problem.facts) == {"name": "Thermostat", "minimum": 5, "maximum": 30}

    def test_louder_when_the_volume_is_not_known(self) -> None:
        deaf = home_of([entity("media_player.x", "Radio", features=["volume"])])
        meaning = meant("HassSetVolumeRelative", deaf, volume_step="up")
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.NO_RELATIVE

    def test_a_command_for_later(self) -> None:
        meaning = meant("HassStartTimer", minutes=5, conversation_command="turn off the light")
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.LATER

    @pytest.mark.parametrize(
        "intent", ["HassBroadcast", "HassGetWeather", "HassMediaSearchAndPlay"]
    )
    def test_what_lares_does_not_do_is_left_to_the_next(self, intent: str) -> None:
        assert resolve([Recognition(intent)], HOME, None) is None


class TestQuestions:
    def test_how_many_windows_counts_contact_sensors(self) -> None:
        slots: dict[str, Scalar] = {"domain": "cover", "device_class": "window", "state": "open"}
        question = meant("HassGetState", response="how_many", **slots).question
        assert question is not None
        assert question.ask is Ask.HOW_MANY
        assert question.entity_ids == ("binary_sensor.window",)

    def test_the_temperature_here(self) -> None:
        question = meant("HassClimateGetTemperature", HOME, "Living Room").question
        assert question is not None
        assert question.entity_ids == ("climate.living",)

    def test_several_thermometers_and_no_room(self) -> None:
        two = home_of(
            [entity("climate.a", "A", "Attic"), entity("climate.b", "B", "Basement")],
            {"climate.a": state("heat")},
        )
        meaning = meant("HassClimateGetTemperature", two)
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.AMBIGUOUS

    def test_a_timer(self) -> None:
        timer = meant("HassStartTimer", HOME, "Kitchen", minutes=5).timer
        assert timer is not None
        assert (timer.verb, timer.seconds, timer.area) == (TimerVerb.START, 300.0, "Kitchen")


class TestFloors:
    HOUSE = replace(HOME, floors={"Upstairs": ("Bedroom", "OFFICE"), "Attic": ()})

    def test_all_of_a_kind_in_the_rooms_of_a_floor(self) -> None:
        meaning = meant("HassTurnOff", self.HOUSE, domain="light", floor="upstairs")
        done = [entity_id for entity_id, _, _ in actions(meaning)]
        assert done == ["light.desk_lamp", "light.lamp_bedroom", "light.lamp_office"]

    def test_a_name_on_a_floor_is_not_that_of_another(self) -> None:
        meaning = meant("HassTurnOn", self.HOUSE, **name("light.kitchen"), floor="Upstairs")
        assert meaning.problem is not None
        assert not meaning.actions

    def test_a_question_is_about_that_floor(self) -> None:
        meaning = meant(
            "HassGetState", self.HOUSE, domain="light", floor="Upstairs", response="any", state="on"
        )
        assert meaning.question is not None
        assert "light.kitchen" not in meaning.question.entity_ids

    @pytest.mark.parametrize("floor", ["Attic", "Cellar"])
    def test_a_floor_without_rooms_has_nothing(self, floor: str) -> None:
        meaning = meant("HassTurnOff", self.HOUSE, domain="light", floor=floor)
        assert meaning.problem is not None
        assert meaning.problem.trouble is Trouble.NOTHING_THERE
