"""What keeps a temperature or a humidity: climate devices, water heaters, humidifiers."""

from __future__ import annotations

from collections.abc import Callable

from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Reader,
    Settings,
    Write,
    Writer,
    always,
    chosen,
    one_of,
    shown,
    within,
)
from laresd.types import Command, EntityState

MODES = ("auto", "off", "cool", "heat", "dry", "fan_only")
HEATER_MODES = ("eco", "electric", "gas", "heat_pump", "high_demand", "performance", "off")
WAKING = ("heat_cool", "auto", "heat", "cool", "performance", "eco")  # "on": the first it has


def climate(settings: Settings) -> Codec:
    """SET_MODE takes presets ("eco"), too, where they are not modes."""
    limits, unit = _limits(settings, (7, 35), (45, 95)), _unit(settings)
    modes = settings.texts("modes", MODES)
    presets = tuple(item for item in settings.texts("preset_modes") if item not in modes)
    writers = _climate_writers(settings, modes, limits, unit)
    _add_presets(settings, presets, writers)
    return _thermal(settings, writers, (*modes, *presets), limits, _preset_reader(settings))


def water_heater(settings: Settings) -> Codec:
    limits, unit = _limits(settings, (43, 60), (110, 140)), _unit(settings)
    modes = settings.texts("modes", HEATER_MODES)
    writers = _climate_writers(settings, modes, limits, unit)
    return _thermal(settings, writers, modes, limits)


def _unit(settings: Settings) -> str:
    return "°F" if settings.text("temperature_unit", "C").upper().startswith("F") else "°C"


def _limits(
    settings: Settings, celsius: tuple[float, float], fahrenheit: tuple[float, float]
) -> tuple[float, float]:
    low, high = celsius if _unit(settings) == "°C" else fahrenheit
    return settings.number("min_temp", low), settings.number("max_temp", high)


def _thermal(
    settings: Settings,
    writers: dict[Command, Writer],
    modes: tuple[str, ...],
    limits: tuple[float, float],
    more: tuple[Reader, ...] = (),
) -> Codec:
    can = {"temperature": Command.SET_TEMPERATURE, "mode": Command.SET_MODE}
    told = {
        Command.SET_TEMPERATURE: "temperature_state_topic",
        Command.SET_MODE: "mode_state_topic",
        Command.TURN_ON: "mode_state_topic",
        Command.TURN_OFF: "mode_state_topic",
    }
    reports = {"temperature"} if settings.topic("temperature_state_topic") else set()
    return Codec(
        (*_thermal_readers(settings, modes), *more),
        writers,
        frozenset(reports),
        frozenset(name for name, command in can.items() if command in writers),
        modes,
        minimum=limits[0],
        maximum=limits[1],
        unit=_unit(settings),
        unheard=frozenset(item for item, topic in told.items() if not settings.topic(topic)),
        optimistic=settings.optimistic,
    )


def _thermal_readers(settings: Settings, modes: tuple[str, ...]) -> tuple[Reader, ...]:
    def mode(value: str) -> Changes:
        if value == "None":
            return {"state": "unknown"}
        return {"state": value} if value in modes or value == "off" else {}

    def number(name: str) -> Callable[[str], Changes]:
        return lambda value: {name: None if value == "None" else float(value)}

    def action(value: str) -> Changes:
        return {"action": value if value != "None" else None}

    reader = settings.reader
    return (
        *reader("mode_state_topic", ("mode_state_template", "value_template"), mode),
        *reader(
            "temperature_state_topic",
            ("temperature_state_template", "value_template"),
            number("temperature"),
        ),
        *reader(
            "current_temperature_topic",
            ("current_temperature_template", "value_template"),
            number("current_temperature"),
        ),
        *reader(
            "current_humidity_topic",
            ("current_humidity_template", "value_template"),
            number("current_humidity"),
        ),
        *reader("action_topic", ("action_template", "value_template"), action),
    )


def _preset_reader(settings: Settings) -> tuple[Reader, ...]:
    def preset(value: str) -> Changes:
        return {"preset_mode": None if value in {"None", "none"} else value}

    return settings.reader("preset_mode_state_topic", "preset_mode_value_template", preset)


def _add_presets(
    settings: Settings, presets: tuple[str, ...], writers: dict[Command, Writer]
) -> None:
    send = settings.send("preset_mode_command_topic", "preset_mode_command_template")
    plain = writers.get(Command.SET_MODE)
    if send is None or not presets:
        return

    def set_mode(params: Params, state: EntityState) -> list[Write]:
        asked = str(params.get("mode", "")).casefold()
        if plain is None or asked in {item.casefold() for item in presets}:
            return send(one_of(asked, presets))
        return plain(params, state)

    writers[Command.SET_MODE] = set_mode


def humidifier(settings: Settings) -> Codec:
    """SET_VALUE is the humidity to keep, in percent; SET_MODE one of its modes."""
    low, high = settings.number("min_humidity", 0), settings.number("max_humidity", 100)
    modes = settings.texts("modes")
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    power = settings.send("command_topic", "command_template")
    target = settings.send("target_humidity_command_topic", "target_humidity_command_template")
    set_mode = settings.send("mode_command_topic", "mode_command_template")
    writers: dict[Command, Writer] = {}
    if power is not None:
        writers = {Command.TURN_ON: always(power, on), Command.TURN_OFF: always(power, off)}
    if target is not None:
        writers[Command.SET_VALUE] = lambda params, state: target(
            shown(within(params, "value", low, high, " %"))
        )
    if set_mode is not None and modes:
        writers[Command.SET_MODE] = chosen(set_mode, modes)
    topics = {"humidity": "target_humidity_state_topic", "mode": "mode_state_topic"}
    reports = frozenset(name for name, topic in topics.items() if settings.topic(topic))
    told = {Command.SET_VALUE: "humidity", Command.SET_MODE: "mode"}
    can = {"humidity": Command.SET_VALUE, "mode": Command.SET_MODE}
    return Codec(
        _humidifier_readers(settings),
        writers,
        reports,
        frozenset(name for name, command in can.items() if command in writers),
        modes,
        minimum=low,
        maximum=high,
        unit="%",
        unheard=frozenset(command for command, name in told.items() if name not in reports),
        optimistic=settings.optimistic,
    )


def _humidifier_readers(settings: Settings) -> tuple[Reader, ...]:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    no_humidity = settings.text("payload_reset_humidity", "None")
    no_mode = settings.text("payload_reset_mode", "None")

    def state(value: str) -> Changes:
        return {"state": {on: "on", off: "off", "None": "unknown"}[value]}

    def humidity(name: str) -> Callable[[str], Changes]:
        return lambda value: {name: None if value == no_humidity else float(value)}

    def mode(value: str) -> Changes:
        return {"mode": None if value == no_mode else value}

    reader = settings.reader
    return (
        *reader("state_topic", ("state_value_template", "value_template"), state),
        *reader(
            "target_humidity_state_topic", "target_humidity_state_template", humidity("humidity")
        ),
        *reader(
            "current_humidity_topic", "current_humidity_template", humidity("current_humidity")
        ),
        *reader("mode_state_topic", "mode_state_template", mode),
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
        writers[Command.SET_MODE] = chosen(set_mode, modes)
        waking = next((item for item in WAKING if item in modes), "")
        if waking:
            writers[Command.TURN_ON] = always(set_mode, waking)
        if "off" in modes:
            writers[Command.TURN_OFF] = always(set_mode, "off")
    if power is not None:
        writers[Command.TURN_ON] = always(power, settings.text("payload_on", "ON"))
        writers[Command.TURN_OFF] = always(power, settings.text("payload_off", "OFF"))
    return writers
