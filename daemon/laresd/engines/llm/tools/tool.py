"""What a model said with tools at hand, and what it can be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.errors import Permanent
from laresd.generation import Tool, ToolCall

MAX_TOOLS = 256


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a model said: words, and after them the calls, of which there may be none."""

    text: str
    calls: tuple[ToolCall, ...] = ()


def by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Raises Permanent for none, too many, and two of one name."""
    found = {tool.name: tool for tool in tools}
    if not 0 < len(tools) <= MAX_TOOLS:
        raise Permanent(f"a model can be given 1 to {MAX_TOOLS} tools, not {len(tools)}")
    if len(found) < len(tools):
        raise Permanent("two tools have one name", remedy="rename one of them")
    return found
