"""Which component is built by which function; others are none of Lares' business."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from laresd.backends.home import climates, covers, fans, json_lights, lights, locks, robots, simple
from laresd.backends.home.discovery import Component
from laresd.backends.home.settings import Codec, Settings
from laresd.backends.home.templates import Templates
from laresd.errors import Permanent

LIGHTS: Mapping[str, Callable[[Settings], Codec]] = {
    "basic": lights.topic_light,
    "default": lights.topic_light,
    "json": json_lights.json_light,
    "template": json_lights.template_light,
}


def light(settings: Settings) -> Codec:
    schema = settings.text("schema", "basic").lower()
    if schema not in LIGHTS:
        raise Permanent(f"{schema!r} is not a light's schema")
    return LIGHTS[schema](settings)


KINDS: Mapping[str, Callable[[Settings], Codec]] = {
    "alarm_control_panel": locks.alarm_control_panel,
    "binary_sensor": simple.binary_sensor,
    "button": simple.button,
    "climate": climates.climate,
    "cover": covers.cover,
    "device_tracker": simple.device_tracker,
    "event": simple.event,
    "fan": fans.fan,
    "humidifier": climates.humidifier,
    "lawn_mower": robots.lawn_mower,
    "light": light,
    "lock": locks.lock,
    "number": simple.number,
    "scene": simple.scene,
    "select": simple.select,
    "sensor": simple.sensor,
    "siren": simple.siren,
    "switch": simple.switch,
    "text": simple.text_box,
    "update": simple.update,
    "vacuum": robots.vacuum,
    "valve": covers.valve,
    "water_heater": climates.water_heater,
}


def wanted(component: Component) -> bool:
    """Whether people speak about it: not what is off by default, nor settings and diagnostics."""
    hidden = component.values.get("enabled_by_default") is False
    return component.platform in KINDS and not hidden and not component.text("entity_category")


def codec(component: Component, templates: Templates) -> Codec:
    """Raises Permanent, which names the key, for an announcement that makes no sense."""
    return KINDS[component.platform](Settings(component.values, templates))
