"""Tasmota's own discovery: `tasmota/discovery/<MAC>/config` and `.../sensors`.

Format: https://tasmota.github.io/docs/MQTT/ and the discovery messages that Tasmota itself
describes in tasmota/tasmota_xdrv_driver/xdrv_12_discovery.ino. A relay, light, shutter, fan, switch
or sensor becomes the announcement that Home Assistant's discovery would make of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from laresd.backends.home.discovery import Announcement, Component, identifier, json_object
from laresd.errors import Permanent
from laresd.types import Json

RELAY, LIGHT, SHUTTER = 1, 2, 3  # values of rl
SINGLE, COLD_WARM, RGB, RGBW, RGBCW = 1, 2, 3, 4, 5  # values of lt_st
MAX_SENSORS = 64

QUANTITIES: Mapping[str, tuple[str, str]] = {  # key in SENSOR to device class and unit
    "Temperature": ("temperature", ""),  # its unit is in TempUnit
    "DewPoint": ("temperature", ""),
    "Humidity": ("humidity", "%"),
    "Pressure": ("pressure", "hPa"),
    "SeaPressure": ("pressure", "hPa"),
    "Illuminance": ("illuminance", "lx"),
    "CarbonDioxide": ("carbon_dioxide", "ppm"),
    "eCO2": ("carbon_dioxide", "ppm"),
    "TVOC": ("volatile_organic_compounds_parts", "ppb"),
    "PM2.5": ("pm25", "µg/m³"),
    "PM10": ("pm10", "µg/m³"),
    "Distance": ("distance", "cm"),
    "Moisture": ("moisture", "%"),
    "Power": ("power", "W"),
    "Voltage": ("voltage", "V"),
    "Current": ("current", "A"),
    "Total": ("energy", "kWh"),
    "Today": ("energy", "kWh"),
    "Yesterday": ("energy", "kWh"),
    "Weight": ("weight", "kg"),
}


class Tasmota:
    """Every Tasmota device of a house. `prefix`: the topic before the address."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._told: dict[str, dict[str, Mapping[str, Json]]] = {}

    @property
    def filters(self) -> tuple[str, ...]:
        return f"{self._prefix}/+/config", f"{self._prefix}/+/sensors"

    def read(self, topic: str, payload: bytes) -> Announcement:
        """Raises Permanent, in words for a person, for what is no such message."""
        address, kind = topic.split("/")[-2:]
        told = self._told.setdefault(address, {})
        if payload.strip():
            told[kind] = json_object(payload)
        else:
            told.pop(kind, None)
        scope = f"{self._prefix}/{address}"
        if not told:
            del self._told[address]
        if "config" not in told:
            return Announcement({}, whole=True, scope=scope)
        device = _Device(address, told["config"])
        components = [*device.relays(), *device.switches(), *device.sensors(told.get("sensors"))]
        found = {f"{scope}#{made[0]}": device.component(scope, made) for made in components}
        return Announcement(found, whole=True, scope=scope)


Made = tuple[str, str, dict[str, Json]]  # name in the key, platform, values


class _Device:
    """One device's config message, checked as far as it is used."""

    def __init__(self, address: str, config: Mapping[str, Json]) -> None:
        self._config = config
        self._address = address
        self._name = self._text("dn") or self._text("hn") or address
        prefixes = self._list("tp")
        if len(prefixes) != 3 or not self._text("ft") or not self._text("t"):
            raise Permanent("a Tasmota device needs its topic (t, ft and three tp)")
        self._cmnd, self._stat, self._tele = (self._topic(str(item)) for item in prefixes)
        states = [str(item) for item in self._list("state")]
        self._off, self._on = (states[0], states[1]) if len(states) > 1 else ("OFF", "ON")
        self._relays = [item if isinstance(item, int) else 0 for item in self._list("rl")][:32]

    def _text(self, key: str) -> str:
        value = self._config.get(key)
        return value if isinstance(value, str) else ""

    def _number(self, key: str) -> int:
        value = self._config.get(key)
        return value if isinstance(value, int) else 0

    def _list(self, key: str) -> list[Json]:
        value = self._config.get(key)
        return value if isinstance(value, list) else []

    def _option(self, number: int) -> bool:
        options = self._config.get("so")
        return isinstance(options, dict) and options.get(str(number)) in {1}

    def _topic(self, prefix: str) -> str:
        topic = self._text("ft").replace("%prefix%", prefix).replace("%topic%", self._text("t"))
        topic = topic.replace("%hostname%", self._text("hn"))
        topic = topic.replace("%id%", self._address[-6:])
        return topic if topic.endswith("/") else f"{topic}/"

    def component(self, scope: str, made: Made) -> Component:
        name, platform, values = made
        result, sensor = f"{self._stat}RESULT", f"{self._tele}SENSOR"
        mirrors = {result: f"{self._tele}STATE"}
        asks = (f"{self._cmnd}STATE", "")
        if values.get("state_topic") == sensor or values.get("position_topic") == sensor:
            mirrors = {result: sensor, f"{self._stat}STATUS10": sensor}
            asks = (f"{self._cmnd}STATUS", "10")
        values = values | {
            "unique_id": f"{self._address}_{name}",
            "availability_topic": f"{self._tele}LWT",
            "payload_available": self._text("onln") or "Online",
            "payload_not_available": self._text("ofln") or "Offline",
        }
        device: dict[str, Json] = {"name": self._name, "identifiers": [self._address]}
        twins = frozenset({identifier(self._address), identifier(self._address[-6:])})
        key = f"{scope}#{name}"
        return Component(key, platform, values, device, name, mirrors, (asks,), twins)

    def relays(self) -> Iterator[Made]:
        """In pairs where a shutter moves by them; a fan's own light comes first."""
        shutters, index = 0, 0
        has_fan = self._number("if") == 1
        while index < len(self._relays):
            kind = self._relays[index]
            if kind == SHUTTER:
                shutters += 1
                yield f"shutter_{shutters}", "cover", self._shutter(shutters)
                index += 1
            elif kind == LIGHT and not has_fan:
                yield f"light_{index + 1}", "light", self._light(index)
            elif kind in {RELAY, LIGHT}:
                is_light = self._option(30) or (has_fan and index == 0)
                platform = "light" if is_light else "switch"
                yield f"relay_{index + 1}", platform, self._power(index, is_light)
            index += 1
        if has_fan:
            yield "fan", "fan", self._fan()

    def _called(self, index: int) -> str | None:
        """The entity's own name; None for the only or first one that is named like the device."""
        names = self._list("fn")
        name = names[index] if index < len(names) else None
        if isinstance(name, str) and name and name != self._name:
            return name
        return None if index == 0 else str(index + 1)

    def _power(self, index: int, is_light: bool) -> dict[str, Json]:
        key = f"POWER{index + 1}"
        read = f"value_json.{key}"
        if index == 0:  # a device of one relay leaves the number out
            read = f"{read} | default(value_json.POWER)"
        return {
            "name": self._called(index),
            "command_topic": self._cmnd + key,
            "state_topic": f"{self._tele}STATE",
            "payload_on": self._on,
            "payload_off": self._off,
            "state_value_template" if is_light else "value_template": f"{{{{ {read} }}}}",
        }

    def _light(self, index: int) -> dict[str, Json]:
        values, state = self._power(index, True), f"{self._tele}STATE"
        kind, dimmer = self._number("lt_st"), "Dimmer"
        first = self._relays.index(LIGHT)
        if self._option(68):  # every channel is a light of its own
            kind, dimmer = SINGLE, f"Channel{index - first + 1}"
        elif not self._number("lk") and kind >= RGBW:  # colour and white apart
            dimmer = f"Dimmer{index - first + 1}"
            kind = RGB if index == first else {RGBW: SINGLE, RGBCW: COLD_WARM}[kind]
        if kind:
            values |= {
                "on_command_type": "last" if self._option(20) else "brightness",
                "brightness_scale": 100,
                "brightness_command_topic": self._cmnd + dimmer,
                "brightness_state_topic": state,
                "brightness_value_template": f"{{{{ value_json.{dimmer} }}}}",
            }
        if kind in {RGB, RGBW, RGBCW}:
            values |= {
                "rgb_command_topic": f"{self._cmnd}Color2",
                "hs_state_topic": state,
                "hs_value_template": "{{ value_json.HSBColor.split(',')[0:2] | join(',') }}",
            }
        if kind in {COLD_WARM, RGBCW}:
            short, long = (200, 380) if self._option(82) else (153, 500)
            values |= {
                "color_temp_command_topic": f"{self._cmnd}CT",
                "color_temp_state_topic": state,
                "color_temp_value_template": "{{ value_json.CT }}",
                "min_mireds": short,
                "max_mireds": long,
            }
        return values

    def _shutter(self, number: int) -> dict[str, Json]:
        options = self._list("sho")
        option = options[number - 1] if number <= len(options) else 0
        upside_down = isinstance(option, int) and bool(option & 1)
        told = f"(value_json.StatusSNS | default(value_json)).Shutter{number}"
        way = f"{told}.Direction | default(0) * {-1 if upside_down else 1}"
        word = f"['stopped', 'opening', 'closing'][({way}) | int]"  # -1 is the last
        return {
            "name": None if number == 1 else str(number),
            "command_topic": f"{self._cmnd}Backlog",
            "payload_open": f"ShutterOpen{number}",
            "payload_close": f"ShutterClose{number}",
            "payload_stop": f"ShutterStop{number}",
            "state_topic": f"{self._tele}SENSOR",
            "value_template": f"{{{{ {word} if {told} is mapping else '' }}}}",
            "position_topic": f"{self._tele}SENSOR",
            "position_template": f"{{{{ {told}.Position }}}}",
            "position_open": 0 if upside_down else 100,
            "position_closed": 100 if upside_down else 0,
            "set_position_topic": f"{self._cmnd}ShutterPosition{number}",
        }

    def _fan(self) -> dict[str, Json]:
        """Off and three speeds."""
        topic, state = f"{self._cmnd}FanSpeed", f"{self._tele}STATE"
        return {
            "name": None,
            "command_topic": topic,
            "payload_on": "2",
            "payload_off": "0",
            "state_topic": state,
            "state_value_template": "{{ '0' if value_json.FanSpeed | int == 0 else '2' }}",
            "speed_range_max": 3,
            "percentage_command_topic": topic,
            "percentage_state_topic": state,
            "percentage_value_template": "{{ value_json.FanSpeed }}",
        }

    def switches(self) -> Iterator[Made]:
        """Inputs that are not buttons: their state, as something to ask about."""
        names = self._list("swn")
        for index, mode in enumerate(self._list("swc")[:32]):
            if not isinstance(mode, int) or mode < 0:
                continue
            own = names[index] if index < len(names) else None
            key = f"Switch{index + 1}"
            values: dict[str, Json] = {
                "name": own if isinstance(own, str) and own else key,
                "state_topic": f"{self._tele}SENSOR",
                "value_template": f"{{{{ (value_json.StatusSNS | default(value_json)).{key} }}}}",
                "payload_on": self._on,
                "payload_off": self._off,
            }
            yield f"switch_{index + 1}", "binary_sensor", values

    def sensors(self, told: Mapping[str, Json] | None) -> Iterator[Made]:
        tree = told.get("sn") if told else None
        if not isinstance(tree, dict):
            return
        degrees = f"°{tree.get('TempUnit', 'C')}"
        several = sum(isinstance(item, dict) for item in tree.values()) > 1
        count = 0
        for group, values in tree.items():
            for key in values if isinstance(values, dict) else ():
                known = QUANTITIES.get(key)
                count += known is not None
                if known is None or count > MAX_SENSORS or "'" in group + key:
                    continue
                kind, unit = known
                made: dict[str, Json] = {
                    "name": f"{group} {key}" if several and group != "ENERGY" else key,
                    "device_class": kind,
                    "unit_of_measurement": unit or degrees,
                    "state_topic": f"{self._tele}SENSOR",
                    "value_template": _sensor_value(group, key),
                }
                yield f"{group}_{key}", "sensor", made


def _sensor_value(group: str, key: str) -> str:
    """A list where a meter has several phases: then there is no one value."""
    return f"{{{{ (value_json.StatusSNS | default(value_json))['{group}']['{key}'] }}}}"
