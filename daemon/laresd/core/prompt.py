"""What the language model is asked, and what it may answer.

The prompt's head (who it is, the commands, the devices, examples) stays the same until the home
changes, so that its computation can be kept; the sentence comes last. The answer is bound to a
GBNF grammar made from the commands and devices that exist now: no other device can be named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from laresd.core.intent.abilities import can, commands
from laresd.core.intent.colours import RGB
from laresd.core.intent.meaning import Meaning
from laresd.types import Action, ChatMessage, Command, Entity, Generation, Home, Json, Request

MAX_DEVICES = 60  # of the prompt and its grammar
MAX_CALLS = 4
CALL_TOKENS = 160
TALK_TOKENS = 80
_SYSTEM = (
    "You run a home. Answer with one JSON object: the calls that the sentence asks for, or no "
    "calls when it asks for nothing that these devices can do. Never guess a device."
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
    values: str = ""  # GBNF rule of the parameter


TOOLS = (
    Tool("turn_on", Command.TURN_ON),
    Tool("turn_off", Command.TURN_OFF),
    Tool("toggle", Command.TOGGLE),
    Tool("set_brightness", Command.TURN_ON, "brightness_pct", "percent"),
    Tool("set_color", Command.TURN_ON, "color_name", "color"),
    Tool("set_color_temperature", Command.TURN_ON, "color_temp_k", "kelvin"),
    Tool("open", Command.OPEN),
    Tool("close", Command.CLOSE),
    Tool("stop", Command.STOP),
    Tool("set_position", Command.SET_POSITION, "position", "percent"),
    Tool("lock", Command.LOCK),
    Tool("unlock", Command.UNLOCK),
    Tool("set_temperature", Command.SET_TEMPERATURE, "temperature", "degrees"),
    Tool("set_speed", Command.SET_SPEED, "percentage", "percent"),
    Tool("press", Command.PRESS),
    Tool("activate", Command.ACTIVATE),
    Tool("play", Command.PLAY),
    Tool("pause", Command.PAUSE),
    Tool("next", Command.NEXT),
    Tool("previous", Command.PREVIOUS),
    Tool("set_volume", Command.SET_VOLUME, "volume_pct", "percent"),
    Tool("mute", Command.MUTE),
    Tool("unmute", Command.UNMUTE),
    Tool("start", Command.START),
    Tool("dock", Command.DOCK),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}
_VALUES = {
    "percent": '"100" | [1-9] [0-9] | [0-9]',
    "degrees": '[1-9] [0-9] ("." [05])? | [5-9] ("." [05])?',
    "kelvin": '[1-9] [0-9] "00"',
    "color": " | ".join(f'"\\"{name}\\""' for name in RGB),
}


def tool_call(request: Request, home: Home) -> Generation:
    """What the model is asked about a command."""
    room = f" (said in: {request.area})" if request.area else ""
    return Generation(
        messages=(
            *head(home),
            ChatMessage("user", f"{request.text.strip()}{room}"),
        ),
        grammar=grammar(_devices(home)),
        max_tokens=CALL_TOKENS,
    )


def head(home: Home) -> tuple[ChatMessage, ...]:
    """What every question about a command begins with, until the devices change."""
    devices = _devices(home)
    parts = [_SYSTEM, *_kinds(devices), "Devices:", *map(_line, devices), *_examples(devices)]
    return (ChatMessage("system", "\n".join(parts)),)


def talk(request: Request) -> Generation:
    """What the model is asked about a question that is not about the home."""
    messages = (ChatMessage("system", _TALK), ChatMessage("user", request.text.strip()))
    return Generation(messages=messages, max_tokens=TALK_TOKENS)


def grammar(devices: Sequence[Entity]) -> str:
    """GBNF for {"calls":[...]}: only these devices, each with what it can do."""
    rules: dict[str, str] = {}
    calls: list[str] = []
    for tool in TOOLS:
        able = [entity.entity_id for entity in devices if _has(entity, tool)]
        if not able:
            continue
        rule = tool.name.replace("_", "-")
        calls.append(rule)
        rules[f"{rule}-device"] = " | ".join(_literal(device) for device in able)
        value = f' ",\\"value\\":" {tool.values}' if tool.values else ""
        rules[rule] = f'"{{\\"call\\":\\"{tool.name}\\",\\"device\\":" {rule}-device{value} "}}"'
        if tool.values:
            rules[tool.values] = _VALUES[tool.values]
    if not calls:
        return 'root ::= "{\\"calls\\":[]}"'
    more = f'("," call){{0,{MAX_CALLS - 1}}}'
    lines = [f'root ::= "{{\\"calls\\":[" (call {more})? "]}}"', f"call ::= {' | '.join(calls)}"]
    return "\n".join(lines + [f"{name} ::= {rule}" for name, rule in rules.items()])


def parse(text: str, home: Home) -> Meaning | None:
    """The actions in the model's answer; None for no calls, and for what is no such answer."""
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    calls = answer.get("calls") if isinstance(answer, dict) else None
    if not isinstance(calls, list):
        return None
    actions = [_action(call, home) for call in calls if isinstance(call, dict)]
    known = tuple(action for action in actions if action is not None)
    if not known or len(known) != len(calls):
        return None
    return Meaning(f"llm_{known[0].command}", actions=known, exact=False)


def _action(call: Mapping[str, Json], home: Home) -> Action | None:
    tool = _BY_NAME.get(str(call.get("call")))
    entity = home.entities.get(str(call.get("device")))
    if tool is None or entity is None:
        return None
    params: dict[str, Json] = {tool.parameter: call.get("value")} if tool.parameter else {}
    if tool.parameter == "color_name":
        params["rgb"] = list(RGB.get(str(call.get("value")), (255, 255, 255)))
    action = Action(entity.entity_id, tool.command, params)
    return action if can(entity, tool.command, params) else None


def _has(entity: Entity, tool: Tool) -> bool:
    return can(entity, tool.command, {tool.parameter: None} if tool.parameter else {})


def _literal(text: str) -> str:
    """A GBNF literal that matches the text as a JSON string."""
    return json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)


def _devices(home: Home) -> list[Entity]:
    return [entity for entity in home.entities.values() if commands(entity)][:MAX_DEVICES]


def _kinds(devices: Sequence[Entity]) -> Iterator[str]:
    """The calls of each kind of device, said once."""
    yield "Calls:"
    for domain in dict.fromkeys(entity.domain for entity in devices):
        able = [t.name for t in TOOLS if any(_has(e, t) for e in devices if e.domain == domain)]
        yield f"{domain}: {' '.join(able)}"


def _line(entity: Entity) -> str:
    room = f", {entity.area}" if entity.area else ""
    names = " / ".join((entity.name, *entity.aliases))
    return f"{entity.entity_id}: {names}{room}"


def _examples(devices: Sequence[Entity]) -> Iterator[str]:
    """Answers in the wanted form, about devices that are there."""
    yield "Examples:"
    yield 'How are you? -> {"calls":[]}'
    for entity in devices[:2]:
        tools = [tool for tool in TOOLS if _has(entity, tool) and not tool.parameter]
        for tool in tools[:1]:
            call = {"calls": [{"call": tool.name, "device": entity.entity_id}]}
            words = f"{tool.name.replace('_', ' ')} the {entity.name}"
            yield f"{words} -> {json.dumps(call, separators=(',', ':'))}"
