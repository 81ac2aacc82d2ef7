"""Families that write a call as one JSON object: Hermes, Llama 3, the older Mistral, and the form
for models that were taught none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from laresd.engines.llm.tools.format import Format, known, single, written
from laresd.engines.llm.tools.lark import Lark, any_of
from laresd.engines.llm.tools.reader import Mismatch, Reader
from laresd.engines.llm.tools.schema import arguments_schema
from laresd.generation import Choice, Tool, ToolCall
from laresd.types import Json

NOT_AN_OBJECT = r"\s*[^{\s]"  # words are told from a bare object by how they begin


class JsonCalls(Format):
    """A call is {"name": .., KEY: {..}}. `lead` follows on `opening`; `before` and `after` stand
    around each call, `between` between two, `closing` after the last.
    """

    key = "arguments"
    lead = before = after = between = closing = ""

    def write(self, calls: Sequence[ToolCall]) -> str:
        made = self.between.join(
            f"{self.before}{self._prefix(call.name)}{written(dict(call.arguments))}}}{self.after}"
            for call in calls
        )
        return f"{self.opening}{self.lead}{made}{self.closing}"

    def _prefix(self, name: str) -> str:
        return f'{{"name": {written(name)}, "{self.key}": '

    def _calls(self, lark: Lark, tools: Mapping[str, Tool], most: int) -> str:
        one = lark.rule(
            "call", any_of(self._call(lark, n, t) for n, t in enumerate(tools.values()))
        )
        more = f"({lark.spell(self.between)} {one}){{0,{most - 1}}}" if most > 1 else ""
        return f"{lark.spell(self.lead)} {one} {more} {lark.spell(self.closing)}"

    def _call(self, lark: Lark, number: int, tool: Tool) -> str:
        arguments = lark.json(f"arguments_{number}", arguments_schema(tool))
        prefix = lark.spell(f"{self.before}{self._prefix(tool.name)}")
        return f"{prefix} {arguments} {lark.spell('}' + self.after)}"

    def _read(self, reader: Reader, tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
        reader.expect(self.opening + self.lead)
        calls = [self._read_one(reader, tools)]
        while self.between and reader.take(self.between):
            calls.append(self._read_one(reader, tools))
        reader.expect(self.closing)
        return tuple(calls)

    def _read_one(self, reader: Reader, tools: Mapping[str, Tool]) -> ToolCall:
        reader.expect(self.before)
        call = self._call_of(reader.object(), tools)
        reader.expect(self.after)
        return call

    def _call_of(self, found: Mapping[str, Json], tools: Mapping[str, Tool]) -> ToolCall:
        arguments = found.get(self.key)
        if not isinstance(arguments, dict) or found.keys() - {"name", self.key, "id"}:
            raise Mismatch("it is no call")
        return ToolCall(known(found.get("name"), tools), arguments)


class Hermes(JsonCalls):
    """<tool_call>, a line with the object, </tool_call>: Qwen 2.5 and 3, Hermes, and what else
    speaks ChatML.
    """

    opening = "<tool_call>"
    markers = ("<tool_call>", "</tool_call>")
    before, after = "\n", "\n</tool_call>"
    between = "\n<tool_call>"


class OldMistral(JsonCalls):
    """[TOOL_CALLS] and a list: Mistral until the tokenizers of 2025.

    `blank`: its template has one before the list.
    """

    opening = "[TOOL_CALLS]"
    markers = ("[TOOL_CALLS]",)
    between, closing = ", ", "]"

    def __init__(self, special: Mapping[str, int], *, blank: bool = False) -> None:
        super().__init__(special)
        self.lead = " [" if blank else "["


class BareJson(JsonCalls):
    """Nothing but the object, for models that were taught no form. One call an answer."""

    opening = ""
    most = 1

    def write(self, calls: Sequence[ToolCall]) -> str:
        return super().write([single(calls)])

    def _start(self, lark: Lark, calls: str, choice: Choice) -> str:
        if choice is Choice.REQUIRED:
            return calls
        return f"{lark.words(first=NOT_AN_OBJECT)} | {calls}"


class Llama3(BareJson):
    """An object with "parameters".

    `tagged`: the model may write <|python_tag|> before it (3.1 and 3.3).
    """

    key = "parameters"
    tag = "<|python_tag|>"

    def __init__(self, special: Mapping[str, int], *, tagged: bool) -> None:
        super().__init__(special)
        self.markers = (self.tag,) if tagged else ()

    def _start(self, lark: Lark, calls: str, choice: Choice) -> str:
        may_tag = f"{lark.spell(self.tag)}? {calls}" if lark.is_token(self.tag) else calls
        return super()._start(lark, may_tag, choice)

    def _read(self, reader: Reader, tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
        reader.take(self.tag)
        return super()._read(reader, tools)
