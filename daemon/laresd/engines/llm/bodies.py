"""What a request's body says, as the engine has it. Each raises Permanent, with what is wrong."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.generation import Message, Role, Tool, ToolCall

Word = TypeVar("Word", bound=StrEnum)


def read_messages(body: Fields) -> list[Message]:
    """At least one."""
    messages = [_message(row) for row in body.rows("messages")]
    if not messages:
        raise Permanent("the language model was given no messages")
    return messages


def read_tools(body: Fields) -> tuple[Tool, ...]:
    """None where there are none."""
    return tuple(
        Tool(row.text("name"), row.text("description", ""), row.mapping("parameters"))
        for row in body.rows("tools")
    )


def word(kind: type[Word], said: str, what: str) -> Word:
    """One of the words of `kind`."""
    try:
        return kind(said)
    except ValueError:
        raise Permanent(f"the {what} must be one of {', '.join(kind)}, not {said!r}") from None


def _message(row: Fields) -> Message:
    role = word(Role, row.text("role"), "role of a message")
    calls = tuple(
        ToolCall(call.text("name"), call.mapping("arguments"), call.text("id", ""))
        for call in row.rows("calls")
    )
    return Message(role, row.text("content"), calls, row.text("call", ""))
