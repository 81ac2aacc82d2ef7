"""A conversation as the text that the model was trained on, by the model's own chat template.

Templates differ in what they know. What one does not know is written into a message that it does
know: a system's text and the tools before the first words of the user, calls as the model would
write them, results as the user's words. Which it knows is found by rendering, not by its name.

Tokenize a prompt with begin=False and special=True: what the model wants at the beginning is in
the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import takewhile

from laresd.engines.llm.sandbox import compile_template
from laresd.engines.llm.tools.format import Format
from laresd.engines.llm.tools.recognise import format_of
from laresd.errors import LaresError, Permanent
from laresd.generation import Message, Role, Tool, ToolCall
from laresd.types import Json

TEMPLATE = "tokenizer.chat_template"  # the metadata of a GGUF
TOOL_TEMPLATE = "tokenizer.chat_template.tool_use"
A_DAY = date(2024, 7, 26)  # for templates that write the day: one that changes ends kept heads
EXAMPLES = ("a", "1")  # words of a user that have nothing in common

_THOUGHTS = {"<think>": ("\n\n</think>\n\n", "\n</think>\n\n"), "[THINK]": ("[/THINK]",) * 2}
_MARK = "Kornblume"  # a word that no template has of itself
_OTHER_MARK = "Sauerampfer"

Row = dict[str, Json]


class ChatTemplate:
    """One model's template.

    `begin`, `end`: how its first and last tokens are written ("" for none). `special`: its tokens
    that are not text, by how they are written (Constraints.special): where one is written in a
    message, it is broken by a blank, so that nobody's words end the message that they are in.

    Raises Permanent for a template that cannot be read.
    """

    def __init__(
        self, source: str, begin: str, end: str, special: Mapping[str, int] | None = None
    ) -> None:
        known = {name: token for name, token in (special or {}).items() if name}
        self.format: Format = format_of(source, known)
        self._source = source
        self._compiled = compile_template(source)
        self._given = {"bos_token": begin, "eos_token": end, "enable_thinking": False}
        names = sorted((name for name in known if len(name) > 1), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, names)) if names else r"(?!)")

    def render(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), *, today: date = A_DAY
    ) -> str:
        """The prompt, up to where the answer begins. A thought that the prompt begins is ended in
        it; where `thinks`, bind the answer by `format` to have none.

        `today`: the day that the template may write. Raises Refused where the template refuses the
        messages, with its words, and Permanent where it fails.
        """
        adapted = _with_ids([self._unspecial(message) for message in messages])
        if tools and not self._knows_tools:
            adapted = _with_system(adapted, self.format.describe(tools))
        if not self._knows_system:
            adapted = _without_system(adapted)
        if not self._knows_calls:
            adapted = _without_calls(adapted, self.format)
        rows = self._rows(adapted)
        return _ended(self._rendered(rows, tools if self._knows_tools else (), today))

    def head_of(
        self, first: Sequence[Message], tools: Sequence[Tool] = (), *, today: date = A_DAY
    ) -> str:
        """What every prompt begins with that has these first messages and then one of the user.

        As text: what two texts share need not be tokens that they share, since a token may have
        letters of both sides of the cut. Where tokens are wanted, cut by tokens: the head is what
        the tokens of the prompt and of `examples` have in common.
        """
        pairs = zip(*self.examples(first, tools, today=today), strict=False)
        return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def examples(
        self, first: Sequence[Message], tools: Sequence[Tool] = (), *, today: date = A_DAY
    ) -> list[str]:
        """Two prompts that differ from the user's first letter on."""
        return [
            self.render([*first, Message(Role.USER, words)], tools, today=today)
            for words in EXAMPLES
        ]

    @cached_property
    def thinks(self) -> bool:
        """Whether the model may begin its answer with a thought, whatever the prompt says."""
        marks = [(begin, end[0].strip()) for begin, end in _THOUGHTS.items()]
        tail = _ended(self._tried([self._user(_MARK)])).rpartition(_MARK)[2]
        return any(begin in self._source and end not in tail for begin, end in marks)

    @cached_property
    def _knows_system(self) -> bool:
        rows: list[Row] = [{"role": "system", "content": _MARK}, self._user(_OTHER_MARK)]
        return _MARK in self._tried(rows) or _MARK in self._tried(rows, [Tool("none", "", {})])

    @cached_property
    def _knows_tools(self) -> bool:
        return _MARK in self._tried([self._user(_OTHER_MARK)], [Tool(_MARK, "", {})])

    @cached_property
    def _knows_calls(self) -> bool:
        """Both calls and their results."""
        asked = Message(Role.USER, "?")
        called = Message(Role.ASSISTANT, "", (ToolCall(_MARK, {}),))
        rows = self._rows(_with_ids([asked, called, Message(Role.TOOL, _OTHER_MARK)]))
        shown = self._tried(rows, [Tool(_MARK + "s", "", {})] if self._knows_tools else [])
        return re.search(rf"{_MARK}\b", shown) is not None and _OTHER_MARK in shown

    @cached_property
    def _in_parts(self) -> bool:
        """Whether contents are lists of parts; so are those of models that see pictures."""
        whole: Row = {"role": "user", "content": _MARK}
        parts: Row = {"role": "user", "content": [{"type": "text", "text": _MARK}]}
        return _MARK not in self._tried([whole]) and _MARK in self._tried([parts])

    def _user(self, content: str) -> Row:
        return {"role": "user", "content": self._content(content)}

    def _content(self, content: str) -> Json:
        return [{"type": "text", "text": content}] if self._in_parts else content

    def _rows(self, messages: Sequence[Message]) -> list[Row]:
        names = {call.id: call.name for message in messages for call in message.calls}
        rows: list[Row] = []
        for message in messages:
            row: Row = {"role": str(message.role), "content": self._content(message.content)}
            if message.calls:
                row["tool_calls"] = [_call_row(call) for call in message.calls]
            if message.role is Role.TOOL:
                row |= {"tool_call_id": message.call, "name": names.get(message.call, "")}
            rows.append(row)
        return rows

    def _rendered(self, rows: Sequence[Row], tools: Sequence[Tool], today: date) -> str:
        variables: dict[str, object] = {
            **self._given,
            "messages": rows,
            "tools": [tool.definition() for tool in tools] or None,
            "add_generation_prompt": True,
        }
        return self._compiled.render(variables, today)

    def _tried(self, rows: Sequence[Row], tools: Sequence[Tool] = ()) -> str:
        """ "": the template will not have it."""
        try:
            return self._rendered(rows, tools, A_DAY)
        except LaresError:
            return ""

    def _unspecial(self, message: Message) -> Message:
        calls = tuple(
            replace(call, arguments={k: self._broken(v) for k, v in call.arguments.items()})
            for call in message.calls
        )
        return replace(message, content=self._broken_text(message.content), calls=calls)

    def _broken(self, value: Json) -> Json:
        if isinstance(value, str):
            return self._broken_text(value)
        if isinstance(value, list):
            return [self._broken(part) for part in value]
        if isinstance(value, dict):
            return {self._broken_text(key): self._broken(part) for key, part in value.items()}
        return value

    def _broken_text(self, text: str) -> str:
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def source_of(metadata: Callable[[str], str], *, tools: bool = False) -> str:
    """The chat template in a GGUF; of several, the one that is made for tools where they are asked
    for. `metadata` gives the value of a key, "" for none. Raises Permanent when there is none.
    """
    source = (metadata(TOOL_TEMPLATE) if tools else "") or metadata(TEMPLATE)
    if not source:
        raise Permanent(
            "the language model has no chat template: it cannot be talked to",
            remedy="take an instruct or chat version of it (lares models list)",
        )
    return source


def _ended(prompt: str) -> str:
    """The prompt with an empty thought where it ends in the beginning of one."""
    for begin, (in_line, on_next_line) in _THOUGHTS.items():
        if prompt.endswith(begin):
            return prompt + in_line
        if prompt.endswith(f"{begin}\n"):
            return prompt + on_next_line
    return prompt


def _with_ids(messages: Sequence[Message]) -> list[Message]:
    """Calls named by their place, with nine characters as Mistral's templates demand: ids that a
    caller made up would change a prompt that is otherwise the same.
    """
    names: dict[str, str] = {}
    waiting: list[str] = []
    found: list[Message] = []
    for message in messages:
        calls = []
        for call in message.calls:
            name = f"call{len(names):05d}"
            names[call.id or name] = name
            waiting.append(name)
            calls.append(replace(call, id=name))
        answered = message.call
        if message.role is Role.TOOL:
            answered = names.get(message.call, waiting[0] if waiting else "call00000")
            waiting = [name for name in waiting if name != answered]
        found.append(replace(message, calls=tuple(calls), call=answered))
    return found


def _with_system(messages: Sequence[Message], text: str) -> list[Message]:
    """With a text added to the system's message, which is the first."""
    if messages and messages[0].role is Role.SYSTEM:
        first = replace(messages[0], content=f"{messages[0].content}\n\n{text}")
        return [first, *messages[1:]]
    return [Message(Role.SYSTEM, text), *messages]


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """With what the system says before the first words of the user."""
    system = [message.content for message in messages if message.role is Role.SYSTEM]
    rest = [message for message in messages if message.role is not Role.SYSTEM]
    first = next((n for n, message in enumerate(rest) if message.role is Role.USER), None)
    if not system:
        return rest
    if first is None:
        return [Message(Role.USER, "\n\n".join(system)), *rest]
    rest[first] = replace(rest[first], content="\n\n".join([*system, rest[first].content]))
    return rest


def _without_calls(messages: Sequence[Message], form: Format) -> list[Message]:
    """With calls as the model writes them, and their results as words of the user."""
    found: list[Message] = []
    results: list[str] = []
    for message in [*messages, None]:
        if message is not None and message.role is Role.TOOL:
            results.append(f"<tool_response>\n{message.content}\n</tool_response>")
            continue
        if results:
            found.append(Message(Role.USER, "\n".join(results)))
            results = []
        if message is None:
            break
        said = [message.content] if message.content else []
        content = "\n".join([*said, form.write(message.calls)]) if message.calls else None
        found.append(message if content is None else Message(message.role, content))
    return found


def _call_row(call: ToolCall) -> Row:
    function: Row = {"name": call.name, "arguments": dict(call.arguments)}
    return {"type": "function", "id": call.id, "function": function}
