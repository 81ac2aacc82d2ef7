"""Vacuums and lawn mowers."""

from __future__ import annotations

import json

from laresd.backends.home.settings import Changes, Codec, Settings, Writer, always, chosen
from laresd.types import Command, Json


def vacuum(settings: Settings) -> Codec:
    """SET_MODE is the power of its fan, where it has a list of these."""
    send = settings.send("command_topic")
    speeds, set_speed = settings.texts("fan_speed_list"), settings.send("set_fan_speed_topic")
    can = settings.texts("supported_features", ("start", "stop", "return_home"))
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
    if set_speed is not None and speeds and "fan_speed" in can:
        writers[Command.SET_MODE] = chosen(set_speed, speeds)
    return Codec(
        settings.reader("state_topic", "value_template", _vacuum_state),
        writers,
        features=frozenset({"mode"} if Command.SET_MODE in writers else set()),
        options=speeds,
    )


def _vacuum_state(value: str) -> Changes:
    body = json.loads(value)
    if not isinstance(body, dict):
        return {}
    changes: dict[str, Json] = {}
    if "state" in body and isinstance(body["state"], str | None):
        changes["state"] = body["state"] or "unknown"
    if isinstance(body.get("fan_speed"), str):
        changes["mode"] = body["fan_speed"]
    if isinstance(body.get("battery_level"), int):
        changes["battery_level"] = body["battery_level"]
    return changes


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
        return {"state": "unknown" if value in {"None", "none"} else value}

    readers = settings.reader("activity_state_topic", "activity_value_template", read)
    return Codec(readers, writers, optimistic=settings.optimistic)
