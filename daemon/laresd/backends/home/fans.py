"""Fans: on and off, a speed in percent of the device's own range, and presets."""

from __future__ import annotations

from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Reader,
    Settings,
    Unsupported,
    Write,
    Writer,
    always,
    chosen,
    within,
)
from laresd.types import Command, EntityState


def fan(settings: Settings) -> Codec:
    presets = settings.texts("preset_modes")
    writers = _writers(settings, presets)
    features = {"percentage": Command.SET_SPEED, "mode": Command.SET_MODE}
    topics = {"percentage": "percentage_state_topic", "preset_mode": "preset_mode_state_topic"}
    reports = frozenset(name for name, topic in topics.items() if settings.topic(topic))
    unheard = frozenset({Command.SET_MODE} if "preset_mode" not in reports else set())
    low, high = _range(settings)
    return Codec(
        _readers(settings, presets),
        writers,
        reports,
        frozenset(name for name, command in features.items() if command in writers),
        presets,
        percentage_step=100 / (high - low + 1),
        unheard=unheard,
        optimistic=settings.optimistic,
    )


def _range(settings: Settings) -> tuple[float, float]:
    low, high = settings.number("speed_range_min", 1), settings.number("speed_range_max", 100)
    if high < low:
        raise Unsupported(f"speed_range_max {high:g} is below speed_range_min {low:g}")
    return low, high


def _writers(settings: Settings, presets: tuple[str, ...]) -> dict[Command, Writer]:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    low, high = _range(settings)
    power = settings.send("command_topic", "command_template")
    speed = settings.send("percentage_command_topic", "percentage_command_template")
    preset = settings.send("preset_mode_command_topic", "preset_mode_command_template")
    writers: dict[Command, Writer] = {}
    if power is not None:
        writers = {Command.TURN_ON: always(power, on), Command.TURN_OFF: always(power, off)}
    if speed is not None:

        def set_speed(params: Params, state: EntityState) -> list[Write]:
            percentage = within(params, "percentage", 0, 100, " %")
            if percentage == 0 and power is not None:
                return power(off)
            steps = max(1, round(percentage / 100 * (high - low + 1)))
            return speed(round(low - 1 + steps) if percentage else 0)

        writers[Command.SET_SPEED] = set_speed
    if preset is not None and presets:
        writers[Command.SET_MODE] = chosen(preset, presets)
    return writers


def _readers(settings: Settings, presets: tuple[str, ...]) -> tuple[Reader, ...]:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    low, high = _range(settings)
    no_speed = settings.text("payload_reset_percentage", "None")

    def state(value: str) -> Changes:
        return {"state": {on: "on", off: "off", "None": "unknown"}[value]}

    def percentage(value: str) -> Changes:
        if value == no_speed:
            return {"percentage": None}
        number = float(value)
        share = (number - low + 1) / (high - low + 1) * 100 if number >= low else 0
        return {"percentage": min(max(round(share), 0), 100)}

    def preset(value: str) -> Changes:
        return {"preset_mode": value if value in presets else None}

    reader = settings.reader
    return (
        *reader("state_topic", ("state_value_template", "value_template"), state),
        *reader("percentage_state_topic", "percentage_value_template", percentage),
        *reader("preset_mode_state_topic", "preset_mode_value_template", preset),
    )
