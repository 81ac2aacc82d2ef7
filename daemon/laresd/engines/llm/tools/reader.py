"""Reads what a model wrote, from left to right."""

from __future__ import annotations

import json
import re

from laresd.types import Json


class Mismatch(ValueError):
    """The text is not of the form."""


class Reader:
    """Raises Mismatch at what does not fit, and nothing else."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._text)

    def take(self, literal: str) -> bool:
        """Go past a text, if it is here."""
        here = self._text.startswith(literal, self._at)
        self._at += len(literal) if here else 0
        return here

    def expect(self, literal: str) -> None:
        if not self.take(literal):
            raise Mismatch(f"no {literal!r} at {self._at}")

    def until(self, literal: str) -> str:
        """What comes before a text, which is passed, too."""
        end = self._text.find(literal, self._at)
        if end < 0:
            raise Mismatch(f"no {literal!r} after {self._at}")
        found = self._text[self._at : end]
        self._at = end + len(literal)
        return found

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise Mismatch(f"nothing fits at {self._at}")
        self._at = found.end()
        return found.group()

    def object(self) -> dict[str, Json]:
        """A JSON object."""
        if not self._text.startswith("{", self._at):
            raise Mismatch(f"no object at {self._at}")
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except (ValueError, RecursionError) as error:
            raise Mismatch(str(error)) from error
        assert isinstance(value, dict)  # it begins with a brace
        return value


def json_value(text: str) -> Json:
    """Raises Mismatch."""
    try:
        value: Json = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise Mismatch(str(error)) from error
    return value


def _unambiguous(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_constant=_no_constant)
