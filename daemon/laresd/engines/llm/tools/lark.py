"""Writes the rules of a grammar in llguidance's Lark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from laresd.engines.llm.tools.schema import spaced
from laresd.generation import AnswerGrammar, GrammarKind
from laresd.types import Json

THOUGHTS = ("<think>", "[THINK]")  # what the models begin a thought with


class Lark:
    """One grammar. `special`: the ids of the tokens that are not text, by how they are written;
    where one of `markers` is among them, it is that token that the answer must have.
    """

    def __init__(self, special: Mapping[str, int], markers: Iterable[str]) -> None:
        self._tokens = {marker: special[marker] for marker in markers if marker in special}
        thoughts = [mark for mark in THOUGHTS if mark not in special]
        self._thought = "|".join(re.escape(mark) for mark in thoughts)
        self._rules: list[str] = []

    def rule(self, name: str, body: str) -> str:
        """Returns the name."""
        self._rules.append(f"{name}: {body}")
        return name

    def spell(self, text: str) -> str:
        """Exactly this text, its markers being tokens where they are."""
        marks = "|".join(re.escape(marker) for marker in self._tokens)
        parts = re.split(f"({marks})", text) if marks else [text]
        return " ".join(self._spelled(part) for part in parts if part)

    def is_token(self, text: str) -> bool:
        return text in self._tokens

    def json(self, name: str, schema: Mapping[str, Json]) -> str:
        return self.rule(name, f"%json {json.dumps(spaced(schema), ensure_ascii=False)}")

    def words(self, *, first: str = "(?s:.)") -> str:
        """Text that has no thought in it. `first`: what it begins with, as a regular expression."""
        return self.rule("WORDS", f"/{first}(?s:.*)/{self._no_thought()}")

    def words_until(self, text: str) -> str:
        """Text without thoughts, or none, and what ends it."""
        self.rule("BEFORE", f"/(?s:.*)/{self._no_thought()}")
        return self.rule("opened[lazy]", f"BEFORE {quoted(text)}") and "opened"

    def grammar(self) -> AnswerGrammar:
        return AnswerGrammar(GrammarKind.LARK, "\n".join(self._rules))

    def _spelled(self, part: str) -> str:
        return f"<[{self._tokens[part]}]>" if part in self._tokens else quoted(part)

    def _no_thought(self) -> str:
        return f" & ~/(?s:.*)({self._thought})(?s:.*)/" if self._thought else ""


def quoted(text: str) -> str:
    """A text in quotes, as Lark has it."""
    return json.dumps(text, ensure_ascii=False)


def any_of(alternatives: Iterable[str]) -> str:
    return "(" + " | ".join(alternatives) + ")"
