"""The calls of Qwen 3.5 and Qwen 3 Coder: a tag for the function, and one for each argument."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from laresd.engines.llm.tools.format import Format, known, written
from laresd.engines.llm.tools.lark import Lark, any_of, quoted
from laresd.engines.llm.tools.reader import Mismatch, Reader, json_value
from laresd.engines.llm.tools.schema import arguments_schema, bare_texts, property_schemas, required
from laresd.errors import Permanent
from laresd.generation import Tool, ToolCall
from laresd.types import Json

END = "\n</parameter>\n"  # of an argument
_CLOSE = "</function>\n</tool_call>"
_NAME = re.compile(r"[^<>\s]{1,128}")  # of an argument
_PYTHON: dict[str, Json] = {"True": True, "False": False, "None": None}  # as the template has them


class Tagged(Format):
    """<tool_call>, <function=name>, then for each argument <parameter=name>, its value on lines of
    its own and </parameter>. Texts are bare, all else is JSON.
    """

    opening = "<tool_call>"
    markers = ("<tool_call>", "</tool_call>")

    def write(self, calls: Sequence[ToolCall]) -> str:
        """Raises Permanent for a text that has the end of an argument in it."""
        return "\n".join(_written_call(call) for call in calls)

    def _calls(self, lark: Lark, tools: Mapping[str, Tool], most: int) -> str:
        lark.rule(f"bare[suffix={quoted(END)}]", "/(?s:.*)/")
        one = lark.rule(
            "call", any_of(self._call(lark, n, t) for n, t in enumerate(tools.values()))
        )
        again = lark.spell(f"\n{self.opening}")
        more = f"({again} {one}){{0,{most - 1}}}" if most > 1 else ""
        return f"{one} {more}"

    def _call(self, lark: Lark, number: int, tool: Tool) -> str:
        schema = arguments_schema(tool)
        needed = required(schema)
        arguments = (
            f"{_argument(lark, f'value_{number}_{at}', name, part)}{'' if name in needed else '?'}"
            for at, (name, part) in enumerate(property_schemas(schema).items())
        )
        return " ".join((quoted(f"\n<function={tool.name}>\n"), *arguments, lark.spell(_CLOSE)))

    def _read(self, reader: Reader, tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
        calls: list[ToolCall] = []
        while not calls or reader.take("\n"):
            reader.expect(f"{self.opening}\n<function=")
            tool = tools[known(reader.until(">\n"), tools)]
            calls.append(ToolCall(tool.name, _read_arguments(reader, tool)))
            reader.expect(_CLOSE)
        return tuple(calls)


def _argument(lark: Lark, rule: str, name: str, schema: Mapping[str, Json]) -> str:
    if not _NAME.fullmatch(name):
        raise Permanent(f"the argument name {name[:80]!r} cannot be used with this model")
    begin, texts = f"<parameter={name}>\n", bare_texts(schema, END)
    if texts is None:
        return f"({quoted(begin)} {lark.json(rule, schema)} {quoted(END)})"
    if texts:
        return f"({any_of(quoted(f'{begin}{text}{END}') for text in texts)})"
    return f"({quoted(begin)} bare)"


def _read_arguments(reader: Reader, tool: Tool) -> dict[str, Json]:
    schemas = property_schemas(arguments_schema(tool))
    found: dict[str, Json] = {}
    while reader.take("<parameter="):
        name = reader.until(">\n")
        if name in found or name not in schemas:
            raise Mismatch(f"no argument can be named {name!r} here")
        found[name] = _value(reader.until(END), schemas[name])
    return found


def _value(text: str, schema: Mapping[str, Json]) -> Json:
    if bare_texts(schema, END) is not None:
        return text
    return _PYTHON[text] if text in _PYTHON else json_value(text)


def _written_call(call: ToolCall) -> str:
    arguments = "".join(
        f"<parameter={name}>\n{_written_value(value)}{END}"
        for name, value in call.arguments.items()
    )
    return f"<tool_call>\n<function={call.name}>\n{arguments}{_CLOSE}"


def _written_value(value: Json) -> str:
    text = value if isinstance(value, str) else written(value)
    if END in f"{text}{END[:-1]}":
        raise Permanent("a text with the end of an argument in it cannot be written for this model")
    return text
