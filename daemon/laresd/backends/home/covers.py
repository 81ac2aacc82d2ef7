"""Covers and valves: open, close, stop, and a position of 0 (closed) to 100 (open)."""

from __future__ import annotations

import json
from collections.abc import Callable

from laresd.backends.home.settings import (
    Changes,
    Codec,
    Reader,
    Settings,
    Unsupported,
    Write,
    Writer,
    always,
    within,
)
from laresd.types import Command, Json

WORDS = ("open", "opening", "closed", "closing")


class _Scale:
    """The device's own numbers for closed and open; upside down on some."""

    def __init__(self, settings: Settings) -> None:
        self._closed = settings.number("position_closed", 0)
        self._open = settings.number("position_open", 100)
        if self._closed == self._open:
            raise Unsupported("position_open and position_closed are the same")

    def percent(self, value: float) -> int:
        share = (value - self._closed) / (self._open - self._closed) * 100
        return min(max(round(share), 0), 100)

    def device(self, percent: float) -> int:
        return round(self._closed + (self._open - self._closed) * percent / 100)


def cover(settings: Settings) -> Codec:
    scale = _Scale(settings)
    send = settings.send("command_topic")
    writers: dict[Command, Writer] = {}
    names = {Command.OPEN: "OPEN", Command.CLOSE: "CLOSE", Command.STOP: "STOP"}
    for command, default in names.items():
        key = f"payload_{command.value}"
        # an explicit null in discovery means that the device cannot do it
        if send is not None and (settings.has(key) or not settings.given(key)):
            writers[command] = always(send, settings.text(key, default))
    move = _position_sender(settings, scale)
    if move is not None:
        writers[Command.SET_POSITION] = lambda params, state: move(
            within(params, "position", 0, 100, " %")
        )
        writers.setdefault(Command.OPEN, lambda params, state: move(100))
        writers.setdefault(Command.CLOSE, lambda params, state: move(0))
    readers = _cover_readers(settings, scale)
    return _codec(readers, writers, tells_position=bool(settings.topic("position_topic")))


def _codec(
    readers: tuple[Reader, ...], writers: dict[Command, Writer], *, tells_position: bool
) -> Codec:
    can = {"position": Command.SET_POSITION, "stop": Command.STOP}
    features = frozenset(name for name, command in can.items() if command in writers)
    return Codec(readers, writers, frozenset({"position"} if tells_position else set()), features)


def _position_sender(settings: Settings, scale: _Scale) -> Callable[[float], list[Write]] | None:
    topic, retain = settings.topic("set_position_topic"), settings.flag("retain")
    if not topic:
        return None
    template = settings.template("set_position_template")

    def move(percent: float) -> list[Write]:
        value = scale.device(percent)
        text = str(value)
        if template is not None:
            text = template.write({"value": value, "position": value})
        return [Write(topic, text, retain)]

    return move


def _states(settings: Settings) -> dict[str, str]:
    return {settings.text(f"state_{word}", word): word for word in WORDS}


def _cover_readers(settings: Settings, scale: _Scale) -> tuple[Reader, ...]:
    words, stopped = _states(settings), settings.text("state_stopped", "stopped")
    has_state = bool(settings.topic("state_topic"))

    def state(value: str) -> Changes:
        # a stopped cover is open unless its position says otherwise, which comes by itself
        return {"state": "open" if value == stopped else words[value]}

    def position(value: str) -> Changes:
        changes: dict[str, Json] = {"position": scale.percent(float(value))}
        if not has_state:
            changes["state"] = "closed" if changes["position"] == 0 else "open"
        return changes

    reader = settings.reader
    return (
        *reader("state_topic", "value_template", state),
        *reader("position_topic", ("position_template", "value_template"), position),
    )


def valve(settings: Settings) -> Codec:
    """A valve reports and takes words, or positions where `reports_position` is set."""
    scale = _Scale(settings)
    by_position = settings.flag("reports_position")
    words = _states(settings)
    send = settings.send("command_topic", "command_template")
    writers: dict[Command, Writer] = {}
    if send is not None and by_position:
        writers = {
            Command.OPEN: always(send, scale.device(100)),
            Command.CLOSE: always(send, scale.device(0)),
            Command.SET_POSITION: lambda params, state: send(
                scale.device(within(params, "position", 0, 100, " %"))
            ),
        }
    elif send is not None:
        writers = {
            Command.OPEN: always(send, settings.text("payload_open", "OPEN")),
            Command.CLOSE: always(send, settings.text("payload_close", "CLOSE")),
        }
    if send is not None and settings.has("payload_stop"):
        writers[Command.STOP] = always(send, settings.text("payload_stop"))

    def read(value: str) -> Changes:
        if value in words:
            return {"state": words[value]}
        body = json.loads(value)
        changes: dict[str, Json] = {}
        if not isinstance(body, dict):
            body = {"position": body}
        if by_position and "position" in body:
            changes["position"] = scale.percent(float(body["position"]))
            changes["state"] = "closed" if changes["position"] == 0 else "open"
        if str(body.get("state")) in words:
            changes["state"] = words[str(body["state"])]
        return changes

    readers = settings.reader("state_topic", "value_template", read)
    return _codec(readers, writers, tells_position=by_position and bool(readers))


def lock(settings: Settings) -> Codec:
    send = settings.send("command_topic", "command_template")
    words = {
        settings.text(f"state_{word}", word.upper()): word
        for word in ("locked", "unlocked", "locking", "unlocking", "jammed")
    }
    writers: dict[Command, Writer] = {}
    if send is not None:
        writers = {
            Command.LOCK: always(send, settings.text("payload_lock", "LOCK")),
            Command.UNLOCK: always(send, settings.text("payload_unlock", "UNLOCK")),
        }
        if settings.has("payload_open"):
            writers[Command.OPEN] = always(send, settings.text("payload_open"))

    def read(value: str) -> Changes:
        return {"state": words[value]}

    return Codec(settings.reader("state_topic", "value_template", read), writers)
