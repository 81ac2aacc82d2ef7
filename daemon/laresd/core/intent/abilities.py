"""What each kind of entity can do, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from laresd.types import Command, Entity, Json

LIGHT_PARAMETERS = ("brightness_pct", "rgb", "color_name", "color_temp_k")

# Parameters of each command. Those of TURN_ON are all optional; any other one is required.
PARAMETERS: Mapping[Command, tuple[str, ...]] = MappingProxyType(
    {
        Command.TURN_ON: LIGHT_PARAMETERS,
        Command.SET_POSITION: ("position",),
        Command.SET_TILT: ("tilt",),
        Command.SET_TEMPERATURE: ("temperature",),
        Command.SET_MODE: ("mode",),
        Command.SET_SPEED: ("percentage",),
        Command.SELECT: ("option",),
        Command.SET_VALUE: ("value",),
        Command.SET_VOLUME: ("volume_pct",),
        Command.ADD_ITEM: ("item",),
        Command.COMPLETE_ITEM: ("item",),
    }
)

_ON_OFF = (Command.TURN_ON, Command.TURN_OFF, Command.TOGGLE)
_OPENING = (Command.OPEN, Command.CLOSE)
_PLAYING = (Command.PLAY, Command.PAUSE, Command.STOP, Command.NEXT, Command.PREVIOUS)
_BY_DOMAIN: Mapping[str, tuple[Command, ...]] = {
    "light": _ON_OFF,
    "switch": _ON_OFF,
    "input_boolean": _ON_OFF,
    "humidifier": _ON_OFF,
    "siren": _ON_OFF,
    "fan": _ON_OFF,
    "cover": (*_OPENING, Command.STOP),
    "valve": (*_OPENING, Command.STOP),
    "lock": (Command.LOCK, Command.UNLOCK),
    "climate": (Command.TURN_ON, Command.TURN_OFF, Command.SET_TEMPERATURE),
    "media_player": (*_ON_OFF[:2], *_PLAYING, Command.MUTE, Command.UNMUTE),
    "vacuum": (Command.START, Command.STOP, Command.PAUSE, Command.DOCK),
    "lawn_mower": (Command.START, Command.PAUSE, Command.DOCK),
    "scene": (Command.ACTIVATE,),
    "script": (Command.ACTIVATE,),
    "button": (Command.PRESS,),
    "input_button": (Command.PRESS,),
    "number": (Command.SET_VALUE,),
    "select": (Command.SELECT,),
    "todo": (Command.ADD_ITEM, Command.COMPLETE_ITEM),
}
_BY_FEATURE: Mapping[str, Mapping[str, Command]] = {
    "cover": {"position": Command.SET_POSITION, "tilt": Command.SET_TILT},
    "valve": {"position": Command.SET_POSITION},
    "fan": {"percentage": Command.SET_SPEED, "mode": Command.SET_MODE},
    "climate": {"mode": Command.SET_MODE},
    "humidifier": {"mode": Command.SET_MODE},
    "media_player": {"volume": Command.SET_VOLUME},
}
_FEATURE_OF = {
    "brightness_pct": "brightness",
    "rgb": "rgb",
    "color_name": "rgb",
    "color_temp_k": "color_temp",
}
# A word of the sentence may name a wider class than the device's own.
_KINDS = {
    "door": ("door", "garage", "garage_door", "gate", "opening"),
    "garage": ("garage", "garage_door"),
    "window": ("window", "opening"),
}
_BEFORE_WINDOWS = ("curtain", "blind", "shade", "shutter")
_OPENS = (Command.OPEN, Command.SET_POSITION, Command.SET_TILT, Command.TOGGLE)
_DANGEROUS_CLASSES = frozenset({"garage", "garage_door", "gate", "door"})


def commands(entity: Entity) -> tuple[Command, ...]:
    """What the entity can be told."""
    extra = _BY_FEATURE.get(entity.domain, {})
    more = tuple(command for feature, command in extra.items() if feature in entity.features)
    return _BY_DOMAIN.get(entity.domain, ()) + more


def can(entity: Entity, command: Command, params: Mapping[str, Json] | None = None) -> bool:
    """Whether the entity takes the command with these parameters."""
    if command not in commands(entity):
        return False
    allowed = set(PARAMETERS.get(command, ()))
    for key in params or {}:
        if key not in allowed:
            return False
        feature = _FEATURE_OF.get(key)
        if feature is not None and feature not in entity.features:
            return False
    return True


def is_class(entity: Entity, wanted: str) -> bool:
    """Whether a sentence's "curtain" or "door" may mean this entity."""
    if entity.device_class:
        return entity.device_class in _KINDS.get(wanted, (wanted,))
    return wanted.replace("_", " ") in entity.name.casefold()


def is_like(entity: Entity, wanted: str) -> bool:
    """Whether it hangs before a window as what the sentence names does."""
    return wanted in _BEFORE_WINDOWS and entity.device_class in _BEFORE_WINDOWS


def is_dangerous(entity: Entity, command: Command) -> bool:
    """Whether a mistake would open the house: such an action needs an exact sentence."""
    if command is Command.UNLOCK:
        return True
    if entity.domain == "valve":
        return command in (Command.OPEN, Command.SET_POSITION)
    return (
        command in _OPENS and entity.domain == "cover" and entity.device_class in _DANGEROUS_CLASSES
    )
