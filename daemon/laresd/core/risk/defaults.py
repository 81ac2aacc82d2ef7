"""What is asked about where the operator has no rule of their own.

The classes of Home Assistant tell most of it. A relay tells nothing but its name ("Garage Door
Opener" is a switch), so words for what opens, heats, watches or must run are looked for in names,
in English, German and Chinese. A name can only make Lares more careful, never less, except that a
lamp is a lamp ("Oven Light") and what hangs before a door is no door ("Patio Door Blind").
"""

from __future__ import annotations

from laresd.core.risk.classes import Risk
from laresd.core.risk.rules import Rule, Target
from laresd.types import Command

HOT_WATER = 60.0  # degrees Celsius, at which skin burns in seconds

_OPENS = (Command.OPEN, Command.TOGGLE, Command.TURN_ON)
_OPENS_PARTLY = (Command.SET_POSITION, Command.SET_TILT)  # a window may be tilted open
_STOPS = (Command.TURN_OFF, Command.TOGGLE)
_BEGINS = (Command.TURN_ON, Command.TOGGLE, Command.PRESS, Command.ACTIVATE)
_SETS = (Command.SET_VALUE, Command.SELECT)
_ENTRANCES = ("door", "garage", "garage_door", "gate", "window", "opening")
_RELAYS = ("switch", "input_boolean")
_BUTTONS = ("button", "input_button", "script", "scene")
_LIGHT = ("light", "lights", "lamp", "lamps", "*licht*", "*lampe*", "*leuchte*", "灯")
_HANGINGS = (
    "blind", "blinds", "curtain", "curtains", "shade", "shades", "shutter", "shutters", "awning",
    "*rollladen", "*rollo", "*vorhang", "*jalousie", "*markise", "窗帘", "百叶", "卷帘", "门帘",
)  # fmt: skip
_BELLS = ("bell", "chime", "doorbell", "*klingel", "*gong", "门铃")

_DOORS = (
    "door", "doors", "gate", "gates", "lock", "locks", "deadbolt", "opener", "unlock", "disarm",
    "tor", "*garagentor", "*hoftor", "*gartentor", "*einfahrtstor", "*tür", "*türen", "*tuer",
    "*türöffner", "*toröffner", "*schloss", "*riegel", "*entriegel*", "unscharf*",
    "大门", "车库门", "前门", "后门", "院门", "房门", "门锁", "开锁", "解锁", "撤防", "开门",
)  # fmt: skip
_HEATERS = (
    "oven", "stove", "cooktop", "hob", "heater", "heaters", "sauna", "boiler", "fryer", "grill",
    "iron", "*ofen", "*herd", "*herdplatte*", "*heizlüfter", "*heizstrahler", "*heizung", "*sauna",
    "*boiler", "*grill", "*bügeleisen", "*fritteuse",
    "烤箱", "炉", "灶", "桑拿", "取暖器", "热水器", "熨斗", "加热器", "电热",
)  # fmt: skip
_WATER = (
    "valve", "valves", "gas", "*wasserhahn", "*ventil", "*gashahn", "*gas", "阀", "燃气", "煤气",
)  # fmt: skip
_WATCHERS = (
    "camera", "cameras", "siren", "sirens", "alarm", "smoke", "surveillance", "motion detection",
    "*kamera", "*kameras", "*sirene", "*alarmanlage", "alarm*", "*rauchmelder*", "*überwachung*",
    "摄像", "监控", "警报", "报警", "烟雾",
)  # fmt: skip
_NEEDED = (
    "fridge", "fridges", "refrigerator", "freezer", "freezers", "server", "servers", "router",
    "modem", "nas", "network", "internet", "aquarium", "medical", "oxygen", "cpap", "sump pump",
    "*kühlschrank", "*gefrierschrank", "*gefriertruhe", "*tiefkühl*", "*server", "*router",
    "*netzwerk*", "*aquarium", "冰箱", "冰柜", "服务器", "路由器", "网络", "鱼缸", "制氧",
)  # fmt: skip
_RESTARTS = (
    "factory reset",
    "reset",
    "reboot",
    "restart",
    "neustart",
    "*zurücksetzen",
    "重启",
    "重置",
)


def default_rules(heat_above: float) -> tuple[Rule, ...]:
    """Those of Lares. `heat_above`: degrees Celsius from which a thermostat is asked about."""
    return (*_entrances(), *_hazards(heat_above), *_watch(), *_upkeep())


def _confirm(name: str, target: Target) -> Rule:
    return Rule(name, target, Risk.CONFIRM)


def _entrances() -> tuple[Rule, ...]:
    """What lets somebody in. Closing and locking are free, and so is stopping."""
    relays = (*_RELAYS, *_BUTTONS, "select", "number")
    bells = (*_LIGHT, *_BELLS)
    return (
        _confirm("unlock", Target(domains=("lock",), unless_commands=(Command.LOCK,))),
        _confirm(
            "open-entrance",
            Target(domains=("cover",), device_classes=_ENTRANCES, commands=_OPENS),
        ),
        _confirm(
            "open-entrance-partly",
            Target(
                domains=("cover",),
                device_classes=_ENTRANCES,
                commands=_OPENS_PARTLY,
                above=0.0,
            ),
        ),
        _confirm(
            "open-entrance-by-name",
            Target(domains=("cover",), names=_DOORS, unless_names=_HANGINGS, commands=_OPENS),
        ),
        _confirm(
            "open-entrance-partly-by-name",
            Target(
                domains=("cover",),
                names=_DOORS,
                unless_names=_HANGINGS,
                commands=_OPENS_PARTLY,
                above=0.0,
            ),
        ),
        _confirm("entrance-relay", Target(domains=relays, names=_DOORS, unless_names=bells)),
        Rule("alarm", Target(domains=("alarm_control_panel",)), Risk.PIN),
    )


def _hazards(heat_above: float) -> tuple[Rule, ...]:
    """Water, gas and heat."""
    relays = (*_RELAYS, *_BUTTONS, "number", "select")
    return (
        _confirm("open-valve", Target(domains=("valve",), commands=_OPENS)),
        _confirm(
            "open-valve-partly",
            Target(domains=("valve",), commands=(Command.SET_POSITION,), above=0.0),
        ),
        _confirm(
            "valve-relay",
            Target(
                domains=relays,
                names=_WATER,
                unless_names=_LIGHT,
                commands=(*_BEGINS, *_SETS),
            ),
        ),
        _confirm(
            "heat",
            Target(domains=("climate",), commands=(Command.SET_TEMPERATURE,), above=heat_above),
        ),
        _confirm(
            "hot-water",
            Target(domains=("water_heater",), commands=(Command.SET_TEMPERATURE,), above=HOT_WATER),
        ),
        _confirm(
            "heat-relay",
            Target(
                domains=relays,
                names=_HEATERS,
                unless_names=_LIGHT,
                commands=(*_BEGINS, *_SETS),
            ),
        ),
    )


def _watch() -> tuple[Rule, ...]:
    """What must not be blinded: sounding an alarm is free, silencing it is not."""
    return (
        _confirm("watcher-off", Target(domains=("camera", "siren"), commands=_STOPS)),
        _confirm(
            "watcher-relay-off",
            Target(
                domains=_RELAYS,
                names=_WATCHERS,
                unless_names=(*_LIGHT, "clock", "*wecker"),
                commands=_STOPS,
            ),
        ),
        _confirm(
            "watcher-button",
            Target(domains=_BUTTONS, names=_WATCHERS, unless_names=(*_LIGHT, "clock", "*wecker")),
        ),
    )


def _upkeep() -> tuple[Rule, ...]:
    """What must go on running: the other half of "turn everything off"."""
    return (
        _confirm(
            "needed-off",
            Target(domains=_RELAYS, names=_NEEDED, unless_names=_LIGHT, commands=_STOPS),
        ),
        _confirm("restart", Target(domains=("button",), device_classes=("restart", "update"))),
        _confirm("restart-by-name", Target(domains=_BUTTONS, names=_RESTARTS)),
    )
