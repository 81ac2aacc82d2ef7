"""What a language model is asked, and what it says: messages, tools, grammars, pieces."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from laresd.errors import Permanent
from laresd.jobs import ANYWHERE, Routing
from laresd.types import Json, Priority

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Role(StrEnum):
    """Who says it; `TOOL`: what a call returned."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


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


class Choice(StrEnum):
    """Whether an answer must be a call."""

    AUTO = "auto"  # words, or words and then calls, or calls
    REQUIRED = "required"  # calls and nothing else


@dataclass(frozen=True, slots=True)
class Message:
    """`calls`: of the assistant. `call`: the id of the call that a tool's message answers; "": the
    first that was not answered yet.
    """

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    call: str = ""


class GrammarKind(StrEnum):
    """The language that the grammar of an answer is written in."""

    JSON_SCHEMA = "json_schema"
    REGEX = "regex"
    LARK = "lark"  # llguidance's dialect of Lark
    GBNF = "gbnf"  # llama.cpp's


@dataclass(frozen=True, slots=True)
class AnswerGrammar:
    """What an answer may be, as text in one of the languages of `GrammarKind`. `gbnf`: the same in
    llama.cpp's language, for hosts that do not know the other; "": it is not told.
    """

    kind: GrammarKind
    text: str
    gbnf: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """The languages that it is told in, as words."""
        return frozenset({str(self.kind), *([str(GrammarKind.GBNF)] if self.gbnf else [])})

    def known_to(self, kinds: Collection[str]) -> AnswerGrammar:
        """In a language that an engine with these kinds knows, where it is told in one."""
        if str(self.kind) in kinds or not self.gbnf:
            return self
        return AnswerGrammar(GrammarKind.GBNF, self.gbnf)


@dataclass(frozen=True, slots=True)
class Said:
    """The part of an answer that is there already and is gone on from, whoever computed it.

    `text` is what was shown of it. `tokens`: its ids, where they are known and are those of the
    model that goes on; they may be ahead of the text, of which some can be held back.
    """

    text: str = ""
    tokens: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.tokens)


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True)
class Generation:
    """What a language model is asked for.

    `messages`, or `prompt`: plain text to go on from, for which there are no messages then. `ids`:
    the rendered prompt as tokens of the local model, for a host that has the same one.
    `grammar` None: free text. Greedy at `temperature` 0; else the same for the same `seed`.
    `max_tokens`: of the whole answer, with what is `said`. `adapter`: the name of one in the
    configuration, "" for the model as it is. With `tools` the calls come with the ending.
    """

    messages: tuple[Message, ...] = ()
    grammar: AnswerGrammar | None = None
    max_tokens: int = 128
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    priority: Priority = Priority.INTERACTIVE
    adapter: str = ""
    tools: tuple[Tool, ...] = ()
    choice: Choice = Choice.AUTO
    max_calls: int = 8
    seed: int = 0
    prompt: str = ""
    ids: tuple[int, ...] = ()
    said: Said = NOTHING_SAID
    routing: Routing = ANYWHERE


LOCAL = "this box"  # who computed it, where that was no host


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended and what it cost, in tokens; `cached_tokens` of the prompt were not
    computed for it. `where` and `why`: who computed the last of it, and for what reason there.
    """

    finish: Finish
    calls: tuple[ToolCall, ...] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    where: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What follows of an answer. `tokens`: those that became known with it, where the engine tells.
    Exactly one piece, the last, has an `ending`.
    """

    text: str = ""
    tokens: tuple[int, ...] = ()
    ending: Ending | None = None
