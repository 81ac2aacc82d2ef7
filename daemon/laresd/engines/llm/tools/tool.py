"""What a tool is, and a call of one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laresd.errors import Permanent
from laresd.types import Json

MAX_TOOLS = 256

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters`: the JSON Schema of an object; {} for none.

    Raises Permanent for a name that not every family can write.
    """

    name: str
    description: str
    parameters: Mapping[str, Json]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Permanent(
                f"the tool name {self.name[:80]!r} cannot be used",
                remedy="take up to 64 letters, digits, '_', '-' and '.'",
            )

    def definition(self) -> dict[str, Json]:
        """As chat templates and the OpenAI API have it."""
        function: dict[str, Json] = {
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters) or {"type": "object", "properties": {}},
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`id`: how the caller names it, for the result that it will send; "" where it has no name."""

    name: str
    arguments: Mapping[str, Json]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a model said: words, and after them the calls, of which there may be none."""

    text: str
    calls: tuple[ToolCall, ...] = ()


class Choice(StrEnum):
    """Whether an answer must be a call."""

    AUTO = "auto"  # words, or words and then calls, or calls
    REQUIRED = "required"  # calls and nothing else


def by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Raises Permanent for none, too many, and two of one name."""
    found = {tool.name: tool for tool in tools}
    if not 0 < len(tools) <= MAX_TOOLS:
        raise Permanent(f"a model can be given 1 to {MAX_TOOLS} tools, not {len(tools)}")
    if len(found) < len(tools):
        raise Permanent("two tools have one name", remedy="rename one of them")
    return found
