"""A request's body, read by type. What is wrong raises Rejected with the field's name as `param`.

A field that is null is one that is not there, as OpenAI has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import NoReturn

from laresd.frontends.http.faults import Rejected
from laresd.types import Json

MAX_DEPTH = 64  # lists and objects inside each other


def parse(raw: bytes, param: str = "") -> Body:
    """The JSON object in `raw`, the body or that field of it. Raises Rejected for anything else,
    too deep a nesting, and numbers that JSON does not have.
    """
    what = repr(param) if param else "the body"
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise _too_deep(what, param) from None
    except ValueError as error:  # bad UTF-8, bad JSON, a number of thousands of digits
        raise Rejected(
            f"{what} is not JSON: {_told(error)}", code="invalid_json", param=param
        ) from None
    if not isinstance(value, dict):
        raise Rejected(f"{what} must be a JSON object", code="invalid_json", param=param)
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return Body(value)
    raise _too_deep(what, param)


class Body:
    """An object of the request. `at`: where it stands in it, for the names of its fields."""

    def __init__(self, values: Mapping[str, Json], at: str = "") -> None:
        self._values = values
        self._at = at

    def name(self, key: str) -> str:
        return f"{self._at}.{key}" if self._at else key

    @property
    def values(self) -> Mapping[str, Json]:
        """All of it, as it is."""
        return self._values

    def get(self, key: str) -> Json:
        """The value as it is; None where there is none."""
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Without a default the field must be there."""
        value = self.get(key)
        if value is None:
            return self.missing(key) if default is None else default
        return checked_text(value, self.name(key))

    def word(self, key: str, words: Iterable[str], default: str | None = None) -> str:
        """One of the words."""
        value, known = self.text(key, default), tuple(words)
        if value not in (*known, default):
            self.wrong(key, f"one of {', '.join(known)}")
        return value

    def integer(self, key: str, default: int, *, least: int, most: int) -> int:
        """A whole number; 5.0 is one, as in JSON Schema."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.wrong(key, f"a whole number from {least} to {most}")
        return value

    def real(self, key: str, default: float, *, least: float, most: float) -> float:
        value = self.get(key)
        if value is None:
            return default
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not least <= value <= most:  # type: ignore[operator]  # it is a number
            self.wrong(key, f"a number from {least:g} to {most:g}")
        return float(value)  # type: ignore[arg-type]  # likewise

    def flag(self, key: str, default: bool) -> bool:
        value = self.get(key)
        if value is None:
            return default
        return value if isinstance(value, bool) else self.wrong(key, "true or false")

    def row(self, key: str) -> Body | None:
        """An object; None where there is none."""
        value = self.get(key)
        if value is None:
            return None
        return Body(self._object(key, value), self.name(key))

    def mapping(self, key: str) -> Mapping[str, Json]:
        """An object as it is; empty where there is none."""
        value = self.get(key)
        return {} if value is None else self._object(key, value)

    def rows(self, key: str) -> list[Body]:
        """A list of objects; empty where there is none."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "a list of objects")
        found: list[Body] = []
        for number, item in enumerate(value):
            at = f"{self.name(key)}[{number}]"
            if not isinstance(item, dict):
                raise wrong(at, "an object", item)
            found.append(Body(item, at))
        return found

    def missing(self, key: str) -> NoReturn:
        name = self.name(key)
        raise Rejected(f"{name!r} is missing", code="missing_required_parameter", param=name)

    def wrong(self, key: str, wanted: str) -> NoReturn:
        raise wrong(self.name(key), wanted, self.get(key))

    def unsupported(self, key: str, why: str, remedy: str = "") -> NoReturn:
        """For what OpenAI has and Lares has not, where to ignore it would change the answer."""
        name = self.name(key)
        raise Rejected(why, code="unsupported_parameter", param=name, remedy=remedy)

    def _object(self, key: str, value: Json) -> Mapping[str, Json]:
        return value if isinstance(value, dict) else self.wrong(key, "an object")


def checked_text(value: Json, name: str) -> str:
    """Raises Rejected for what is no text, and for text with half a surrogate pair in it."""
    if not isinstance(value, str):
        raise wrong(name, "a text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Rejected(f"{name!r} is not valid Unicode", param=name) from None
    return value


def wrong(name: str, wanted: str, value: Json) -> Rejected:
    return Rejected(
        f"{name!r} must be {wanted}, not {_shown(value)}", code="invalid_type", param=name
    )


def _shown(value: Json) -> str:
    """A value in an error: short, and never a whole text of somebody."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return f"{value!r}"[:40]


def _children(node: Json) -> Iterable[Json]:
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return (item for item in items if isinstance(item, (dict, list)))


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits[:40])


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _told(error: ValueError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:120]


def _too_deep(what: str, param: str) -> Rejected:
    return Rejected(f"{what} is nested deeper than {MAX_DEPTH}", code="invalid_json", param=param)
