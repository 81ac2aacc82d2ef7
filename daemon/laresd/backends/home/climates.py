"""Climate devices and fans: set-points, modes and speeds."""

from __future__ import annotations

from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Settings,
    Unsupported,
    Write,
    Writer,
    always,
    shown,
    within,
)
from laresd.types import Command, EntityState

MODES = ("auto", "off", "cool", "heat", "dry", "fan_only")
WAKING = ("heat_cool", "auto", "heat", "cool")  # what "on" means, the first that a device has


def climate(settings: Settings) -> Codec:
    fahrenheit = settings.text("temperature_unit", "C").upper().startswith("F")
    unit = "°F" if fahrenheit else "°C"
    low = settings.number("min_temp", 45 if fahrenheit else 7)
    high = settings.number("max_temp", 95 if fahrenheit else 35)
    modes = settings.texts("modes", MODES)
    writers = _climate_writers(settings, modes, (low, high), unit)
    can = {"temperature": Command.SET_TEMPERATURE, "mode": Command.SET_MODE}
    features = frozenset(name for name, command in can.items() if command in writers)

    def mode(value: str) -> Changes:
        return {"state": value} if value in modes or value == "off" else {}

    def target(value: str) -> Changes:
        return {"temperature": float(value)}

    def current(value: str) -> Changes:
        return {"current_temperature": float(value)}

    reader = settings.reader
    readers = (
        *reader("mode_state_topic", "mode_state_template", mode),
        *reader("temperature_state_topic", "temperature_state_template", target),
        *reader("current_temperature_topic", "current_temperature_template", current),
    )
    reports = {"temperature"} if settings.topic("temperature_state_topic") else set()
    return Codec(
        readers, writers, frozenset(reports), features, modes, minimum=low, maximum=high, unit=unit
    )


def _climate_writers(
    settings: Settings, modes: tuple[str, ...], limits: tuple[float, float], unit: str
) -> dict[Command, Writer]:
    writers: dict[Command, Writer] = {}
    set_target = settings.send("temperature_command_topic", "temperature_command_template")
    set_mode = settings.send("mode_command_topic", "mode_command_template")
    power = settings.send("power_command_topic", "power_command_template")
    if set_target is not None:
        writers[Command.SET_TEMPERATURE] = lambda params, state: set_target(
            shown(within(params, "temperature", *limits, unit))
        )
    if set_mode is not None:

        def mode(params: Params, state: EntityState) -> list[Write]:
            return set_mode(one_of(str(params.get("mode", "")), modes))

        writers[Command.SET_MODE] = mode
        waking = next((item for item in WAKING if item in modes), "")
        if waking:
            writers[Command.TURN_ON] = always(set_mode, waking)
        if "off" in modes:
            writers[Command.TURN_OFF] = always(set_mode, "off")
    if power is not None:
        writers[Command.TURN_ON] = always(power, settings.text("payload_on", "ON"))
        writers[Command.TURN_OFF] = always(power, settings.text("payload_off", "OFF"))
    return writers


def one_of(value: str, options: tuple[str, ...]) -> str:
    """The option that is meant, in the device's spelling. Raises Unsupported, naming them."""
    for option in options:
        if option.casefold() == value.casefold():
            return option
    raise Unsupported(f"{value!r} is not one of {', '.join(options)}")


def fan(settings: Settings) -> Codec:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    low, high = settings.number("speed_range_min", 1), settings.number("speed_range_max", 100)
    if high < low:
        raise Unsupported(f"speed_range_max {high:g} is below speed_range_min {low:g}")
    steps = high - low + 1
    power = settings.send("command_topic", "command_template")
    speed = settings.send("percentage_command_topic", "percentage_command_template")
    writers: dict[Command, Writer] = {}
    if power is not None:
        writers = {Command.TURN_ON: always(power, on), Command.TURN_OFF: always(power, off)}
    if speed is not None:

        def set_speed(params: Params, state: EntityState) -> list[Write]:
            percentage = within(params, "percentage", 0, 100, " %")
            if percentage == 0 and power is not None:
                return power(off)
            value = low - 1 + max(1, round(percentage / 100 * steps)) if percentage else 0
            return speed(round(value))

        writers[Command.SET_SPEED] = set_speed

    def state(value: str) -> Changes:
        return {"state": {on: "on", off: "off"}[value]}

    def percentage(value: str) -> Changes:
        number = float(value)
        share = (number - low + 1) / steps * 100 if number >= low else 0
        return {"percentage": min(max(round(share), 0), 100)}

    reader = settings.reader
    readers = (
        *reader("state_topic", ("state_value_template", "value_template"), state),
        *reader("percentage_state_topic", "percentage_value_template", percentage),
    )
    reports = {"percentage"} if settings.topic("percentage_state_topic") else set()
    features = frozenset({"percentage"} if speed else set())
    return Codec(readers, writers, frozenset(reports), features, percentage_step=100 / steps)
