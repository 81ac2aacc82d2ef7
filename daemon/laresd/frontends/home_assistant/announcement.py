"""The one retained message by which Home Assistant learns this box. Pure.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (device-based
discovery, Home Assistant 2024.11 and later). What has nothing behind it on this box is left out;
it is named by its platform alone, which removes it where it was announced before.

Every entity has an entity category, so that Lares, which learns the home
from the same topics, takes neither itself nor another Lares for a device to control.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from laresd.types import Json

Component = dict[str, Json]

DIAGNOSTIC, CONFIG = "diagnostic", "config"
ONLINE = "online"
VOLUME = "volume"
MAX_STATE = 255  # characters of a state in Home Assistant
SOURCES: Mapping[str, str] = {
    "grammar": "Answered by the grammar",
    "loose": "Answered by the tolerant grammar",
    "llm": "Answered by the language model",
    "host": "Answered by a host",
    "other": "Answered otherwise",
    "nobody": "Not answered",
}


class Energy(StrEnum):
    """Where the figures of power and energy come from."""

    MEASURED = "measured"  # by the CPU itself
    ESTIMATED = "estimated"  # busy time x scheduler.watts


@dataclass(frozen=True, slots=True)
class Offer:
    """What this box has to show. `texts`: what was heard and answered may be told; `models`: the
    language models that can be chosen, empty where the configuration has fixed one.
    """

    microphone: bool = False
    voice: bool = False
    volume: bool = False
    texts: bool = False
    celsius: bool = False
    throttling: bool = False
    stalls: bool = False
    free: bool = False
    wear: bool = False
    price: bool = False
    energy: Energy = Energy.ESTIMATED
    language_model: bool = False
    models: tuple[str, ...] = ()
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Topics:
    """Those of one box: `base` is `<prefix>/<box>`."""

    base: str
    discovery_prefix: str
    box: str

    @property
    def announcement(self) -> str:
        return f"{self.discovery_prefix}/device/{self.identifier}/config"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it is online."""
        return f"{self.discovery_prefix}/status"

    @property
    def identifier(self) -> str:
        return f"lares_{self.box}"

    @property
    def availability(self) -> str:
        return f"{self.base}/availability"

    @property
    def figures(self) -> str:
        return self.state("figures")

    def state(self, name: str) -> str:
        return f"{self.base}/state/{name}"

    def command(self, name: str) -> str:
        return f"{self.base}/set/{name}"

    @property
    def latest(self) -> str:
        """Where whoever knows it says which version of Lares is the latest (retained)."""
        return f"{self.base}/update/latest"

    @property
    def kept(self) -> tuple[str, ...]:
        """Every topic on which something of this box may be retained, but its availability."""
        names = ("figures", "listening", "mute", VOLUME, "next_model", "update")
        return (self.announcement, *map(self.state, names))


def announcement(topics: Topics, offer: Offer, *, area: str, version: str) -> str:
    """The payload for `topics.announcement`."""
    device: Component = {
        "identifiers": [topics.identifier],
        "name": "Lares" if topics.box == "lares" else f"Lares {topics.box}",
        "manufacturer": "Lares",
        "model": "Voice assistant",
        "sw_version": version,
    }
    if area:
        device["suggested_area"] = area
    body: Component = {
        "dev": device,
        "o": {"name": "Lares", "sw": version},
        "availability_topic": topics.availability,
        "cmps": {
            name: {**component, "unique_id": f"{topics.identifier}_{name}"}
            if len(component) > 1
            else component
            for name, component in components(topics, offer).items()
        },
    }
    return json.dumps(body, ensure_ascii=False)


def components(topics: Topics, offer: Offer) -> dict[str, Component]:
    """All that there may be, by name; what this box lacks is its platform alone."""
    known: dict[str, tuple[bool, Component]] = {
        "heard": (offer.texts, _text(topics, "heard", "Last heard", "mdi:ear-hearing")),
        "reply": (offer.texts, _text(topics, "reply", "Last reply", "mdi:message-reply-text")),
        "listening": (
            offer.microphone,
            _switch(topics, "listening", "Listening", "mdi:account-voice"),
        ),
        "mute": (
            offer.microphone,
            _switch(topics, "mute", "Microphone mute", "mdi:microphone-off"),
        ),
        "wake": (offer.microphone, _wake(topics)),
        "say": (offer.voice, _say(topics)),
        VOLUME: (offer.volume, _volume(topics)),
        "restart": (offer.restart, _restart(topics)),
        "model": (offer.language_model, _model(topics)),
        "next_model": (bool(offer.models), _next_model(topics, offer.models)),
        "throttled": (offer.throttling, _throttled(topics)),
        "update": (True, _update(topics)),
        **_figures(topics, offer),
    }
    return {
        name: component if there else {"p": component["p"]}
        for name, (there, component) in known.items()
    }


def _figures(topics: Topics, offer: Offer) -> dict[str, tuple[bool, Component]]:
    """The sensors that have a number."""
    how = str(offer.energy)
    counted: Component = {"state_class": "total_increasing", "unit_of_measurement": "answers"}
    counts: dict[str, tuple[bool, Component]] = {
        f"answers_{source}": (
            source not in ("llm", "host") or offer.language_model,
            _sensor(topics, f"answers_{source}", name, counted),
        )
        for source, name in SOURCES.items()
    }
    wakes = _measured("per day")
    return counts | {
        "false_wakes": (
            offer.microphone,
            _sensor(topics, "false_wakes", "Woken in vain", wakes),
        ),
        "rejected_wakes": (
            offer.microphone,
            _sensor(topics, "rejected_wakes", "Wake words rejected", wakes),
        ),
        "latency": (
            True,
            _sensor(topics, "latency_ms", "Turn latency", _measured("ms", "duration")),
        ),
        "speed": (
            offer.language_model,
            _sensor(topics, "tokens_per_second", "Tokens per second", _measured("tok/s")),
        ),
        "temperature": (
            offer.celsius,
            _sensor(topics, "celsius", "CPU temperature", _measured("°C", "temperature")),
        ),
        **_machine(topics, offer, how),
        "power": (
            True,
            _sensor(topics, "watts", f"Computing power ({how})", _measured("W", "power"))
            | _explained(topics),
        ),
        "energy": (
            True,
            _sensor(
                topics,
                "kwh",
                f"Computing energy ({how})",
                {
                    "state_class": "total_increasing",
                    "unit_of_measurement": "kWh",
                    "device_class": "energy",
                },
            )
            | _explained(topics),
        ),
    }


def _machine(topics: Topics, offer: Offer, how: str) -> dict[str, tuple[bool, Component]]:
    """`how` the energy is known."""
    return {
        "memory_stall": (
            offer.stalls,
            _sensor(topics, "stalled", "Waiting for memory", _measured("%")),
        ),
        "free_disk": (
            offer.free,
            _sensor(topics, "free_gb", "Free disk space", _measured("GB", "data_size")),
        ),
        "storage_wear": (
            offer.wear,
            _sensor(topics, "worn", "Storage life used", _measured("%")),
        ),
        "answer_energy": (
            True,
            _sensor(topics, "answer_joules", f"Energy of an answer ({how})", _measured("J")),
        ),
        "answer_cost": (
            offer.price,
            _sensor(topics, "answer_cost", "Cost of an answer", {"state_class": "measurement"}),
        ),
    }


def _measured(unit: str, device_class: str = "") -> Component:
    described: Component = {"state_class": "measurement", "unit_of_measurement": unit}
    return described | ({"device_class": device_class} if device_class else {})


def _sensor(topics: Topics, field: str, name: str, described: Component) -> Component:
    return {
        "p": "sensor",
        "name": name,
        "state_topic": topics.figures,
        "value_template": "{{ value_json." + field + " }}",
        "entity_category": DIAGNOSTIC,
        **described,
    }


def _explained(topics: Topics) -> Component:
    """With an attribute that says where the figure is from."""
    return {
        "json_attributes_topic": topics.figures,
        "json_attributes_template": "{{ {'how': value_json.energy_how} | tojson }}",
    }


def _text(topics: Topics, name: str, title: str, icon: str) -> Component:
    return {
        "p": "sensor",
        "name": title,
        "icon": icon,
        "state_topic": topics.state(name),
        "value_template": "{{ value_json.text[:" + str(MAX_STATE) + "] }}",
        "json_attributes_topic": topics.state(name),
        "entity_category": DIAGNOSTIC,
    }


def _switch(topics: Topics, name: str, title: str, icon: str) -> Component:
    return {
        "p": "switch",
        "name": title,
        "icon": icon,
        "state_topic": topics.state(name),
        "command_topic": topics.command(name),
        "entity_category": CONFIG,
    }


def _wake(topics: Topics) -> Component:
    return {
        "p": "event",
        "name": "Wake word",
        "icon": "mdi:chat-alert",
        "state_topic": topics.state("wake"),
        "event_types": ["wake"],
        "entity_category": DIAGNOSTIC,
    }


def _say(topics: Topics) -> Component:
    return {
        "p": "notify",
        "name": "Say",
        "command_topic": topics.command("say"),
        "entity_category": CONFIG,
    }


def _volume(topics: Topics) -> Component:
    return {
        "p": "number",
        "name": "Volume of the voice",
        "icon": "mdi:volume-high",
        "state_topic": topics.state(VOLUME),
        "command_topic": topics.command(VOLUME),
        "min": 0,
        "max": 100,
        "step": 1,
        "unit_of_measurement": "%",
        "mode": "slider",
        "entity_category": CONFIG,
    }


def _restart(topics: Topics) -> Component:
    return {
        "p": "button",
        "name": "Restart",
        "device_class": "restart",
        "command_topic": topics.command("restart"),
        "entity_category": CONFIG,
    }


def _model(topics: Topics) -> Component:
    return {
        "p": "sensor",
        "name": "Language model",
        "icon": "mdi:brain",
        "state_topic": topics.figures,
        "value_template": "{{ value_json.model[:" + str(MAX_STATE) + "] }}",
        "entity_category": DIAGNOSTIC,
    }


def _next_model(topics: Topics, models: tuple[str, ...]) -> Component:
    return {
        "p": "select",
        "name": "Language model from the next start",
        "icon": "mdi:brain",
        "state_topic": topics.state("next_model"),
        "command_topic": topics.command("next_model"),
        "options": list(models),
        "entity_category": CONFIG,
    }


def _throttled(topics: Topics) -> Component:
    return {
        "p": "binary_sensor",
        "name": "Throttled",
        "device_class": "problem",
        "state_topic": topics.figures,
        "value_template": "{{ 'ON' if value_json.throttled_now else 'OFF' }}",
        "json_attributes_topic": topics.figures,
        "json_attributes_template": "{{ {'now': value_json.throttled_now, "
        "'since_boot': value_json.throttled_since_boot} | tojson }}",
        "entity_category": DIAGNOSTIC,
    }


def _update(topics: Topics) -> Component:
    """The state is JSON, of which Home Assistant reads what it knows."""
    return {
        "p": "update",
        "name": "Software",
        "state_topic": topics.state("update"),
        "entity_category": DIAGNOSTIC,
    }
