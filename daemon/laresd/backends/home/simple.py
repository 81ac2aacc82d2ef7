"""Switches, sirens, buttons, scenes, choices, numbers, texts; sensors, events and trackers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from laresd.backends.home import filters
from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Settings,
    Unsupported,
    Write,
    Writer,
    always,
    chosen,
    shown,
    within,
)
from laresd.backends.home.templates import Template
from laresd.types import Command, EntityState, Json


def switch(settings: Settings) -> Codec:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    words = {settings.text("state_on") or on: "on", settings.text("state_off") or off: "off"}
    send = settings.send("command_topic", "command_template")
    writers: dict[Command, Writer] = {}
    if send is not None:
        writers = {Command.TURN_ON: always(send, on), Command.TURN_OFF: always(send, off)}

    def read(value: str) -> Changes:
        return {"state": "unknown" if value == "None" else words[value]}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, optimistic=settings.optimistic)


def siren(settings: Settings) -> Codec:
    """Its command is JSON unless a template says otherwise, its state one or the other."""
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    words = {settings.text("state_on") or on: "on", settings.text("state_off") or off: "off"}
    topic, retain = settings.topic("command_topic"), settings.flag("retain")
    template = settings.template("command_template")
    quiet = settings.template("command_off_template", "command_template")

    def write(value: str, form: Template | None) -> list[Write]:
        variables: dict[str, Json] = {"state": value, "value": value}
        text = json.dumps({"state": value}) if form is None else form.write(variables)
        return [Write(topic, text, retain)]

    writers: dict[Command, Writer] = {}
    if topic:
        writers = {
            Command.TURN_ON: lambda params, state: write(on, template),
            Command.TURN_OFF: lambda params, state: write(off, quiet),
        }

    def read(value: str) -> Changes:
        if value in words:
            return {"state": words[value]}
        body = json.loads(value)
        return {"state": words[str(body["state"])]}

    readers = settings.reader("state_topic", ("state_value_template", "value_template"), read)
    return Codec(readers, writers, optimistic=settings.optimistic)


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
        writers[Command.SELECT] = chosen(send, options, "option")

    def read(value: str) -> Changes:
        return {"state": value} if value in options else {}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, options=options, optimistic=settings.optimistic)


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
        return {"state": "unknown" if value == reset else shown(float(value))}

    reset = settings.text("payload_reset", "None")
    readers = settings.reader("state_topic", "value_template", read)
    return Codec(
        readers,
        writers,
        minimum=low,
        maximum=high,
        unit=unit or None,
        optimistic=settings.optimistic,
    )


def text_box(settings: Settings) -> Codec:
    """Home Assistant's `text`: SET_VALUE within its lengths and its pattern."""
    low, high = settings.number("min", 0), min(settings.number("max", 255), 255)
    form, send = settings.text("pattern"), settings.send("command_topic", "command_template")
    allowed = filters.pattern(form) if form else None
    writers: dict[Command, Writer] = {}
    if send is not None:

        def write(params: Params, state: EntityState) -> list[Write]:
            value = str(params.get("value", ""))
            if not low <= len(value) <= high:
                raise Unsupported(f"a text of {low:g} to {high:g} characters fits")
            if allowed is not None and not allowed.fullmatch(value):
                raise Unsupported(f"{value!r} is not what it takes")
            return send(value)

        writers[Command.SET_VALUE] = write

    def read(value: str) -> Changes:
        return {"state": value}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, optimistic=settings.optimistic)


def event(settings: Settings) -> Codec:
    """Its state is the last event's type: single, double, ring."""
    types = settings.texts("event_types")

    def read(value: str) -> Changes:
        kind = str(json.loads(value)["event_type"])
        return {"state": kind} if kind in types else {}

    return Codec(settings.reader("state_topic", "value_template", read), options=types)


def update(settings: Settings) -> Codec:
    """On while a newer version is there. Nothing installs by voice."""

    def latest(value: str) -> Changes:
        return {"latest_version": value}

    def installed(value: str) -> Changes:
        body = json.loads(value) if value.startswith("{") else {"installed_version": value}
        keys = ("installed_version", "latest_version")
        return {key: str(body[key]) for key in keys if isinstance(body.get(key), str)}

    topics = (
        *settings.reader("state_topic", "value_template", installed),
        *settings.reader("latest_version_topic", "latest_version_template", latest),
    )
    return Codec(topics, derive=_update_state)


def _update_state(word: str, attributes: Mapping[str, Json]) -> str:
    has, newest = attributes.get("installed_version"), attributes.get("latest_version")
    return "unknown" if has is None or newest is None else "off" if has == newest else "on"


def device_tracker(settings: Settings) -> Codec:
    home = settings.text("payload_home", "home")
    away, reset = settings.text("payload_not_home", "not_home"), settings.text("payload_reset")

    def read(value: str) -> Changes:
        if value == (reset or "None"):
            return {"state": "unknown"}
        return {"state": {home: "home", away: "not_home"}.get(value, value)}

    return Codec(settings.reader("state_topic", "value_template", read))


def sensor(settings: Settings) -> Codec:
    def read(value: str) -> Changes:
        return {"state": "unknown" if value in {"None", ""} else value}

    unit = settings.text("unit_of_measurement") or None
    return Codec(settings.reader("state_topic", "value_template", read), unit=unit)


def binary_sensor(settings: Settings) -> Codec:
    on, off = settings.text("payload_on", "ON"), settings.text("payload_off", "OFF")
    # templates give True and False where devices report JSON booleans
    words = {"True": "on", "False": "off", "None": "unknown", on: "on", off: "off"}

    def read(value: str) -> Changes:
        return {"state": words[value]}

    return Codec(settings.reader("state_topic", "value_template", read))
