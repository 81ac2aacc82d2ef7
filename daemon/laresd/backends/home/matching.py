"""Whether a device's new state is what an action asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from laresd.backends.home import colour
from laresd.types import Action, Command, EntityState, Json

POINTS = 2  # a percentage may be rounded twice on its way through a device's own scale
MODES = ("mode", "preset_mode")  # attributes that a mode may be told in
NOT_ON = frozenset({"off", "unknown", "closed", "standby"})

Check = Callable[[Action, EntityState, EntityState, frozenset[str]], bool]


def matches(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    """True when `after` fulfils the action. `reports`: attributes that the device tells at all.

    `before` is the state when the command went out. For what moves slowly (covers), being on the
    way in the right direction is enough; a lock must have arrived.
    """
    check = _CHECKS.get(action.command)
    return check is not None and check(action, before, after, reports)


def normal(action: Action, percentage_step: float) -> Action:
    """What the device can do of it: dimming to nothing is off, a speed is the nearest it has."""
    if action.command is Command.TURN_ON and action.params.get("brightness_pct") == 0:
        return Action(action.entity_id, Command.TURN_OFF)
    asked = action.params.get("percentage")
    if action.command is Command.SET_SPEED and isinstance(asked, (int, float)) and asked > 0:
        steps = max(1, round(asked / percentage_step))
        return replace(action, params={**action.params, "percentage": steps * percentage_step})
    return action


def near(wanted: Json, told: Json, tolerance: float) -> bool:
    if isinstance(wanted, bool) or isinstance(told, bool):
        return False
    if not isinstance(wanted, (int, float)) or not isinstance(told, (int, float)):
        return False
    return abs(wanted - told) <= tolerance


def _turned_on(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    told = after.attributes
    if after.state in NOT_ON:
        return False
    if "brightness_pct" in action.params.keys() & reports:
        bright = near(action.params["brightness_pct"], told.get("brightness_pct"), POINTS)
    else:
        bright = True
    if "color_temp_k" in action.params.keys() & reports:
        warm = _same_warmth(action.params["color_temp_k"], told.get("color_temp_k"))
    else:
        warm = True
    return bright and warm and ("rgb" not in reports or _same_colour(action.params, told))


def _same_warmth(wanted: Json, told: Json) -> bool:
    if not isinstance(wanted, (int, float)) or not isinstance(told, (int, float)) or told <= 0:
        return False
    return abs(colour.mireds(wanted) - colour.mireds(told)) <= 4


def _same_colour(params: Mapping[str, Json], told: Mapping[str, Json]) -> bool:
    wanted = _rgb(params.get("rgb"))
    if wanted is None and "color_name" in params:
        wanted = colour.named(str(params["color_name"]))
    if wanted is None:
        return True
    shown = _rgb(told.get("rgb"))
    return shown is not None and colour.alike(wanted, shown)


def _rgb(value: Json) -> colour.Rgb | None:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        return None
    red, green, blue = (int(str(part)) for part in value)
    return red, green, blue


def _toggled(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    was = before.state not in NOT_ON
    return before.state != after.state and (after.state not in NOT_ON) != was


def _moved(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    wanted = {Command.OPEN: 100, Command.CLOSE: 0}.get(action.command)
    if wanted is not None:
        return _toward(wanted, before, after)
    return _toward(action.params.get("position"), before, after)


def _toward(wanted: Json, before: EntityState, after: EntityState) -> bool:
    """It is there, or it began to move there after the command."""
    was, told = before.attributes.get("position"), after.attributes.get("position")
    if not isinstance(wanted, (int, float)):
        return False
    if isinstance(told, (int, float)) and isinstance(was, (int, float)):
        if abs(wanted - told) <= POINTS and after.state not in {"opening", "closing"}:
            return True
        ahead = "opening" if wanted > was else "closing"
        started = after.state == ahead and before.state != ahead
        return started or abs(wanted - told) < abs(wanted - was) - POINTS
    words = {"open", "opening"} if wanted > 0 else {"closed", "closing"}
    return after.state in words


def _stopped(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    return after.state not in {"opening", "closing", "unknown", "mowing", "cleaning"}


def _states(*words: str) -> Check:
    return lambda action, before, after, reports: after.state in words


def _option(name: str) -> Check:
    def check(
        action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
    ) -> bool:
        wanted = str(action.params.get(name, "")).casefold()
        told = [after.state, *(after.attributes.get(key) for key in MODES)]
        on_its_way = wanted.startswith("armed_") and after.state == "arming"
        return on_its_way or wanted in {str(item).casefold() for item in told if item is not None}

    return check


def _attribute(param: str, attribute: str, tolerance: float) -> Check:
    def check(
        action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
    ) -> bool:
        if attribute in reports:
            return near(action.params.get(param), after.attributes.get(attribute), tolerance)
        return True

    return check


def _sped(action: Action, before: EntityState, after: EntityState, reports: frozenset[str]) -> bool:
    wanted = action.params.get("percentage")
    if wanted == 0:
        return after.state == "off"
    if after.state == "off":
        return False
    told = after.attributes.get("percentage")
    return "percentage" not in reports or near(wanted, told, POINTS)


def _valued(
    action: Action, before: EntityState, after: EntityState, reports: frozenset[str]
) -> bool:
    wanted = action.params.get("value")
    if "humidity" in reports:
        return near(wanted, after.attributes.get("humidity"), 1)
    if isinstance(wanted, str) and wanted == after.state:
        return True
    try:
        return near(wanted, float(after.state), 1e-3)
    except ValueError:
        return False


_CHECKS: Mapping[Command, Check] = {
    Command.TURN_ON: _turned_on,
    Command.TURN_OFF: _states("off"),
    Command.TOGGLE: _toggled,
    Command.OPEN: _moved,
    Command.CLOSE: _moved,
    Command.STOP: _stopped,
    Command.SET_POSITION: _moved,
    Command.SET_TILT: _attribute("tilt", "tilt", POINTS),
    Command.LOCK: _states("locked"),
    Command.UNLOCK: _states("unlocked"),
    Command.SET_TEMPERATURE: _attribute("temperature", "temperature", 0.25),
    Command.SET_MODE: _option("mode"),
    Command.SET_SPEED: _sped,
    Command.SELECT: _option("option"),
    Command.SET_VALUE: _valued,
    Command.START: _states("cleaning", "mowing", "on"),
    Command.PAUSE: _states("paused", "idle"),
    Command.DOCK: _states("docked", "returning"),
}
