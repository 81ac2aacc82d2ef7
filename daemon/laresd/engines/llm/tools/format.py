"""How a family of models writes its calls: the parts that all families have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from laresd.engines.llm.tools.lark import Lark
from laresd.engines.llm.tools.reader import Mismatch, Reader
from laresd.engines.llm.tools.tool import Parsed, by_name
from laresd.errors import Permanent
from laresd.generation import AnswerGrammar, Choice, Tool, ToolCall
from laresd.types import Json

MAX_CALLS = 8  # in one answer


class Format(ABC):
    """One family's form.

    `special`: the model's tokens that are not text (Constraints.special).
    `opening`: what the first call begins with.
    `markers`: parts of the form that are single tokens in the family's own vocabularies.
    """

    opening: str
    markers: tuple[str, ...] = ()
    most = MAX_CALLS  # that the family can write

    def __init__(self, special: Mapping[str, int]) -> None:
        self._special = special

    @property
    def shown(self) -> dict[int, str]:
        """The tokens that `parse` must see as this text, though they may be control tokens, which
        add nothing to an answer's text of themselves.
        """
        return {self._special[mark]: mark for mark in self.markers if mark in self._special}

    def grammar(
        self, tools: Sequence[Tool], choice: Choice, most: int = MAX_CALLS
    ) -> AnswerGrammar:
        """The answers that are calls of these tools (`most` at most), with arguments as their
        schemas have them; with Choice.AUTO also those that are words, before calls or alone.
        Words have no thought in them.

        Raises Permanent for tools that cannot be written so.
        """
        lark = Lark(self._special, self.markers)
        calls = self._calls(lark, by_name(tools), max(1, min(most, self.most)))
        lark.rule("start", self._start(lark, calls, choice))
        return lark.grammar()

    def words(self) -> AnswerGrammar:
        """Answers in words, with no thought in them."""
        lark = Lark(self._special, ())
        lark.rule("start", lark.words())
        return lark.grammar()

    def parse(self, text: str, tools: Sequence[Tool]) -> Parsed:
        """The calls of an answer: each names one of the tools and has an object of arguments,
        which was held to the schema only where the answer was bound by `grammar`.

        What is not exactly of the form is words, all of it: half a call is none.
        """
        start = text.find(self.opening)
        if start < 0:
            return Parsed(text)
        reader = Reader(text[start:])
        try:
            calls = self._read(reader, {tool.name: tool for tool in tools})
        except Mismatch:
            return Parsed(text)
        return Parsed(text[:start], calls) if reader.at_end else Parsed(text)

    @abstractmethod
    def write(self, calls: Sequence[ToolCall]) -> str:
        """As the model writes them, for `parse`."""

    def describe(self, tools: Sequence[Tool]) -> str:
        """For the system's message of a model whose chat template knows nothing of tools."""
        example = self.write([ToolCall("the_name", {"an_argument": "its value"})])
        listed = "\n".join(written(tool.definition()["function"]) for tool in tools)
        return (
            "You can call these functions. Each line is one: its name, what it does, and the JSON"
            f" Schema of its arguments.\n{listed}\n"
            f"To call one, answer with nothing but the call, in this form:\n{example}"
        )

    @abstractmethod
    def _calls(self, lark: Lark, tools: Mapping[str, Tool], most: int) -> str:
        """A rule body: what follows on `opening`, to the end of the last call."""

    @abstractmethod
    def _read(self, reader: Reader, tools: Mapping[str, Tool]) -> tuple[ToolCall, ...]:
        """All calls, from `opening` on. Raises Mismatch."""

    def _start(self, lark: Lark, calls: str, choice: Choice) -> str:
        if choice is Choice.REQUIRED:
            return f"{lark.spell(self.opening)} {calls}"
        if lark.is_token(self.opening):
            return f"{lark.words()} | WORDS? {lark.spell(self.opening)} {calls}"
        return f"{lark.words()} | {lark.words_until(self.opening)} {calls}"


def written(value: Json) -> str:
    """JSON as chat templates write it."""
    return json.dumps(value, ensure_ascii=False)


def known(name: Json, tools: Mapping[str, Tool]) -> str:
    """Raises Mismatch."""
    if not isinstance(name, str) or name not in tools:
        raise Mismatch("no tool has this name")
    return name


def single(calls: Sequence[ToolCall]) -> ToolCall:
    """Raises Permanent for more than one, which the family has no form for."""
    if len(calls) != 1:
        raise Permanent(f"this language model makes one call at a time, not {len(calls)}")
    return calls[0]
