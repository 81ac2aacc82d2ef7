"""The class of an action: what needs a yes, a PIN, or cannot be had; by whose rules, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.config import Config, parse
from laresd.core.risk import Asker, Risk, Verdict, Why, classify, rules_of
from laresd.errors import ConfigError
from laresd.types import Action, Command, Entity, Json
from tests.fakes.home import entity

NOON = datetime(2026, 11, 25, 12, 0)
MIDNIGHT = datetime(2026, 11, 25, 0, 30)
DEFAULTS = rules_of(Config())
VOICE = Asker("voice")


def verdict(
    thing: Entity,
    command: Command,
    params: Mapping[str, Json] | None = None,
    *,
    config: str = "",
    now: datetime = NOON,
    asker: Asker = VOICE,
) -> Verdict:
    action = Action(thing.entity_id, command, params or {})
    return classify(action, thing, rules_of(parse(config)), now, asker)


def risk(thing: Entity, command: Command, params: Mapping[str, Json] | None = None) -> Risk:
    return verdict(thing, command, params).risk


LOCK = entity("lock.front", "Front Door", "Hall")
GARAGE = entity("cover.garage", "Garage Door", "Garage", ["position"], device_class="garage")
VALVE = entity("valve.main", "Main Valve", "Cellar", ["position"])
CLIMATE = entity("climate.den", "Thermostat", "Den", ["temperature"], unit="°C")
FAHRENHEIT = entity("climate.us", "Thermostat", "Den", ["temperature"], unit="°F")


class TestWithoutRulesOfOnesOwn:
    @pytest.mark.parametrize(
        ("thing", "command", "params"),
        [
            (LOCK, Command.UNLOCK, {}),
            (GARAGE, Command.OPEN, {}),
            (GARAGE, Command.SET_POSITION, {"position": 10}),
            (GARAGE, Command.SET_TILT, {"tilt": 10}),
            (GARAGE, Command.TOGGLE, {}),
            (VALVE, Command.OPEN, {}),
            (VALVE, Command.SET_POSITION, {"position": 1}),
            (CLIMATE, Command.SET_TEMPERATURE, {"temperature": 25.5}),
            (FAHRENHEIT, Command.SET_TEMPERATURE, {"temperature": 80}),
            (entity("cover.x", "Skylight", device_class="window"), Command.OPEN, {}),
            (entity("cover.x", "Hoftor"), Command.OPEN, {}),
            (entity("switch.x", "Garage Door Opener"), Command.TURN_ON, {}),
            (entity("switch.x", "Front Door Lock"), Command.TURN_OFF, {}),
            (entity("button.x", "Türöffner"), Command.PRESS, {}),
            (entity("scene.x", "Unlock Everything"), Command.ACTIVATE, {}),
            (entity("switch.x", "Relay 3", aliases=["Hoftor"]), Command.TOGGLE, {}),
            (entity("switch.garage_door", "Relay 4"), Command.TURN_ON, {}),
            (entity("switch.x", "Oven"), Command.TURN_ON, {}),
            (entity("switch.x", "Heizlüfter Bad"), Command.TURN_ON, {}),
            (entity("switch.x", "厨房烤箱"), Command.TURN_ON, {}),
            (entity("switch.x", "燃气阀"), Command.TURN_ON, {}),
            (entity("switch.x", "Gefrierschrank"), Command.TURN_OFF, {}),
            (entity("switch.x", "Home Server"), Command.TURN_OFF, {}),
            (entity("switch.x", "冰箱"), Command.TURN_OFF, {}),
            (entity("switch.x", "Porch Camera"), Command.TURN_OFF, {}),
            (entity("siren.x", "Siren"), Command.TURN_OFF, {}),
            (entity("camera.x", "Yard"), Command.TURN_OFF, {}),
            (entity("button.x", "Gateway", device_class="restart"), Command.PRESS, {}),
            (entity("number.x", "Boiler Setpoint"), Command.SET_VALUE, {"value": 80}),
        ],
    )
    def test_what_opens_heats_or_blinds_is_asked_about(
        self, thing: Entity, command: Command, params: Mapping[str, Json]
    ) -> None:
        assert risk(thing, command, params) is Risk.CONFIRM

    @pytest.mark.parametrize(
        ("thing", "command", "params"),
        [
            (LOCK, Command.LOCK, {}),
            (GARAGE, Command.CLOSE, {}),
            (GARAGE, Command.STOP, {}),
            (GARAGE, Command.SET_POSITION, {"position": 0}),
            (VALVE, Command.CLOSE, {}),
            (CLIMATE, Command.SET_TEMPERATURE, {"temperature": 21}),
            (FAHRENHEIT, Command.SET_TEMPERATURE, {"temperature": 70}),
            (CLIMATE, Command.TURN_OFF, {}),
            (entity("switch.x", "Oven"), Command.TURN_OFF, {}),
            (entity("switch.x", "Freezer"), Command.TURN_ON, {}),
            (entity("switch.x", "Porch Camera"), Command.TURN_ON, {}),
            (entity("siren.x", "Siren"), Command.TURN_ON, {}),
            (entity("light.x", "Front Door Light"), Command.TURN_ON, {}),
            (entity("switch.x", "Oven Light"), Command.TURN_ON, {}),
            (entity("switch.x", "Garagentorlicht"), Command.TURN_ON, {}),
            (entity("switch.x", "Door Chime"), Command.TURN_OFF, {}),
            (entity("cover.x", "Patio Door Blind"), Command.OPEN, {}),
            (entity("cover.x", "Rollladen Terrassentür"), Command.OPEN, {}),
            (entity("cover.x", "Blind", device_class="blind"), Command.OPEN, {}),
            (entity("cover.x", "Blind", device_class="blind"), Command.SET_TILT, {"tilt": 90}),
            (entity("switch.x", "Motor"), Command.TURN_ON, {}),
            (entity("switch.x", "Ventilator"), Command.TURN_ON, {}),
            (entity("switch.x", "Alarm Clock"), Command.TURN_OFF, {}),
            (entity("switch.x", "Coffee Machine"), Command.TURN_OFF, {}),
            (entity("scene.x", "Movie Night"), Command.ACTIVATE, {}),
            (entity("vacuum.x", "Rosie"), Command.START, {}),
            (entity("media_player.x", "TV"), Command.TURN_OFF, {}),
        ],
    )
    def test_what_closes_stops_or_lights_is_free(
        self, thing: Entity, command: Command, params: Mapping[str, Json]
    ) -> None:
        assert risk(thing, command, params) is Risk.FREE

    def test_an_alarm_needs_the_pin(self) -> None:
        alarm = entity("alarm_control_panel.home", "Alarm")
        assert risk(alarm, Command.TURN_OFF) is Risk.PIN

    def test_a_value_that_is_no_number_is_not_taken_for_a_small_one(self) -> None:
        assert risk(GARAGE, Command.SET_POSITION, {"position": "open"}) is Risk.CONFIRM
        assert risk(GARAGE, Command.SET_POSITION) is Risk.CONFIRM

    def test_the_limit_of_heat_is_the_operator_s(self) -> None:
        config = "[risk]\nheat_above = 22.0"
        found = verdict(CLIMATE, Command.SET_TEMPERATURE, {"temperature": 23}, config=config)
        assert (found.risk, found.rule) == (Risk.CONFIRM, "heat")

    def test_they_can_be_switched_off(self) -> None:
        assert verdict(LOCK, Command.UNLOCK, config="[risk]\ndefaults = false").risk is Risk.FREE

    def test_a_device_that_is_not_there_is_never_touched(self) -> None:
        gone = Action("lock.gone", Command.LOCK)
        assert classify(gone, None, DEFAULTS, NOON, VOICE) == Verdict(
            Risk.NEVER, Why.UNKNOWN_DEVICE
        )

    @given(st.text(max_size=40))
    def test_no_name_makes_an_entrance_free(self, name: str) -> None:
        """Whatever a lock or a gate calls itself."""
        lock = entity("lock.x", name)
        gate = entity("cover.x", name, device_class="gate")
        assert risk(lock, Command.UNLOCK) is Risk.CONFIRM
        assert risk(gate, Command.OPEN) is Risk.CONFIRM


class TestRulesOfOnesOwn:
    def test_the_first_that_fits_decides_even_to_be_more_lenient(self) -> None:
        config = """
        [risk_rules.shed]
        entities = ["lock.shed*"]
        risk = "free"
        [risk_rules.locks]
        domains = ["lock"]
        commands = ["unlock"]
        risk = "pin"
        """
        shed = entity("lock.shed_door", "Shed")
        assert verdict(shed, Command.UNLOCK, config=config) == Verdict(Risk.FREE, Why.RULE, "shed")
        assert verdict(LOCK, Command.UNLOCK, config=config) == Verdict(Risk.PIN, Why.RULE, "locks")
        assert verdict(LOCK, Command.LOCK, config=config).risk is Risk.FREE

    @pytest.mark.parametrize(
        ("table", "thing", "command", "params", "fits"),
        [
            ('device_classes = ["gar*"]', GARAGE, Command.CLOSE, {}, True),
            ('device_classes = ["gar*"]', VALVE, Command.CLOSE, {}, False),
            ('areas = ["hall"]', LOCK, Command.LOCK, {}, True),
            ('areas = ["attic"]', LOCK, Command.LOCK, {}, False),
            ('names = ["thermo*"]', CLIMATE, Command.TURN_OFF, {}, True),
            ("domains = ['climate']\nabove = 20.0", CLIMATE, Command.SET_TEMPERATURE,
             {"temperature": 21}, True),
            ("domains = ['climate']\nabove = 20.0", CLIMATE, Command.SET_TEMPERATURE,
             {"temperature": 20}, False),
            ("domains = ['climate']\nvalues = ['heat*']", CLIMATE, Command.SET_MODE,
             {"mode": "heat_cool"}, True),
            ("domains = ['climate']\nvalues = ['heat*']", CLIMATE, Command.SET_MODE,
             {"mode": "off"}, False),
            ('entities = ["*"]', CLIMATE, Command.TURN_OFF, {}, True),
        ],
    )  # fmt: skip
    def test_they_are_about_whatever_they_name(
        self, table: str, thing: Entity, command: Command, params: Mapping[str, Json], fits: bool
    ) -> None:
        found = verdict(thing, command, params, config=f"[risk_rules.x]\nrisk = 'pin'\n{table}")
        assert (found.risk is Risk.PIN) is fits

    @pytest.mark.parametrize(
        ("limit", "asker", "now", "why"),
        [
            ("only_by = ['text']", Asker("voice"), NOON, Why.BY),
            ("only_by = ['voice']", Asker("text"), NOON, Why.BY),
            ("only_sites = ['hall*']", Asker("voice", site="kitchen"), NOON, Why.SITE),
            ("only_sites = ['hall*']", Asker("voice"), NOON, Why.SITE),
            ("only_users = ['anna']", Asker("voice", user="ben"), NOON, Why.USER),
            ("only_between = '07:00-22:00'", Asker("voice"), MIDNIGHT, Why.TIME),
            ("only_between = '22:00-06:00'", Asker("voice"), NOON, Why.TIME),
        ],
    )
    def test_outside_of_its_limits_nothing_can_be_had(
        self, limit: str, asker: Asker, now: datetime, why: Why
    ) -> None:
        config = f"[risk_rules.x]\ndomains = ['lock']\nrisk = 'free'\n{limit}"
        found = verdict(LOCK, Command.UNLOCK, config=config, asker=asker, now=now)
        assert found == Verdict(Risk.NEVER, why, "x")

    @pytest.mark.parametrize(
        ("limit", "asker", "now"),
        [
            ("only_by = ['text']", Asker("text"), NOON),
            ("only_sites = ['hall*']", Asker("voice", site="Hallway"), NOON),
            ("only_users = ['anna']", Asker("voice", user="Anna"), NOON),
            ("only_between = '07:00-22:00'", Asker("voice"), NOON),
            ("only_between = '22:00-06:00'", Asker("voice"), MIDNIGHT),
        ],
    )
    def test_within_them_its_class_holds(self, limit: str, asker: Asker, now: datetime) -> None:
        config = f"[risk_rules.x]\ndomains = ['lock']\nrisk = 'free'\n{limit}"
        assert verdict(LOCK, Command.UNLOCK, config=config, asker=asker, now=now).risk is Risk.FREE

    def test_outside_of_them_another_class_may_be_had_instead(self) -> None:
        config = """
        [risk_rules.x]
        domains = ["lock"]
        risk = "confirm"
        only_between = "07:00-22:00"
        otherwise = "pin"
        """
        assert verdict(LOCK, Command.UNLOCK, config=config, now=MIDNIGHT).risk is Risk.PIN


class TestPolicies:
    KIDS = """
    [policies.kids]
    users = ["ben"]
    domains = ["light", "media_player"]
    [policies.kids_blind]
    users = ["ben"]
    entities = ["cover.kids_*"]
    """
    LAMP = entity("light.den", "Lamp", "Den")

    def test_who_is_named_may_command_only_that(self) -> None:
        ben = Asker("voice", user="Ben")
        found = verdict(CLIMATE, Command.TURN_OFF, config=self.KIDS, asker=ben)
        assert found == Verdict(Risk.NEVER, Why.POLICY, "kids")
        assert verdict(self.LAMP, Command.TURN_ON, config=self.KIDS, asker=ben).risk is Risk.FREE

    def test_each_policy_adds_something(self) -> None:
        blind = entity("cover.kids_blind", "Blind", device_class="blind")
        ben = Asker("voice", user="ben")
        assert verdict(blind, Command.OPEN, config=self.KIDS, asker=ben).risk is Risk.FREE

    def test_others_are_not_limited(self) -> None:
        anna = Asker("voice", user="anna")
        assert verdict(CLIMATE, Command.TURN_OFF, config=self.KIDS, asker=anna).risk is Risk.FREE

    def test_what_it_allows_is_still_as_dangerous_as_ever(self) -> None:
        config = "[policies.x]\nsites = ['*']\ndomains = ['lock']"
        assert verdict(LOCK, Command.UNLOCK, config=config).risk is Risk.CONFIRM


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[risk_rules.x]\ndomains = ['lokc']", "[risk_rules.x] domains: there is no 'lokc' (did"),
        ("[risk_rules.x]\ncommands = ['unlok']", "did you mean 'unlock'?"),
        ("[risk_rules.x]\nentities = ['front door']", "'front door' is no entity id"),
        ("[risk_rules.x]\ndomains = ['lock']\nonly_by = ['phone']", "only_by: there is no 'phone'"),
        ("[risk_rules.x]\ndomains = ['lock']\nonly_between = '7-22'", "no two times of the day"),
        ("[risk_rules.x]\ndomains = ['lock']\nonly_between = '07:00-07:00'", "has no length"),
        ("[risk_rules.x]\nrisk = 'pin'", "does not say what it is about"),
        ("[risk_rules.x]\ndomains = ['lock']\notherwise = 'pin'", "has no meaning without a limit"),
        ("[policies.x]\ndomains = ['light']", "does not say whom it is about"),
        ("[policies.x]\nusers = ['ben']", "does not say what may be commanded"),
    ],
)
def test_a_rule_that_is_none_is_an_error_that_tells_the_way_out(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as failure:
        rules_of(parse(text))
    assert told in str(failure.value)


def test_a_class_that_does_not_exist_is_an_error_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"lares.toml:2: risk_rules.x.risk must be one of"):
        parse("[risk_rules.x]\nrisk = 'ask'")
