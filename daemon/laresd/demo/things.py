"""Simulated devices: what each announces, how a command changes it, what it reports.

Nothing here knows a clock or a network: a command becomes steps with delays, and whoever runs the
home (`laresd.demo.home`) applies each step when it is due and publishes what the device reports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Union

Json = Union[str, int, float, bool, None, list["Json"], dict[str, "Json"]]  # noqa: UP007
Config = dict[str, Json]
Messages = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a device's state, `delay` seconds after its command."""

    delay: float
    changes: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class About:
    """What is common to all devices. `reply_s`: how long it takes to report a change."""

    id: str
    name: str
    area: str
    model: str
    reply_s: float = 0.08
    device_form: bool = False  # announced on <prefix>/device/<id>/config

    def topic(self, part: str) -> str:
        return f"demo/{self.id}/{part}"


class Thing(Protocol):
    """One simulated device."""

    about: About
    component: str
    state: dict[str, Json]

    def config(self) -> Config:
        """The discovery payload's part that is special to this kind."""
        ...

    def plan(self, topic: str, payload: str) -> list[Step]:
        """What a command does; nothing when the command makes no sense."""
        ...

    def report(self) -> Messages:
        """The state as messages, all retained."""
        ...


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(slots=True)
class JsonLight:
    """A light that speaks the JSON schema, as Zigbee2MQTT's do. Colour temperature in mireds."""

    about: About
    component: str = "light"
    state: dict[str, Json] = field(
        default_factory=lambda: {"state": "OFF", "brightness": 254, "color_temp": 370}
    )
    modes: tuple[str, ...] = ("rgb", "color_temp")

    def config(self) -> Config:
        return {
            "schema": "json",
            "stat_t": self.about.topic("state"),
            "cmd_t": self.about.topic("set"),
            "brightness": True,
            "bri_scl": 254,
            "sup_clrm": list(self.modes),
            "min_mirs": 153,
            "max_mirs": 500,
        }

    def plan(self, topic: str, payload: str) -> list[Step]:
        try:
            command = json.loads(payload)
        except ValueError:
            return []
        if not isinstance(command, dict):
            return []
        changes: dict[str, Json] = {}
        if command.get("state") in {"ON", "OFF"}:
            changes["state"] = command["state"]
        if isinstance(command.get("brightness"), int):
            changes["brightness"] = max(1, min(254, command["brightness"]))
        if isinstance(command.get("color_temp"), int) and "color_temp" in self.modes:
            changes |= {"color_temp": command["color_temp"], "color_mode": "color_temp"}
        if isinstance(command.get("color"), dict) and "rgb" in self.modes:
            changes |= {"color": command["color"], "color_mode": "rgb"}
        return [Step(self.about.reply_s, changes)] if changes else []

    def report(self) -> Messages:
        return [(self.about.topic("state"), json.dumps(self.state))]


@dataclass(slots=True)
class TopicLight:
    """A light with a topic for each property: the default schema. Colour temperature in kelvin."""

    about: About
    component: str = "light"
    state: dict[str, Json] = field(
        default_factory=lambda: {"power": "OFF", "level": 100, "rgb": "255,255,255", "kelvin": 2700}
    )
    parts: tuple[str, ...] = ("power", "level", "rgb", "kelvin")

    def config(self) -> Config:
        names = {"power": "", "level": "bri_", "rgb": "rgb_", "kelvin": "clr_temp_"}
        config: Config = {}
        for part in self.parts:
            config[f"{names[part]}stat_t"] = f"~/{part}"
            config[f"{names[part]}cmd_t"] = f"~/{part}/set"
        if "level" in self.parts:
            config["bri_scl"] = 100
        if "kelvin" in self.parts:
            config |= {"clr_temp_k": True, "min_k": 2000, "max_k": 6500}
        return config | {"~": self.about.topic("")[:-1]}

    def plan(self, topic: str, payload: str) -> list[Step]:
        part = topic.removesuffix("/set").rpartition("/")[2]
        if part not in self.parts:
            return []
        if part == "power":
            return [Step(self.about.reply_s, {part: payload})] if payload in {"ON", "OFF"} else []
        changes: dict[str, Json] = {"power": "ON", part: payload}
        if part != "rgb":
            value = _number(payload)
            if value is None:
                return []
            changes[part] = round(value)
        return [Step(self.about.reply_s, changes)]

    def report(self) -> Messages:
        return [(self.about.topic(part), str(self.state[part])) for part in self.parts]


@dataclass(slots=True)
class Switch:
    about: About
    component: str = "switch"
    state: dict[str, Json] = field(default_factory=lambda: {"power": "OFF"})

    def config(self) -> Config:
        return {"stat_t": self.about.topic("power"), "cmd_t": self.about.topic("power/set")}

    def plan(self, topic: str, payload: str) -> list[Step]:
        return [Step(self.about.reply_s, {"power": payload})] if payload in {"ON", "OFF"} else []

    def report(self) -> Messages:
        return [(self.about.topic("power"), str(self.state["power"]))]


@dataclass(slots=True)
class Fan:
    """Three speeds behind a percentage, and a state in JSON."""

    about: About
    component: str = "fan"
    state: dict[str, Json] = field(default_factory=lambda: {"on": False, "speed": 0})

    def config(self) -> Config:
        topic = self.about.topic
        return {
            "stat_t": topic("state"),
            "stat_val_tpl": "{{ 'ON' if value_json.on else 'OFF' }}",
            "cmd_t": topic("power/set"),
            "pct_stat_t": topic("state"),
            "pct_val_tpl": "{{ value_json.speed }}",
            "pct_cmd_t": topic("speed/set"),
            "spd_rng_min": 1,
            "spd_rng_max": 3,
        }

    def plan(self, topic: str, payload: str) -> list[Step]:
        if topic.endswith("power/set") and payload in {"ON", "OFF"}:
            speed: Json = self.state["speed"] or 1
            return [Step(self.about.reply_s, {"on": payload == "ON", "speed": speed})]
        value = _number(payload)
        if topic.endswith("speed/set") and value is not None and 0 <= value <= 3:
            return [Step(self.about.reply_s, {"on": value > 0, "speed": round(value)})]
        return []

    def report(self) -> Messages:
        return [(self.about.topic("state"), json.dumps(self.state))]


@dataclass(slots=True)
class Blind:
    """Takes a second and a half for the whole way, reports on the way, and can be stopped."""

    about: About
    component: str = "cover"
    state: dict[str, Json] = field(default_factory=lambda: {"state": "closed", "position": 0})

    def config(self) -> Config:
        topic = self.about.topic
        return {
            "dev_cla": "blind",
            "stat_t": topic("state"),
            "cmd_t": topic("set"),
            "pos_t": topic("position"),
            "set_pos_t": topic("position/set"),
        }

    def plan(self, topic: str, payload: str) -> list[Step]:
        position = int(str(self.state["position"]))
        if payload == "STOP":
            return [Step(0.05, {"state": self._resting(position)})]
        target = _number({"OPEN": "100", "CLOSE": "0"}.get(payload, payload))
        if target is None or not 0 <= target <= 100:
            return []
        return self._move(position, round(target))

    def _move(self, start: int, end: int) -> list[Step]:
        first = self.about.reply_s
        arrived: dict[str, Json] = {"position": end, "state": self._resting(end)}
        if start == end:
            return [Step(first, arrived)]
        steps = [Step(first, {"state": "opening" if end > start else "closing"})]
        for fifth in range(1, 5):
            steps.append(
                Step(first + 0.3 * fifth, {"position": start + (end - start) * fifth // 5})
            )
        return [*steps, Step(first + 1.5, arrived)]

    @staticmethod
    def _resting(position: int) -> str:
        return "closed" if position == 0 else "open"

    def report(self) -> Messages:
        return [(self.about.topic(part), str(self.state[part])) for part in ("state", "position")]


@dataclass(slots=True)
class Lock:
    about: About
    component: str = "lock"
    state: dict[str, Json] = field(default_factory=lambda: {"state": "LOCKED"})

    def config(self) -> Config:
        return {"stat_t": self.about.topic("state"), "cmd_t": self.about.topic("set")}

    def plan(self, topic: str, payload: str) -> list[Step]:
        if payload not in {"LOCK", "UNLOCK"}:
            return []
        return [
            Step(0.05, {"state": f"{payload}ING"}),
            Step(0.4 + self.about.reply_s, {"state": f"{payload}ED"}),
        ]

    def report(self) -> Messages:
        return [(self.about.topic("state"), str(self.state["state"]))]


@dataclass(slots=True)
class Thermostat:
    about: About
    component: str = "climate"
    state: dict[str, Json] = field(
        default_factory=lambda: {"mode": "heat", "target": 20.0, "current": 19.5}
    )

    def config(self) -> Config:
        topic = self.about.topic
        return {
            "modes": ["off", "heat"],
            "mode_stat_t": topic("state"),
            "mode_stat_tpl": "{{ value_json.mode }}",
            "mode_cmd_t": topic("mode/set"),
            "temp_stat_t": topic("state"),
            "temp_stat_tpl": "{{ value_json.target }}",
            "temp_cmd_t": topic("target/set"),
            "curr_temp_t": topic("state"),
            "curr_temp_tpl": "{{ value_json.current }}",
            "min_temp": 5,
            "max_temp": 30,
            "temp_step": 0.5,
            "temp_unit": "C",
        }

    def plan(self, topic: str, payload: str) -> list[Step]:
        if topic.endswith("mode/set"):
            valid = payload in {"off", "heat"}
            return [Step(self.about.reply_s, {"mode": payload})] if valid else []
        value = _number(payload)
        if value is None or not 5 <= value <= 30:
            return []
        return [Step(self.about.reply_s, {"target": value})]

    def report(self) -> Messages:
        return [(self.about.topic("state"), json.dumps(self.state))]


@dataclass(slots=True)
class Sensor:
    """Something measured or detected; takes no commands. `extra` goes into the announcement."""

    about: About
    component: str
    value: str
    extra: Config
    state: dict[str, Json] = field(default_factory=dict)

    def config(self) -> Config:
        return {"stat_t": self.about.topic("value"), **self.extra}

    def plan(self, topic: str, payload: str) -> list[Step]:
        return []

    def report(self) -> Messages:
        return [(self.about.topic("value"), self.value)]


@dataclass(slots=True)
class Scene:
    about: About
    component: str = "scene"
    state: dict[str, Json] = field(default_factory=dict)

    def config(self) -> Config:
        return {"cmd_t": self.about.topic("set"), "pl_on": "ON"}

    def plan(self, topic: str, payload: str) -> list[Step]:
        return []

    def report(self) -> Messages:
        return []
