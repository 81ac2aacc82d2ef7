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
