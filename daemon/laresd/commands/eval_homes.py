"""Reads homes and sentences for `lares eval commands`: the YAML layout of home-assistant-datasets.

A folder has `_fixtures.yaml` (areas; entities with id, name, area, state, attributes) and any
number of files of tests: sentences, `setup` (states before), `expect_changes` (states after) and
`ignore_changes` (attributes that do not matter), all by entity id, in Home Assistant's words; and
`context_device`, which tells the room where it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

from laresd.errors import Permanent
from laresd.types import Entity, EntityState, Home, Json

Node = dict[str, Json]
View = dict[str, Json]  # a state as Home Assistant shows it: "state" and attributes

_FEATURES = {  # of supported_features, by the end of the name
    "SET_POSITION": "position",
    "SET_SPEED": "percentage",
    "VOLUME_SET": "volume",
    "STOP": "stop",
}
_COLOR_MODES = {
    "brightness": ("brightness",),
    "color_temp": ("brightness", "color_temp"),
    **dict.fromkeys(("hs", "rgb", "rgbw", "rgbww", "xy"), ("brightness", "rgb")),
}
_ALL_FEATURES = {  # of an entity whose features the file does not tell
    "light": ("brightness", "rgb", "color_temp"),
    "cover": ("position",),
    "valve": ("position",),
    "media_player": ("volume",),
    "climate": ("temperature",),
}
_SAME_NAME = ("percentage", "temperature", "current_temperature")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, the home it is said in, and what must change: views by entity id."""

    sentence: str
    language: str
    area: str | None  # where it is said
    file: str
    home: Home
    expected: Mapping[str, View]
    ignored: Mapping[str, frozenset[str]]


def cases(paths: Sequence[Path]) -> list[Case]:
    """All sentences of these files and folders, in order.

    Raises Permanent when a file is not of this layout, naming it.
    """
    found = [case for path in paths for file in _files(path) for case in _cases(file)]
    if not found:
        raise Permanent("there are no sentences in " + ", ".join(map(str, paths)))
    return found


def view(entity: Entity, state: EntityState) -> View:
    """The state as Home Assistant shows it, without what Lares does not know."""
    attributes = state.attributes
    shown: View = {"state": state.state}
    if entity.domain == "light":
        brightness = attributes.get("brightness_pct")
        shown["brightness"] = None if brightness is None else _of_255(_number(brightness))
        shown["rgb_color"] = attributes.get("rgb")
    if entity.domain in ("cover", "valve"):
        shown["current_position"] = attributes.get("position")
    if entity.domain == "media_player":
        volume = _number(attributes.get("volume_pct")) / 100
        shown["volume_level"] = 0.0 if attributes.get("muted") is True else volume
        shown["media_track"] = attributes.get("track")
    for key in _SAME_NAME:
        shown[key] = attributes.get(key)
    return shown


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for file in sorted(path.rglob("*.yaml")):
            if file.name != "_fixtures.yaml" and (file.parent / "_fixtures.yaml").exists():
                yield file
    else:
        raise Permanent(f"there is no file or folder {path}")


def _cases(file: Path) -> Iterator[Case]:
    fixtures = _load(file.parent / "_fixtures.yaml")
    language = str(fixtures.get("language", "en"))
    for test in _nodes(_load(file).get("tests"), file):
        setup = _by_entity(test.get("setup"))
        home = _home(fixtures, setup, file)
        expected = {
            entity_id: _expected(home, entity_id, change)
            for entity_id, change in _by_entity(test.get("expect_changes")).items()
        }
        ignored = {
            key: frozenset(map(str, names)) if isinstance(names, list | dict) else frozenset[str]()
            for key, names in _mapping(test.get("ignore_changes")).items()
        }
        area = _area_of_device(fixtures, test.get("context_device"), file)
        sentences = test.get("sentences")
        for sentence in sentences if isinstance(sentences, list) else ():
            yield Case(str(sentence), language, area, str(file), home, expected, ignored)


def _area_of_device(fixtures: Node, device: Json, file: Path) -> str | None:
    """The room of the device that hears the sentence (`context_device`)."""
    areas = _areas(fixtures, file)
    for node in _nodes(fixtures.get("devices"), file):
        if device and node.get("id") == device:
            return areas.get(str(node.get("area")))
    return None


def _areas(fixtures: Node, file: Path) -> dict[str, str]:
    return {
        str(area.get("id", area["name"])): str(area["name"])
        for area in _nodes(fixtures.get("areas"), file)
    }


def _expected(home: Home, entity_id: str, change: Node) -> View:
    """The entity's view after the change, without attributes that a view never has."""
    entity = home.entities.get(entity_id)
    if entity is None:
        raise Permanent(f"expect_changes names {entity_id}, which the home does not have")
    shown = view(entity, home.state(entity_id))
    if "state" in change:
        shown["state"] = _state(entity.domain, change["state"])
    shown.update({k: v for k, v in _mapping(change.get("attributes")).items() if k in shown})
    return shown


def _home(fixtures: Node, setup: Mapping[str, Node], file: Path) -> Home:
    areas = _areas(fixtures, file)
    entities: dict[str, Entity] = {}
    states: dict[str, EntityState] = {}
    for node in _nodes(fixtures.get("entities"), file):
        entity_id = str(node.get("id"))
        changed = setup.get(entity_id, {})
        attributes = {**_mapping(node.get("attributes")), **_mapping(changed.get("attributes"))}
        entity = _entity(entity_id, node, attributes, areas)
        word = changed.get("state", node.get("state"))
        items = attributes.get("todo_items")
        if word is None and isinstance(items, list):
            word = str(len(items))
        entities[entity_id] = entity
        states[entity_id] = EntityState(_state(entity.domain, word), _attributes(attributes))
    return Home(MappingProxyType(entities), MappingProxyType(states), tuple(areas.values()))


def _entity(entity_id: str, node: Node, attributes: Node, areas: Mapping[str, str]) -> Entity:
    domain = entity_id.partition(".")[0]
    area = node.get("area")
    device_class = attributes.get("device_class")
    unit = attributes.get("unit_of_measurement") or attributes.get("native_unit_of_measurement")
    aliases = node.get("aliases")
    return Entity(
        entity_id=entity_id,
        domain=domain,
        name=str(node.get("name", entity_id)),
        area=areas.get(str(area), str(area)) if area else None,
        aliases=tuple(map(str, aliases)) if isinstance(aliases, list) else (),
        features=_features(domain, attributes),
        unit=str(unit) if unit else None,
        device_class=_last_word(device_class).casefold() if device_class else None,
    )


def _features(domain: str, attributes: Node) -> frozenset[str]:
    supported = attributes.get("supported_features")
    modes = attributes.get("supported_color_modes")
    if domain == "light" and isinstance(modes, list):
        return frozenset(f for mode in modes for f in _COLOR_MODES.get(_last_word(mode), ()))
    if isinstance(supported, list) and domain != "light":
        words = map(_last_word, supported)
        named = frozenset(_FEATURES[word] for word in words if word in _FEATURES)
        return named | ({"temperature"} if domain == "climate" else frozenset())
    return frozenset(_ALL_FEATURES.get(domain, ()))


def _attributes(attributes: Node) -> Mapping[str, Json]:
    known: dict[str, Json] = {key: attributes[key] for key in _SAME_NAME if key in attributes}
    if attributes.get("brightness") is not None:
        known["brightness_pct"] = _number(attributes["brightness"]) * 100 / 255
    if "rgb_color" in attributes:
        known["rgb"] = attributes["rgb_color"]
    if "volume_level" in attributes:
        known["volume_pct"] = _number(attributes["volume_level"]) * 100
    if "current_position" in attributes:
        known["position"] = attributes["current_position"]
    if "media_track" in attributes:
        known["track"] = attributes["media_track"]
    return MappingProxyType(known)


def _state(domain: str, word: Json) -> str:
    """The state's word: YAML has on and off as booleans, binary sensors as {in, out}."""
    if isinstance(word, dict):
        word = word.get("out")
    if isinstance(word, bool):
        on, off = ("open", "closed") if domain in ("cover", "valve") else ("on", "off")
        return on if word else off
    return "unknown" if word is None else str(word)


def _last_word(value: Json) -> str:
    """ "SET_SPEED" of "fan.FanEntityFeature.SET_SPEED"."""
    return str(value).rpartition(".")[2]


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _of_255(percent: float) -> int:
    return int(percent * 255 / 100 + 0.5)


def _load(file: Path) -> Node:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Permanent(f"cannot read {file}: {error}") from error
    if not isinstance(document, dict):
        raise Permanent(f"{file} is not a file of sentences or fixtures: it has no keys")
    return document


def _nodes(value: Json, file: Path) -> list[Node]:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [item for item in value if isinstance(item, dict)]
    raise Permanent(f"{file}: a list of objects is wanted, not {value!r:.60}")


def _mapping(value: Json) -> Node:
    return value if isinstance(value, dict) else {}


def _by_entity(value: Json) -> dict[str, Node]:
    return {key: _mapping(item) for key, item in _mapping(value).items()}
