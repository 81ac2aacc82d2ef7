"""A home of 40 devices, ten calls for them, and what people say there."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from laresd.generation import Message, Role
from laresd.types import Entity, Home, Json
from tests.fakes.home import entity, home_of

ROOMS = ("kitchen", "living_room", "bedroom", "bathroom", "hall", "office", "garden", "garage")
KINDS = {  # by domain: names in each room
    "light": ("ceiling", "lamp"),
    "cover": ("blind",),
    "switch": ("socket",),
    "climate": ("heating",),
}
DEVICES = tuple(
    f"{domain}.{room}_{name}" for room in ROOMS for domain, names in KINDS.items() for name in names
)
CALLS: dict[str, tuple[tuple[str, ...], dict[str, tuple[int, int]]]] = {
    "turn_on": (("light", "switch", "climate"), {}),
    "turn_off": (("light", "switch", "climate"), {}),
    "toggle": (("light", "switch"), {}),
    "set_brightness": (("light",), {"percent": (0, 100)}),
    "set_color_temperature": (("light",), {"kelvin": (2000, 6500)}),
    "open": (("cover",), {}),
    "close": (("cover",), {}),
    "stop": (("cover",), {}),
    "set_position": (("cover",), {"percent": (0, 100)}),
    "set_temperature": (("climate",), {"degrees": (5, 30)}),
}
_NUMBERS = {  # in GBNF, within the same bounds
    "percent": '("100" | [1-9] [0-9] | [0-9])',
    "kelvin": '("6500" | "6" [0-4] [0-9] [0-9] | [2-5] [0-9] [0-9] [0-9])',
    "degrees": '("30" | [1-2] [0-9] | [5-9])',
}
QUESTIONS = (
    "Turn on the kitchen lamp.",
    "Please dim the light in the bedroom to 30 percent.",
    "Could you close the blind in the office?",
    "It is too cold in the bathroom, make it 23 degrees.",
    "Switch the garage socket off.",
    "Open the living room blind half way.",
    "Make the light on the hall ceiling warmer.",
    "Toggle the lamp in the garden.",
)
_SYSTEM = (
    "You run a home. Answer with one call as a JSON object that has the keys name and arguments, "
    "and nothing else. Never guess a device."
)
_FEATURES = {  # beyond on and off
    "light": ("brightness", "color_temp"),
    "cover": ("position",),
    "climate": ("temperature",),
}
_EXAMPLES: tuple[tuple[str, tuple[str, str, dict[str, Json]]], ...] = (
    ("Switch the hall lamp on.", ("turn_on", "light.hall_lamp", {})),
    ("Blind in the garage half down.", ("set_position", "cover.garage_blind", {"percent": 50})),
    ("20 degrees in the office.", ("set_temperature", "climate.office_heating", {"degrees": 20})),
)
_WORDS = """
    time house water light hand morning paper river garden letter winter music corner market stone
    table window bridge summer island forest engine doctor village silver captain harbour minute
    colour history kitchen promise machine evening country mountain picture weather
""".split()  # noqa: SIM905  # a page of quotes and commas says no more


def head() -> Message:
    """About a thousand tokens: who it is, the calls, the devices."""
    lines = [_SYSTEM, "Calls:"]
    for name, (domains, values) in CALLS.items():
        extra = "".join(f", {value} {low} to {high}" for value, (low, high) in values.items())
        lines.append(f"{name}: device ({', '.join(domains)}){extra}")
    lines.append("Devices:")
    for device in DEVICES:
        domain, name = device.split(".")
        spoken, place = name.replace("_", " "), _room(name).replace("_", " ")
        lines.append(f"{device}: {spoken}, the {spoken[len(place) + 1 :]} in the {place}, {domain}")
    lines.append("Examples:")
    lines += [f"{words} -> {_written(*call)}" for words, call in _EXAMPLES]
    return Message(Role.SYSTEM, "\n".join(lines))


def as_home() -> Home:
    """The same devices as the daemon knows them."""
    return home_of([_entity(device) for device in DEVICES])


def question(number: int) -> Message:
    return Message(Role.USER, QUESTIONS[number % len(QUESTIONS)])


def schema() -> dict[str, Json]:
    """JSON Schema of one call: of each, the devices that it is for."""
    return {"anyOf": [_call(name, *CALLS[name]) for name in CALLS]}


def text_schema() -> str:
    return json.dumps(schema())


def gbnf() -> str:
    """The same answers for llama.cpp, without the white space that its reading of JSON Schema
    leaves to the model.
    """
    rules = [f"{domain} ::= {_among(domain)}" for domain in KINDS]
    calls = []
    for name, (domains, values) in CALLS.items():
        numbers = "".join(f' ",\\"{value}\\":" {_NUMBERS[value]}' for value in values)
        device = f"({' | '.join(domains)})"
        start = f'"{{\\"name\\":\\"{name}\\",\\"arguments\\":{{\\"device\\":\\""'
        calls.append(f'{start} {device} "\\""{numbers} "}}}}"')
    return "\n".join([f"root ::= {' | '.join(calls)}", *rules])


def prose(words: int, seed: int) -> str:
    """Sentences that nobody wrote, the same for the same seed."""
    dice = random.Random(seed)
    chosen = [dice.choice(_WORDS) for _ in range(words)]
    sentences = [chosen[start : start + 11] for start in range(0, words, 11)]
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)


def _entity(device: str) -> Entity:
    domain, name = device.split(".")
    room = _room(name)
    limits = (5.0, 30.0) if domain == "climate" else None
    features = _FEATURES.get(domain, ())
    return entity(device, name.replace("_", " "), room.replace("_", " "), features, limits=limits)


def _room(name: str) -> str:
    return next(room for room in ROOMS if name.startswith(room))


def _written(name: str, device: str, values: dict[str, Json]) -> str:
    call: Json = {"name": name, "arguments": {"device": device, **values}}
    return json.dumps(call, separators=(",", ":"))


def _among(domain: str) -> str:
    return " | ".join(f'"{device}"' for device in DEVICES if device.startswith(f"{domain}."))


def _call(name: str, domains: Sequence[str], values: dict[str, tuple[int, int]]) -> dict[str, Json]:
    devices: list[Json] = [device for device in DEVICES if device.split(".")[0] in domains]
    arguments: dict[str, Json] = {"device": {"enum": devices}}
    for value, (low, high) in values.items():
        arguments[value] = {"type": "integer", "minimum": low, "maximum": high}
    return _object({"name": {"const": name}, "arguments": _object(arguments)})


def _object(properties: dict[str, Json]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
