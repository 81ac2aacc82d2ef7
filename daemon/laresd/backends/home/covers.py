"""Covers and valves: open, close, stop, and positions of 0 (closed) to 100 (open).

A cover's slats have SET_TILT; a cover that has nothing but slats opens and closes these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

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

    def __init__(self, closed: float, opened: float, keys: str) -> None:
        if closed == opened:
            raise Unsupported(f"{keys} are the same")
        self._closed, self._open = closed, opened

    def percent(self, value: float) -> int:
        share = (value - self._closed) / (self._open - self._closed) * 100
        return min(max(round(share), 0), 100)

    def device(self, percent: float) -> int:
        return round(self._closed + (self._open - self._closed) * percent / 100)


def _tilt_scale(settings: Settings) -> _Scale:
    """From tilt_min to tilt_max, whichever end the open slats are at."""
    reverse = settings.number("tilt_opened_value", 100) < settings.number("tilt_closed_value", 0)
    ends = ("tilt_max", "tilt_min") if reverse else ("tilt_min", "tilt_max")
    defaults = {"tilt_min": 0.0, "tilt_max": 100.0}
    closed, opened = (settings.number(key, defaults[key]) for key in ends)
    return _Scale(closed, opened, "tilt_min and tilt_max")


def cover(settings: Settings) -> Codec:
    scale, tilts = _positions(settings), _tilt_scale(settings)
    send = settings.send("command_topic")
    writers: dict[Command, Writer] = {}
    names = {Command.OPEN: "OPEN", Command.CLOSE: "CLOSE", Command.STOP: "STOP"}
    for command, default in names.items():
        key = f"payload_{command.value}"
        # an explicit null in discovery means that the device cannot do it
        if send is not None and (settings.has(key) or not settings.given(key)):
            writers[command] = always(send, settings.text(key, default))
    move = _sender(settings, scale, "set_position_topic", "set_position_template", "position")
    turn = _sender(settings, tilts, "tilt_command_topic", "tilt_command_template", "tilt_position")
    if move is not None:
        writers[Command.SET_POSITION] = lambda params, state: move(
            within(params, "position", 0, 100, " %")
        )
    if turn is not None:
        writers[Command.SET_TILT] = lambda params, state: turn(within(params, "tilt", 0, 100, " %"))
    whole = move or turn
    if whole is not None:
        writers.setdefault(Command.OPEN, lambda params, state: whole(100))
        writers.setdefault(Command.CLOSE, lambda params, state: whole(0))
    readers, reports = _cover_readers(settings, scale, tilts), _reports(settings)
    return Codec(
        readers,
        writers,
        reports,
        _features(writers, position=move is not None, tilt=turn is not None),
        unheard=frozenset() if "tilt" in reports else frozenset({Command.SET_TILT}),
        derive=_rest,
        optimistic=settings.optimistic,
    )


def _rest(word: str, attributes: Mapping[str, Json]) -> str:
    """A cover that only says that it stopped is open unless its position says otherwise."""
    stopped = attributes.get("stopped") is True
    return "closed" if stopped and attributes.get("position") == 0 else word


def _positions(settings: Settings) -> _Scale:
    closed, opened = settings.number("position_closed", 0), settings.number("position_open", 100)
    return _Scale(closed, opened, "position_closed and position_open")


Move = Callable[[float], list[Write]]


def _reports(settings: Settings) -> frozenset[str]:
    topics = {"position": "position_topic", "tilt": "tilt_status_topic"}
    return frozenset(name for name, topic in topics.items() if settings.topic(topic))


def _features(writers: dict[Command, Writer], *, position: bool, tilt: bool) -> frozenset[str]:
    can = {"position": position, "tilt": tilt, "stop": Command.STOP in writers}
    return frozenset(name for name, there in can.items() if there)


def _sender(
    settings: Settings, scale: _Scale, topic_key: str, template_key: str, name: str
) -> Move | None:
    topic, retain = settings.topic(topic_key), settings.flag("retain")
    if not topic:
        return None
    template = settings.template(template_key)

    def move(percent: float) -> list[Write]:
        value = scale.device(percent)
        text = str(value)
        if template is not None:
            text = template.write({"value": value, name: value, "position": value})
        return [Write(topic, text, retain)]

    return move


def _states(settings: Settings) -> dict[str, str]:
    return {settings.text(f"state_{word}", word): word for word in WORDS}


def _cover_readers(settings: Settings, scale: _Scale, tilts: _Scale) -> tuple[Reader, ...]:
    words, stopped = _states(settings), settings.text("state_stopped", "stopped")
    has_state = bool(settings.topic("state_topic"))
    only_tilts = not has_state and not settings.topic("position_topic")

    def state(value: str) -> Changes:
        if value == "None":
            return {"state": "unknown"}
        at_rest = value == stopped
        return {"state": "open" if at_rest else words[value], "stopped": at_rest or None}

    def position(value: str) -> Changes:
        told = json.loads(value)  # some report both as {"position", "tilt_position"}
        body = told if isinstance(told, dict) else {"position": told}
        changes: dict[str, Json] = {"position": scale.percent(float(body["position"]))}
        if "tilt_position" in body:
            changes["tilt"] = tilts.percent(float(body["tilt_position"]))
        if not has_state:
            changes["state"] = "closed" if changes["position"] == 0 else "open"
        return changes

    def tilt(value: str) -> Changes:
        changes: dict[str, Json] = {"tilt": tilts.percent(float(value))}
        if only_tilts:
            changes["state"] = "closed" if changes["tilt"] == 0 else "open"
        return changes

    reader = settings.reader
    return (
        *reader("state_topic", "value_template", state),
        *reader("position_topic", ("position_template", "value_template"), position),
        *reader("tilt_status_topic", "tilt_status_template", tilt),
    )


def valve(settings: Settings) -> Codec:
    """A valve reports and takes words, or positions where `reports_position` is set."""
    scale = _positions(settings)
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
    reports = frozenset({"position"} if by_position and readers else set())
    features = _features(writers, position=Command.SET_POSITION in writers, tilt=False)
    return Codec(readers, writers, reports, features, optimistic=settings.optimistic)
