"""A payload's JSON object, read by type. What is wrong raises BadRequest with the field's name.

Nothing of what was sent gets into a message: an error may end in a log.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from laresd.frontends.mqtt.faults import BadRequest
from laresd.types import Json

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def parse(payload: bytes) -> Fields | str:
    """The object, or plain text as it came, without white space around it."""
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the payload is not UTF-8 (byte {error.start})") from None
    if not text.startswith("{"):
        return text
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise _not_json("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise _not_json(f"{error.msg}, character {error.pos}") from None
    except ValueError:  # NaN, 1e999, a number of thousands of digits
        raise _not_json("it has a number that JSON has not") from None
    return Fields(value)


class Fields:
    """An object of the payload."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        self._values = values

    def only(self, *known: str) -> None:
        """Refuse fields that are not known: a misspelt deadline must not go unnoticed."""
        if unknown := [key for key in self._values if key not in known]:
            raise BadRequest(
                f"{len(unknown)} field(s) are not known here",
                remedy=f"known: {', '.join(known)}",
            )

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, *, most: int) -> str:
        """A text that says something, of at most so many characters; without white space around."""
        value = self._values.get(key)
        if not isinstance(value, str):
            self._wrong(key, "a text")
        return text_of(value, key, most=most)

    def optional(self, key: str, *, most: int) -> str:
        """As `text`; "" where there is none."""
        return self.text(key, most=most) if self.has(key) else ""

    def matching(self, key: str, pattern: re.Pattern[str], wanted: str) -> str:
        """A text of a form; "" where there is none."""
        if not self.has(key):
            return ""
        value = self._values[key]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._wrong(key, wanted)
        return value

    def word(self, key: str, words: Iterable[str], default: str = "") -> str:
        """One of the words; without a default the field must be there."""
        value, known = self._values.get(key, default), tuple(words)
        if not isinstance(value, str) or value not in known:
            self._wrong(key, f"one of {', '.join(known)}")
        return value

    def number(self, key: str, default: float, *, above: float, most: float) -> float:
        """A number over `above`, at most `most`."""
        value = self._values.get(key, default)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not above < value <= most:  # type: ignore[operator]  # it is a number
            self._wrong(key, f"a number over {above:g}, at most {most:g}")
        return float(value)  # type: ignore[arg-type]  # likewise

    def name(self, key: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        """A name of a form; a whole number is one, too."""
        value = self._values.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            value = str(value)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._wrong(key, wanted)
        return value

    def names(
        self, key: str, pattern: re.Pattern[str], wanted: str, *, most: int
    ) -> tuple[str, ...]:
        """A list of names of a form; empty where there is none."""
        if not self.has(key):
            return ()
        value = self._values[key]
        if not isinstance(value, list) or len(value) > most:
            self._wrong(key, f"a list of at most {most} names")
        found = tuple(name for name in value if isinstance(name, str) and pattern.fullmatch(name))
        if len(found) != len(value):
            self._wrong(key, f"a list of names, each {wanted}")
        return found

    def _wrong(self, key: str, wanted: str) -> NoReturn:
        if key not in self._values:
            raise BadRequest(f"`{key}` is missing: {wanted}")
        raise BadRequest(f"`{key}` must be {wanted}")


def text_of(value: str, key: str, *, most: int) -> str:
    """A text that may go on: it says something, and hides nothing."""
    if len(value) > most:
        raise BadRequest(f"`{key}` has {len(value)} characters: at most {most}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"`{key}` is not valid Unicode") from None
    if _CONTROL.search(value):
        raise BadRequest(f"`{key}` has control characters in it")
    if not (told := value.strip()):
        raise BadRequest(f"`{key}` is empty: 1 to {most} characters")
    return told


def _not_json(why: str) -> BadRequest:
    return BadRequest(
        f"the payload begins like JSON, but is not: {why}",
        remedy='send plain text, or an object such as {"text": "..."}',
    )


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError
