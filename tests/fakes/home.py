"""A small home with something of each kind, two lamps of one name, and two locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from laresd.types import Entity, EntityState, Home, Json


def entity(
    entity_id: str,
    name: str,
    area: str | None = None,
    features: Sequence[str] = (),
    *,
    device_class: str | None = None,
    aliases: Sequence[str] = (),
    unit: str | None = None,
    limits: tuple[float, float] | None = None,
    options: Sequence[str] = (),
) -> Entity:
    return Entity(
        entity_id=entity_id,
        domain=entity_id.partition(".")[0],
        name=name,
        area=area,
        aliases=tuple(aliases),
        features=frozenset(features),
        options=tuple(options),
        minimum=limits[0] if limits else None,
        maximum=limits[1] if limits else None,
        unit=unit,
        device_class=device_class,
    )


def state(word: str, **attributes: Json) -> EntityState:
    return EntityState(word, MappingProxyType(attributes))


def home_of(entities: Sequence[Entity], states: Mapping[str, EntityState] | None = None) -> Home:
    areas = tuple(dict.fromkeys(item.area for item in entities if item.area))
    return Home({item.entity_id: item for item in entities}, dict(states or {}), areas)


ENTITIES = (
    entity("light.kitchen", "Kitchen Light", "Kitchen", ["brightness"]),
    entity("light.ceiling", "Ceiling", "Living Room", ["brightness", "rgb", "color_temp"]),
    entity("light.desk_lamp", "Desk Lamp", "Office", ["brightness", "rgb"]),
    entity("light.lamp_bedroom", "Lamp", "Bedroom", ["brightness"]),
    entity("light.lamp_office", "Lamp", "Office"),
    entity("switch.coffee", "Coffee Machine", "Kitchen"),
    entity("fan.bedroom", "Ceiling Fan", "Bedroom", ["percentage"]),
    entity("cover.blind", "Living Room Blind", "Living Room", ["position"], device_class="blind"),
    entity("cover.garage", "Garage Door", "Garage", device_class="garage"),
    entity("lock.front", "Front Door", "Hallway"),
    entity("lock.back", "Back Door", "Kitchen"),
    entity("climate.living", "Thermostat", "Living Room", ["temperature"], limits=(5, 30)),
    entity("media_player.tv", "TV", "Living Room", ["volume"]),
    entity("scene.movie", "Movie Night"),
    entity("vacuum.rosie", "Rosie", "Hallway"),
    entity("todo.shopping", "Shopping List"),
    entity("button.bell", "Doorbell"),
    entity("sensor.humidity", "Humidity", "Bedroom", unit="%"),
    entity("binary_sensor.window", "Bedroom Window", "Bedroom", device_class="window"),
)
STATES = {
    "light.kitchen": state("off"),
    "light.ceiling": state("on", brightness_pct=40),
    "light.desk_lamp": state("off"),
    "light.lamp_bedroom": state("off"),
    "light.lamp_office": state("off"),
    "switch.coffee": state("off"),
    "fan.bedroom": state("off"),
    "cover.blind": state("open", position=100),
    "cover.garage": state("closed"),
    "lock.front": state("locked"),
    "lock.back": state("unlocked"),
    "climate.living": state("heat", temperature=20, current_temperature=19.5),
    "media_player.tv": state("playing", volume_pct=30),
    "vacuum.rosie": state("docked"),
    "todo.shopping": state("0"),
    "sensor.humidity": state("48"),
    "binary_sensor.window": state("on"),
}
HOME = home_of(ENTITIES, STATES)
