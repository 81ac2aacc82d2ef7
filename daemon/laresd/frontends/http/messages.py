"""OpenAI's messages, tools and forms of answers, as the language model is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd.errors import Permanent
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.fields import Body, checked_text, parse
from laresd.generation import AnswerGrammar, Choice, GrammarKind, Message, Role, Tool, ToolCall
from laresd.types import Json

ROLES = ("system", "developer", "user", "assistant", "tool")
CHOICES = ("none", "auto", "required")
MAX_TOOLS = 128
MAX_CALLS = 8  # in one answer


@dataclass(frozen=True, slots=True)
class Tools:
    """What may be called, whether something must be, and how much at most."""

    tools: tuple[Tool, ...] = ()
    choice: Choice = Choice.AUTO
    most: int = MAX_CALLS


def read_messages(body: Body) -> tuple[Message, ...]:
    """At least one. `developer` is what OpenAI calls the system now."""
    rows = body.rows("messages")
    if not rows:
        body.missing("messages")
    return tuple(_message(row) for row in rows)


def read_tools(body: Body) -> Tools:
    """None of them where `tool_choice` is none; the one that it names, where it names one."""
    for key, now in (("functions", "tools"), ("function_call", "tool_choice")):
        if body.get(key) is not None:
            body.unsupported(key, f"{key!r} is not supported", f"send {now!r}")
    rows = body.rows("tools")
    if len(rows) > MAX_TOOLS:
        body.wrong("tools", f"a list of at most {MAX_TOOLS}")
    tools = tuple(_tool(row) for row in rows)
    names = [tool.name for tool in tools]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise Rejected(f"two tools have the name {name!r}", param=f"tools[{number}]")
    most = MAX_CALLS if body.flag("parallel_tool_calls", True) else 1
    return _choice(body, tools, most)


def read_answer_form(body: Body) -> AnswerGrammar | None:
    """What `response_format` binds the answer to; None: to nothing."""
    form = body.row("response_format")
    if form is None:
        return None
    kind = form.word("type", ("text", "json_object", "json_schema"))
    if kind == "text":
        return None
    if kind == "json_object":
        return AnswerGrammar(GrammarKind.JSON_SCHEMA, '{"type": "object"}')
    row = form.row("json_schema")
    if row is None:
        form.missing("json_schema")
    schema = row.mapping("schema") or {"type": "object"}
    return AnswerGrammar(GrammarKind.JSON_SCHEMA, json.dumps(schema))


def _message(row: Body) -> Message:
    match row.word("role", ROLES):
        case "assistant":
            calls = tuple(_call(call) for call in row.rows("tool_calls"))
            if row.get("content") is None and calls:
                return Message(Role.ASSISTANT, "", calls)
            return Message(Role.ASSISTANT, _content(row), calls)
        case "tool":
            return Message(Role.TOOL, _content(row), call=row.text("tool_call_id"))
        case "user":
            return Message(Role.USER, _content(row))
        case _:
            return Message(Role.SYSTEM, _content(row))


def _content(row: Body) -> str:
    """A text, or parts that are texts."""
    content = row.get("content")
    if content is None:
        row.missing("content")
    if not isinstance(content, list):
        return checked_text(content, row.name("content"))
    return "".join(_part(part) for part in row.rows("content"))


def _part(part: Body) -> str:
    kind = part.text("type")
    if kind != "text":
        part.unsupported(
            "type", f"a part of a message cannot be {kind[:40]!r}: this model reads text alone"
        )
    return part.text("text")


def _call(row: Body) -> ToolCall:
    row.word("type", ("function",), "function")
    function = row.row("function")
    if function is None:
        row.missing("function")
    return ToolCall(function.text("name"), _arguments(function), row.text("id"))


def _arguments(function: Body) -> Mapping[str, Json]:
    """They are JSON in a text, which a model wrote."""
    text = function.text("arguments")
    return parse(text.encode() or b"{}", function.name("arguments")).values


def _tool(row: Body) -> Tool:
    row.word("type", ("function",))
    function = row.row("function")
    if function is None:
        row.missing("function")
    name, description = function.text("name"), function.text("description", "")
    try:
        return Tool(name, description, function.mapping("parameters"))
    except Permanent as error:
        raise Rejected(error.message, param=function.name("name"), remedy=error.remedy) from error


def _choice(body: Body, tools: Sequence[Tool], most: int) -> Tools:
    said = body.get("tool_choice")
    if isinstance(said, dict):
        return _only(body, tools)
    choice = body.word("tool_choice", CHOICES, "auto")
    if choice == "required" and not tools:
        raise Rejected("a call is required, but there are no tools", param="tool_choice")
    if choice == "none":
        return Tools()
    return Tools(tuple(tools), Choice(choice), most)


def _only(body: Body, tools: Sequence[Tool]) -> Tools:
    """{"type": "function", "function": {"name"}}: that one must be called, once."""
    choice = Body(body.mapping("tool_choice"), "tool_choice")
    choice.word("type", ("function",))
    function = choice.row("function")
    if function is None:
        choice.missing("function")
    name = function.text("name")
    for tool in tools:
        if tool.name == name:
            return Tools((tool,), Choice.REQUIRED, 1)
    raise Rejected(f"there is no tool {name[:80]!r}", param=function.name("name"))
