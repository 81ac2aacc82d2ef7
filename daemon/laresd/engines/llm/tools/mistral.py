"""The calls of Mistral's models since 2025 (Ministral 3, Devstral, Mistral Small 3.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from laresd.engines.llm.tools.format import Format, known, written
from laresd.engines.llm.tools.lark import Lark, any_of, quoted
from laresd.engines.llm.tools.reader import Reader
from laresd.engines.llm.tools.schema import arguments_schema
from laresd.generation import Tool, ToolCall

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_ID = re.compile(r"[A-Za-z0-9]{9}")


class Mistral(Format):
    """[TOOL_CALLS]name[ARGS]{..} for each call. Some models put [CALL_ID] and nine characters
    before [ARGS]: that is read, but nothing is gained by having it written.
    """

    opening = "[TOOL_CALLS]"
    markers = ("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]")

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "".join(
            f"[TOOL_CALLS]{call.name}[ARGS]{written(dict(call.arguments))}" for call in calls
        )

    def _calls(self, lark: Lark, tools: Mapping[str, Tool], most: int) -> str:
        one = lark.rule(
            "call", any_of(self._call(lark, n, t) for n, t in enumerate(tools.values()))
        )
        more = f"({lark.spell(self.opening)} {one}){{0,{most - 1}}}" if most > 1 else ""
        return f"{one} {more}"

    def _call(self, lark: Lark, number: int, tool: Tool) -> str:
        arguments = lark.json(f"arguments_{number}", arguments_schema(tool))
        return f"{quoted(tool.name)} {lark.spell('[ARGS]')} {arguments}"

    def _read(self, reader: Reader, tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
        calls: list[ToolCall] = []
        while reader.take(self.opening):
            name = known(reader.match(_NAME), tools)
            if reader.take("[CALL_ID]"):
                reader.match(_ID)
            reader.expect("[ARGS]")
            calls.append(ToolCall(name, reader.object()))
        return tuple(calls)
