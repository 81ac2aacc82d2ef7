"""The demo home: fourteen devices in four rooms, and how they are announced."""

from __future__ import annotations

import json

from laresd.demo.things import (
    About,
    Blind,
    Config,
    Fan,
    JsonLight,
    Lock,
    Scene,
    Sensor,
    Switch,
    Thermostat,
    Thing,
    TopicLight,
)

AVAILABILITY = "demo/availability"
ORIGIN: Config = {"name": "Lares demo home", "sw": "1"}


def house() -> list[Thing]:
    """The devices, each in its first state."""
    living, kitchen, bedroom, hallway = "Living Room", "Kitchen", "Bedroom", "Hallway"
    return [
        JsonLight(About("kitchen_light", "Kitchen light", kitchen, "colour bulb", 0.07, True)),
        TopicLight(About("desk_lamp", "Desk lamp", living, "colour lamp", 0.09)),
        JsonLight(
            About("ceiling_light", "Ceiling light", living, "white bulb", 0.12, True),
            modes=("color_temp",),
        ),
        TopicLight(
            About("bedroom_lamp", "Bedroom lamp", bedroom, "dimmer", 0.1),
            parts=("power", "level", "rgb"),
        ),
        TopicLight(
            About("hallway_light", "Hallway light", hallway, "relay", 0.06), parts=("power",)
        ),
        Switch(About("coffee_machine", "Coffee machine", kitchen, "plug", 0.06, True)),
        Fan(About("bedroom_fan", "Bedroom fan", bedroom, "three-speed fan", 0.11)),
        Blind(About("living_room_blind", "Living room blind", living, "blind motor", 0.15, True)),
        Lock(About("front_door", "Front door", hallway, "lock", 0.15)),
        Thermostat(About("thermostat", "Thermostat", living, "heating", 0.13, True)),
        Sensor(
            About("bedroom_temperature", "Bedroom temperature", bedroom, "thermometer"),
            component="sensor",
            value="19.4",
            extra={"dev_cla": "temperature", "unit_of_meas": "°C"},
        ),
        Sensor(
            About("hallway_motion", "Hallway motion", hallway, "motion sensor"),
            component="binary_sensor",
            value="OFF",
            extra={"dev_cla": "motion"},
        ),
        Sensor(
            About("kitchen_window", "Kitchen window", kitchen, "contact", device_form=True),
            component="binary_sensor",
            value="OFF",
            extra={"dev_cla": "window"},
        ),
        Scene(About("movie_night", "Movie night", living, "scene")),
    ]


def announcement(thing: Thing, prefix: str) -> tuple[str, str]:
    """The retained discovery message of a device: device form for some, component form for some."""
    about = thing.about
    device: Config = {
        "ids": [f"demo_{about.id}"],
        "name": about.name,
        "mf": "Lares",
        "mdl": about.model,
        "sa": about.area,
    }
    config = thing.config() | {"name": None, "uniq_id": f"demo_{about.id}", "obj_id": about.id}
    if about.device_form:
        component = {"p": thing.component, **config}
        whole: Config = {
            "dev": device,
            "o": ORIGIN,
            "avty_t": AVAILABILITY,
            "cmps": {about.id: component},
        }
        return f"{prefix}/device/demo_{about.id}/config", json.dumps(whole)
    whole = config | {"dev": device, "o": ORIGIN, "avty_t": AVAILABILITY}
    return f"{prefix}/{thing.component}/demo/{about.id}/config", json.dumps(whole)
