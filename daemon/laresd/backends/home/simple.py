"""Switches, buttons, scenes, choices, numbers, sensors, vacuums and mowers."""

from __future__ import annotations

import json

from laresd.backends.home.climates import one_of
from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Settings,
    Write,
    Writer,
    always,
    shown,
    within,
)
from laresd.types import Command, EntityState


def switch(settings: Settings) -> Codec:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    words = {settings.text("state_on") or on: "on", settings.text("state_off") or off: "off"}
    send = settings.send("command_topic", "command_template")
    writers: dict[Command, Writer] = {}
    if send is not None:
        writers = {Command.TURN_ON: always(send, on), Command.TURN_OFF: always(send, off)}

    def read(value: str) -> Changes:
        return {"state": words[value]}

    return Codec(settings.reader("state_topic", "value_template", read), writers)


def button(settings: Settings) -> Codec:
    send = settings.send("command_topic", "command_template")
    if send is None:
        return Codec()
    return Codec(writers={Command.PRESS: always(send, settings.text("payload_press", "PRESS"))})


def scene(settings: Settings) -> Codec:
    send = settings.send("command_topic")
    if send is None:
        return Codec()
    return Codec(writers={Command.ACTIVATE: always(send, settings.text("payload_on", "ON"))})


def select(settings: Settings) -> Codec:
    options = settings.texts("options")
    send = settings.send("command_topic", "command_template")
    writers: dict[Command, Writer] = {}
    if send is not None:

        def choose(params: Params, state: EntityState) -> list[Write]:
            return send(one_of(str(params.get("option", "")), options))

        writers[Command.SELECT] = choose

    def read(value: str) -> Changes:
        return {"state": value} if value in options else {}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, options=options)


def number(settings: Settings) -> Codec:
    low, high = settings.number("min", 1), settings.number("max", 100)
    unit = settings.text("unit_of_measurement")
    send = settings.send("command_topic", "command_template")
    writers: dict[Command, Writer] = {}
    if send is not None:
        writers[Command.SET_VALUE] = lambda params, state: send(
            shown(within(params, "value", low, high, f" {unit}" if unit else ""))
        )

    def read(value: str) -> Changes:
        return {"state": shown(float(value))}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, minimum=low, maximum=high, unit=unit or None)


def sensor(settings: Settings) -> Codec:
    def read(value: str) -> Changes:
        return {"state": "unknown" if value in {"None", ""} else value[:255]}

    unit = settings.text("unit_of_measurement") or None
    return Codec(settings.reader("state_topic", "value_template", read), unit=unit)


def binary_sensor(settings: Settings) -> Codec:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")

    def read(value: str) -> Changes:
        # templates give True and False where devices report JSON booleans
        return {"state": {"True": "on", "False": "off", on: "on", off: "off"}[value]}

    return Codec(settings.reader("state_topic", "value_template", read))


def vacuum(settings: Settings) -> Codec:
    send = settings.send("command_topic")
    default = ("start", "stop", "return_home")
    can = settings.texts("supported_features", default)
    commands = {
        Command.START: ("start", "payload_start", "start"),
        Command.PAUSE: ("pause", "payload_pause", "pause"),
        Command.STOP: ("stop", "payload_stop", "stop"),
        Command.DOCK: ("return_home", "payload_return_to_base", "return_to_base"),
    }
    writers: dict[Command, Writer] = {}
    for command, (feature, key, payload) in commands.items():
        if send is not None and feature in can:
            writers[command] = always(send, settings.text(key, payload))

    def read(value: str) -> Changes:
        body = json.loads(value)
        word = body.get("state") if isinstance(body, dict) else None
        return {"state": word} if isinstance(word, str) else {}

    return Codec(settings.reader("state_topic", "value_template", read), writers)


def lawn_mower(settings: Settings) -> Codec:
    topics = {
        Command.START: ("start_mowing", "start_mowing"),
        Command.PAUSE: ("pause", "pause"),
        Command.DOCK: ("dock", "dock"),
    }
    writers: dict[Command, Writer] = {}
    for command, (key, payload) in topics.items():
        send = settings.send(f"{key}_command_topic", f"{key}_command_template")
        if send is not None:
            writers[command] = always(send, payload)

    def read(value: str) -> Changes:
        return {"state": value}

    readers = settings.reader("activity_state_topic", "activity_value_template", read)
    return Codec(readers, writers)
