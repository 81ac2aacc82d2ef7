"""What the language model is asked, and what it may answer.

The prompt's head (who it is, the calls, the devices, examples) stays the same until the home
changes, so that its computation can be kept; the sentence comes last. An answer is a few tokens,
`brightness 3 40;off 12`: every token is one pass over the model's weights. It is bound to a grammar
made from the calls and devices that exist now: no other device can be named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from laresd.core.intent.abilities import can, commands
from laresd.core.intent.colours import RGB
from laresd.core.intent.meaning import Meaning
from laresd.generation import AnswerGrammar, Generation, GrammarKind, Message, Role
from laresd.types import Action, Command, Entity, Home, Json, Request

MAX_DEVICES = 60  # of the prompt and its grammar
MAX_CALLS = 4
CALL_TOKENS = 48
TALK_TOKENS = 80
NOTHING = "none"  # the answer to what asks for no call
_SYSTEM = (
    "You run a home. Answer with the calls that the sentence asks for, each as a call and a "
    f"device's number, with {NOTHING} when it asks for nothing that these devices can do. Never "
    "guess a device."
)
_TALK = (
    "You are Lares, a voice assistant at home. Answer in one or two short sentences, in the "
    "language of the question. Say so when you do not know."
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A call that the model can make. `fixed`: parameters that it does not choose."""

    name: str
    command: Command
    parameter: str = ""  # of the command; "": none
    values: str = ""  # the rule of its values in the grammar


TOOLS = (
    Tool("on", Command.TURN_ON),
    Tool("off", Command.TURN_OFF),
    Tool("toggle", Command.TOGGLE),
    Tool("brightness", Command.TURN_ON, "brightness_pct", "percent"),
    Tool("color", Command.TURN_ON, "color_name", "color"),
    Tool("kelvin", Command.TURN_ON, "color_temp_k", "kelvin"),
    Tool("open", Command.OPEN),
    Tool("close", Command.CLOSE),
    Tool("stop", Command.STOP),
    Tool("position", Command.SET_POSITION, "position", "percent"),
    Tool("tilt", Command.SET_TILT, "tilt", "percent"),
    Tool("lock", Command.LOCK),
    Tool("unlock", Command.UNLOCK),
    Tool("temperature", Command.SET_TEMPERATURE, "temperature", "degrees"),
    Tool("speed", Command.SET_SPEED, "percentage", "percent"),
    Tool("press", Command.PRESS),
    Tool("activate", Command.ACTIVATE),
    Tool("play", Command.PLAY),
    Tool("pause", Command.PAUSE),
    Tool("next", Command.NEXT),
    Tool("previous", Command.PREVIOUS),
    Tool("volume", Command.SET_VOLUME, "volume_pct", "percent"),
    Tool("mute", Command.MUTE),
    Tool("unmute", Command.UNMUTE),
    Tool("start", Command.START),
    Tool("dock", Command.DOCK),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}
_VALUES = {
    "percent": "/100|[1-9]?[0-9]/",
    "degrees": "/([1-9][0-9]|[5-9])(\\.[05])?/",
    "kelvin": "/[1-9][0-9]00/",
    "color": " | ".join(f'"{name}"' for name in RGB),
}
_GBNF = {
    "percent": '"100" | [1-9]? [0-9]',
    "degrees": '([1-9] [0-9] | [5-9]) ("." [05])?',
    "kelvin": '[1-9] [0-9] "00"',
    "color": _VALUES["color"],
}


def tool_call(request: Request, home: Home) -> Generation:
    """What the model is asked about a command."""
    room = f" (said in: {request.area})" if request.area else ""
    return Generation(
        messages=(
            *head(home),
            Message(Role.USER, f"{request.text.strip()}{room}"),
        ),
        grammar=grammar(offered(home)),
        max_tokens=CALL_TOKENS,
        priority=request.priority,
    )


def head(home: Home) -> tuple[Message, ...]:
    """What every question about a command begins with, until the devices change."""
    devices = offered(home)
    lines = [_line(number, entity) for number, entity in enumerate(devices, 1)]
    parts = [_SYSTEM, *_kinds(devices), "Devices:", *lines, *_examples(devices)]
    return (Message(Role.SYSTEM, "\n".join(parts)),)


def talk(request: Request) -> Generation:
    """What the model is asked about a question that is not about the home."""
    messages = (Message(Role.SYSTEM, _TALK), Message(Role.USER, request.text.strip()))
    return Generation(messages=messages, max_tokens=TALK_TOKENS, priority=request.priority)


def grammar(devices: Sequence[Entity]) -> AnswerGrammar:
    """The answers: only these devices, by their numbers, each with what it can do. In Lark, which
    the box knows, and in GBNF for hosts.
    """
    rules: dict[str, str] = {}
    for tool in TOOLS:
        able = [number for number, entity in enumerate(devices, 1) if _has(entity, tool)]
        if able:
            numbers = " | ".join(f'"{number}"' for number in able)
            value = f' " " {tool.values}' if tool.values else ""
            rules[f"call_{tool.name}"] = f'"{tool.name} " ({numbers}){value}'
    start = f'"{NOTHING}"'
    if rules:
        start += f' | call (";" call){{0,{MAX_CALLS - 1}}}'
        rules = {"call": " | ".join(rules), **rules}
    used = {tool.values for tool in TOOLS if tool.values and f"call_{tool.name}" in rules}
    lark = {"start": start, **rules, **{name: _VALUES[name] for name in _VALUES if name in used}}
    gbnf = {"root": start, **rules, **{name: _GBNF[name] for name in _GBNF if name in used}}
    return AnswerGrammar(
        GrammarKind.LARK,
        "\n".join(f"{name}: {rule}" for name, rule in lark.items()),
        "\n".join(f"{name} ::= {rule}" for name, rule in gbnf.items()).replace("call_", "call-"),
    )


def parse(text: str, home: Home) -> Meaning | None:
    """The actions in the model's answer; None for no calls, and for what is no such answer."""
    devices = offered(home)
    actions = [_action(call, devices) for call in text.strip().split(";")]
    known = tuple(action for action in actions if action is not None)
    if len(known) != len(actions):
        return None
    return Meaning(f"llm_{known[0].command}", actions=known, exact=False)


def _action(call: str, devices: Sequence[Entity]) -> Action | None:
    name, _, rest = call.strip().partition(" ")
    number, _, value = rest.partition(" ")
    tool = _BY_NAME.get(name)
    if tool is None or not number.isdecimal() or not 0 < int(number) <= len(devices):
        return None
    if bool(value) != bool(tool.parameter):
        return None
    entity, params = devices[int(number) - 1], _parameters(tool, value)
    able = params is not None and can(entity, tool.command, params)
    return Action(entity.entity_id, tool.command, params) if params is not None and able else None


def _parameters(tool: Tool, value: str) -> dict[str, Json] | None:
    """What the command gets for the value; None where that is none."""
    if not tool.parameter:
        return {}
    if tool.values == "color":
        rgb = RGB.get(value)
        return {tool.parameter: value, "rgb": list(rgb)} if rgb else None
    try:
        number = float(value)
    except ValueError:
        return None
    return {tool.parameter: int(number) if number.is_integer() else number}


def _has(entity: Entity, tool: Tool) -> bool:
    return can(entity, tool.command, {tool.parameter: None} if tool.parameter else {})


def offered(home: Home) -> list[Entity]:
    """The devices that the model may name, the first is number 1."""
    able = (e for e in home.entities.values() if commands(e) and not e.read_only)
    return list(islice(able, MAX_DEVICES))


def _kinds(devices: Sequence[Entity]) -> Iterator[str]:
    """The calls of each kind of device, said once."""
    yield "Calls:"
    for domain in dict.fromkeys(entity.domain for entity in devices):
        able = [t for t in TOOLS if any(_has(e, t) for e in devices if e.domain == domain)]
        shown = (f"{tool.name} ({tool.values})" if tool.values else tool.name for tool in able)
        yield f"{domain}: {', '.join(shown)}"


def _line(number: int, entity: Entity) -> str:
    room = f", {entity.area}" if entity.area else ""
    names = " / ".join((entity.name, *entity.aliases))
    return f"{number} {names}{room}"


def _examples(devices: Sequence[Entity]) -> Iterator[str]:
    """Answers in the wanted form, about devices that are there."""
    yield "Examples:"
    yield f"How are you? -> {NOTHING}"
    for number, entity in enumerate(devices[:2], 1):
        tools = [tool for tool in TOOLS if _has(entity, tool) and not tool.parameter]
        for tool in tools[:1]:
            yield f"{_WORDS.get(tool.name, tool.name)} the {entity.name} -> {tool.name} {number}"


_WORDS = {"on": "turn on", "off": "turn off"}
