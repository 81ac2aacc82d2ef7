"""What goes out for each command, and what the device's messages mean, kind by kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from laresd.backends.home import discovery, kinds
from laresd.backends.home.discovery import Component
from laresd.backends.home.settings import Codec, Unsupported
from laresd.backends.home.templates import Templates
from laresd.errors import Permanent
from laresd.types import UNKNOWN, Command

Values = Mapping[str, Any]  # JSON, as test authors write it


def codec(platform: str, config: Values) -> Codec:
    topic = f"homeassistant/{platform}/x/config"
    found = discovery.parse(topic, json.dumps(config).encode()).components[topic]
    assert isinstance(found, Component)
    return kinds.codec(found, Templates())


def sent(device: Codec, command: Command, **params: Any) -> list[tuple[str, str]]:
    return [(item.topic, item.payload) for item in device.encode(command, params, UNKNOWN)]


C = Command
Row = tuple[str, Values, Command, Values, list[tuple[str, str]]]
OUT: Mapping[str, Row] = {
    "switch": ("switch", {"cmd_t": "s", "pl_on": "1"}, C.TURN_ON, {}, [("s", "1")]),
    "switch through a template": (
        *("switch", {"cmd_t": "s", "cmd_tpl": '{"v": "{{ value }}"}'}, C.TURN_OFF, {}),
        [("s", '{"v": "OFF"}')],
    ),
    "toggle of the unknown": ("switch", {"cmd_t": "s"}, C.TOGGLE, {}, [("s", "ON")]),
    "light, style before on": (
        *("light", {"cmd_t": "l", "bri_cmd_t": "b"}, C.TURN_ON, {"brightness_pct": 50}),
        [("b", "128"), ("l", "ON")],
    ),
    "light, on first": (
        "light",
        {"cmd_t": "l", "bri_cmd_t": "b", "bri_scl": 100, "on_cmd_type": "first"},
        *(C.TURN_ON, {"brightness_pct": 50}),
        [("l", "ON"), ("b", "50")],
    ),
    "light, brightness turns it on": (
        "light",
        {"cmd_t": "l", "bri_cmd_t": "b", "bri_scl": 100, "on_cmd_type": "brightness"},
        *(C.TURN_ON, {}),
        [("b", "100")],
    ),
    "light in hue and saturation": (
        *("light", {"cmd_t": "l", "hs_cmd_t": "h"}, C.TURN_ON, {"color_name": "blue"}),
        [("h", "240,100"), ("l", "ON")],
    ),
    "light with a colour template": (
        "light",
        {
            "cmd_t": "l",
            "rgb_cmd_t": "c",
            "rgb_cmd_tpl": "{{ '#%02x%02x%02x' % (red, green, blue) }}",
        },
        *(C.TURN_ON, {"rgb": [255, 128, 0]}),
        [("c", "#ff8000"), ("l", "ON")],
    ),
    "light in mireds": (
        *("light", {"cmd_t": "l", "clr_temp_cmd_t": "t"}, C.TURN_ON, {"color_temp_k": 4000}),
        [("t", "250"), ("l", "ON")],
    ),
    "template light": (
        "light",
        {
            "schema": "template",
            "cmd_t": "l",
            "cmd_on_tpl": "on,{{ brightness|d }}",
            "cmd_off_tpl": "off",
            "bri_tpl": "{{ value.split(',')[1] }}",
        },
        *(C.TURN_ON, {"brightness_pct": 100}),
        [("l", "on,255")],
    ),
    "cover": ("cover", {"cmd_t": "c"}, C.STOP, {}, [("c", "STOP")]),
    "cover upside down": (
        "cover",
        {"set_pos_t": "p", "pos_open": 0, "pos_clsd": 100},
        *(C.SET_POSITION, {"position": 30}),
        [("p", "70")],
    ),
    "cover by position alone": ("cover", {"set_pos_t": "p"}, C.OPEN, {}, [("p", "100")]),
    "valve by position": (
        *("valve", {"cmd_t": "v", "pos": True}, C.SET_POSITION, {"position": 20}),
        [("v", "20")],
    ),
    "lock": ("lock", {"cmd_t": "k", "pl_lock": "L"}, C.LOCK, {}, [("k", "L")]),
    "fan of three speeds": (
        *("fan", {"cmd_t": "f", "pct_cmd_t": "s", "spd_rng_max": 3}, C.SET_SPEED),
        *({"percentage": 66}, [("s", "2")]),
    ),
    "climate": (
        *("climate", {"temp_cmd_t": "t"}, C.SET_TEMPERATURE, {"temperature": 20.5}),
        [("t", "20.5")],
    ),
    "climate on": (
        *("climate", {"mode_cmd_t": "m", "modes": ["off", "cool"]}, C.TURN_ON, {}),
        [("m", "cool")],
    ),
    "select": (
        *("select", {"cmd_t": "s", "ops": ["Eco", "Boost"]}, C.SELECT, {"option": "boost"}),
        [("s", "Boost")],
    ),
    "number": ("number", {"cmd_t": "n"}, C.SET_VALUE, {"value": 7.0}, [("n", "7")]),
    "button": ("button", {"cmd_t": "b"}, C.PRESS, {}, [("b", "PRESS")]),
    "scene": ("scene", {"cmd_t": "z", "pl_on": "go"}, C.ACTIVATE, {}, [("z", "go")]),
    "vacuum": ("vacuum", {"cmd_t": "v"}, C.DOCK, {}, [("v", "return_to_base")]),
    "siren in JSON": ("siren", {"cmd_t": "s"}, C.TURN_ON, {}, [("s", '{"state": "ON"}')]),
    "siren through a template": (
        "siren",
        {"cmd_t": "s", "cmd_tpl": "go", "cmd_off_tpl": "stop {{ value }}"},
        *(C.TURN_OFF, {}, [("s", "stop OFF")]),
    ),
    "humidity": (
        *("humidifier", {"hum_cmd_t": "h", "min_hum": 30}, C.SET_VALUE, {"value": 45}),
        [("h", "45")],
    ),
    "humidifier mode": (
        "humidifier",
        {"hum_cmd_t": "h", "mode_cmd_t": "m", "modes": ["eco", "sleep"]},
        *(C.SET_MODE, {"mode": "Sleep"}, [("m", "sleep")]),
    ),
    "water heater": (
        *("water_heater", {"temp_cmd_t": "t"}, C.SET_TEMPERATURE, {"temperature": 55}),
        [("t", "55")],
    ),
    "water heater on": (
        *("water_heater", {"mode_cmd_t": "m", "modes": ["off", "eco"]}, C.TURN_ON, {}),
        [("m", "eco")],
    ),
    "text": (
        *("text", {"cmd_t": "t", "ptrn": "[a-z ]+"}, C.SET_VALUE, {"value": "hello you"}),
        [("t", "hello you")],
    ),
    "alarm": (
        *("alarm_control_panel", {"cmd_t": "a", "stat_t": "s"}, C.SET_MODE),
        *({"mode": "armed_night"}, [("a", "ARM_NIGHT")]),
    ),
    "alarm with a code": (
        "alarm_control_panel",
        {
            **{"cmd_t": "a", "stat_t": "s", "code": "REMOTE_CODE"},
            "cmd_tpl": '{"action": "{{ action }}", "code": "{{ code }}"}',
        },
        *(C.SET_MODE, {"mode": "disarmed", "code": "1234"}),
        [("a", '{"action": "DISARM", "code": "1234"}')],
    ),
    "lock with a code": (
        "lock",
        {"cmd_t": "k", "cod_form": "^\\d{4}$", "cmd_tpl": "{{ value }} {{ code }}"},
        *(C.UNLOCK, {"code": 1234}, [("k", "UNLOCK 1234")]),
    ),
    "latch": ("lock", {"cmd_t": "k", "pl_open": "OPEN"}, C.OPEN, {}, [("k", "OPEN")]),
    "slats": (
        *("cover", {"tilt_cmd_t": "t", "tilt_max": 90}, C.SET_TILT, {"tilt": 50}),
        [("t", "45")],
    ),
    "slats alone open": ("cover", {"tilt_cmd_t": "t"}, C.OPEN, {}, [("t", "100")]),
    "slats upside down": (
        "cover",
        {"tilt_cmd_t": "t", "tilt_opnd_val": 0, "tilt_clsd_val": 100},
        *(C.SET_TILT, {"tilt": 30}, [("t", "70")]),
    ),
    "fan preset": (
        "fan",
        {"cmd_t": "f", "pr_mode_cmd_t": "p", "pr_modes": ["auto", "smart"]},
        *(C.SET_MODE, {"mode": "SMART"}, [("p", "smart")]),
    ),
    "climate preset": (
        "climate",
        {"mode_cmd_t": "m", "pr_mode_cmd_t": "p", "pr_modes": ["eco", "away"]},
        *(C.SET_MODE, {"mode": "eco"}, [("p", "eco")]),
    ),
    "climate mode beside presets": (
        "climate",
        {"mode_cmd_t": "m", "pr_mode_cmd_t": "p", "pr_modes": ["eco"]},
        *(C.SET_MODE, {"mode": "heat"}, [("m", "heat")]),
    ),
    "light with whites": (
        *("light", {"cmd_t": "l", "rgbww_cmd_t": "c"}, C.TURN_ON, {"rgb": [1, 2, 3]}),
        [("c", "1,2,3,0,0"), ("l", "ON")],
    ),
    "light in xy": (
        *("light", {"cmd_t": "l", "xy_cmd_t": "c"}, C.TURN_ON, {"rgb": [255, 0, 0]}),
        [("c", "0.6401,0.33"), ("l", "ON")],
    ),
    "vacuum power": (
        "vacuum",
        {
            **{"cmd_t": "v", "set_fan_spd_t": "f", "fanspd_lst": ["low", "max"]},
            "sup_feat": ["start", "fan_speed"],
        },
        *(C.SET_MODE, {"mode": "max"}, [("f", "max")]),
    ),
    "a truth value as payload": (
        "switch",
        {"cmd_t": "s", "pl_on": True},
        C.TURN_ON,
        {},
        [("s", "True")],
    ),
    "mower": ("lawn_mower", {"dock_cmd_t": "d"}, C.DOCK, {}, [("d", "dock")]),
}


@pytest.mark.parametrize("row", OUT.values(), ids=OUT)
def test_a_command_is_said_in_the_devices_own_words(row: Row) -> None:
    platform, config, command, params, expected = row
    assert sent(codec(platform, config), command, **params) == expected


REFUSED: Mapping[str, tuple[str, Values, Command, Values, str]] = {
    "no dimmer": ("light", {"cmd_t": "l"}, C.TURN_ON, {"brightness_pct": 5}, "cannot be dimmed"),
    "no colours": ("light", {"cmd_t": "l"}, C.TURN_ON, {"color_name": "red"}, "no colours"),
    "no such colour": (
        *("light", {"cmd_t": "l", "rgb_cmd_t": "c"}, C.TURN_ON),
        *({"color_name": "octarine"}, "not a colour"),
    ),
    "too warm": (
        *("light", {"cmd_t": "l", "clr_temp_cmd_t": "t", "max_mirs": 400}, C.TURN_ON),
        *({"color_temp_k": 1800}, "outside of 2500"),
    ),
    "too hot": (
        *("climate", {"temp_cmd_t": "t", "max_temp": 28}, C.SET_TEMPERATURE),
        *({"temperature": 60}, "60°C is outside of 7 to 28°C"),
    ),
    "no such mode": (
        *("climate", {"mode_cmd_t": "m", "modes": ["off", "heat"]}, C.SET_MODE),
        *({"mode": "dry"}, "not one of off, heat"),
    ),
    "no code": (*("lock", {"cmd_t": "k", "cod_form": "x"}, C.UNLOCK, {}, "wants a code"),),
    "no code for the alarm": (
        *("alarm_control_panel", {"cmd_t": "a", "stat_t": "s", "code": "1234"}, C.SET_MODE),
        *({"mode": "disarmed"}, "wants a code"),
    ),
    "the wrong code": (
        *("alarm_control_panel", {"cmd_t": "a", "stat_t": "s", "code": "1234"}, C.SET_MODE),
        *({"mode": "disarmed", "code": "0000"}, "code is wrong"),
    ),
    "an alarm turned off like a lamp": (
        *("alarm_control_panel", {"cmd_t": "a", "stat_t": "s"}, C.TURN_OFF, {}, "it can set mode"),
    ),
    "a text that does not fit": (
        *("text", {"cmd_t": "t", "max": 3}, C.SET_VALUE, {"value": "abcd"}, "0 to 3 characters"),
    ),
    "too humid": (
        *("humidifier", {"hum_cmd_t": "h", "max_hum": 60}, C.SET_VALUE, {"value": 80}),
        "80 % is outside of 0 to 60 %",
    ),
    "no slats": ("cover", {"set_pos_t": "p"}, C.SET_TILT, {"tilt": 5}, "cannot set tilt"),
    "a sensor": ("sensor", {"stat_t": "s"}, C.TURN_ON, {}, "takes no commands"),
    "a word for a number": (
        *("number", {"cmd_t": "n"}, C.SET_VALUE, {"value": "many"}, "must be a number"),
    ),
    "a cover that cannot stop": (
        *("cover", {"cmd_t": "c", "pl_stop": None}, C.STOP, {}, "it can close, open"),
    ),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_what_a_device_cannot_do_is_said_with_its_limits(
    row: tuple[str, Values, Command, Values, str],
) -> None:
    platform, config, command, params, text = row
    with pytest.raises(Unsupported, match=text):
        sent(codec(platform, config), command, **params)


IN: Mapping[str, tuple[str, Values, str, str, Values]] = {
    "binary": ("binary_sensor", {"stat_t": "t"}, "ON", "on", {}),
    "binary in JSON": (
        *("binary_sensor", {"stat_t": "t", "val_tpl": "{{ value_json.contact }}"}),
        *('{"contact": true}', "on", {}),
    ),
    "sensor": ("sensor", {"stat_t": "t"}, "21.5", "21.5", {}),
    "sensor filtered": (
        *("sensor", {"stat_t": "t", "val_tpl": "{{ value_json.t | float | round(1) }}"}),
        *('{"t": "21.46"}', "21.5", {}),
    ),
    "sensor without its value": (
        *("sensor", {"stat_t": "t", "val_tpl": "{{ value_json.t | is_defined }}"}),
        *('{"h": 1}', "unknown", {}),
    ),
    "cover": ("cover", {"stat_t": "t"}, "opening", "opening", {}),
    "cover by position": ("cover", {"pos_t": "t"}, "0", "closed", {"position": 0}),
    "valve in JSON": (
        *("valve", {"stat_t": "t", "pos": True}, '{"state": "opening", "position": 40}'),
        *("opening", {"position": 40}),
    ),
    "lock": ("lock", {"stat_t": "t"}, "JAMMED", "jammed", {}),
    "number": ("number", {"stat_t": "t"}, "5.0", "5", {}),
    "select": ("select", {"stat_t": "t", "ops": ["a"]}, "b", "unknown", {}),
    "vacuum": ("vacuum", {"stat_t": "t"}, '{"state": "cleaning"}', "cleaning", {}),
    "alarm": ("alarm_control_panel", {"stat_t": "t", "cmd_t": "c"}, "triggered", "triggered", {}),
    "siren": ("siren", {"stat_t": "t"}, '{"state": "ON", "tone": "bell"}', "on", {}),
    "event": (
        *("event", {"stat_t": "t", "evt_typ": ["ring"]}, '{"event_type": "ring"}', "ring", {}),
    ),
    "an event that is none": (
        *("event", {"stat_t": "t", "evt_typ": ["ring"]}, '{"event_type": "x"}', "unknown", {}),
    ),
    "update": (
        *("update", {"stat_t": "t"}, '{"installed_version": "1", "latest_version": "2"}', "on"),
        {"installed_version": "1", "latest_version": "2"},
    ),
    "up to date": (
        *("update", {"stat_t": "t", "l_ver_t": "t"}, "2", "off"),
        {"installed_version": "2", "latest_version": "2"},
    ),
    "tracker": ("device_tracker", {"stat_t": "t", "pl_home": "here"}, "here", "home", {}),
    "humidifier": (
        *("humidifier", {"hum_cmd_t": "h", "hum_stat_t": "t"}, "44.0", "unknown"),
        {"humidity": 44.0},
    ),
    "water heater": (
        *("water_heater", {"mode_stat_t": "t", "modes": ["off", "eco"]}, "eco", "eco", {}),
    ),
    "fan preset": (
        "fan",
        {"pr_mode_stat_t": "t", "pr_modes": ["smart"], "cmd_t": "c"},
        *("smart", "unknown", {"preset_mode": "smart"}),
    ),
    "slats alone": ("cover", {"tilt_status_t": "t", "tilt_cmd_t": "c"}, "0", "closed", {"tilt": 0}),
    "stopped while closed": (
        "cover",
        {
            "stat_t": "t",
            "pos_t": "t",
            "val_tpl": "{{ value_json.s }}",
            "pos_tpl": "{{ value_json.p }}",
        },
        *('{"s": "stopped", "p": 0}', "closed", {"position": 0, "stopped": True}),
    ),
    "a truth value": (
        "binary_sensor",
        {"stat_t": "t", "pl_on": False, "pl_off": True, "val_tpl": "{{ value_json.contact }}"},
        *('{"contact": false}', "on", {}),
    ),
    "unlocked for good": ("lock", {"stat_t": "t", "cmd_t": "c"}, "None", "unknown", {}),
    "a state with a line break": ("sensor", {"stat_t": "t"}, "a\nb\x1b[31m", "a b[31m", {}),
    "a state of a thousand": ("sensor", {"stat_t": "t"}, "x" * 1000, "x" * 255, {}),
    "a light of whites": (
        *("light", {"rgbw_stat_t": "t", "cmd_t": "c"}, "1,2,3,9", "unknown", {"rgb": [1, 2, 3]}),
    ),
    "nonsense": ("switch", {"stat_t": "t"}, "perhaps", "unknown", {}),
    "light in xy": (
        *("light", {"schema": "json", "stat_t": "t", "sup_clrm": ["xy"]}),
        '{"state": "ON", "color": {"x": 0.64, "y": 0.33}, "color_mode": "xy"}',
        *("on", {"rgb": [255, 0, 0]}),
    ),
}


@pytest.mark.parametrize("row", IN.values(), ids=IN)
def test_a_message_is_read_in_home_assistants_words(
    row: tuple[str, Values, str, str, Values],
) -> None:
    platform, config, payload, word, attributes = row
    state = codec(platform, config).decode("t", payload, UNKNOWN)
    assert state.state == word
    assert dict(state.attributes) == attributes


HOSTILE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ 'x' * 10000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ range(10000000000) | list }}",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_template_cannot_leave_its_sandbox_nor_eat_the_memory(source: str) -> None:
    assert not Templates().compile(source).read("1")


def test_a_template_with_a_loop_in_a_loop_is_not_taken() -> None:
    loops = "{% for a in range(9) %}{% for b in range(9) %}{% endfor %}{% endfor %}"
    with pytest.raises(Permanent, match="more than one loop"):
        Templates().compile(loops)
