"""What Home Assistant adds to Jinja, as far as discovery payloads use it. Pure.

Named and behaving as Home Assistant's documentation says ("Templating"), with two differences: a
value that would make the text longer than MAX_TEXT is refused, and a regular expression that could
take long is. What needs Home Assistant's own states (`states`, `is_state`, areas) is not there.
"""

from __future__ import annotations

import base64
import json
import math
import re
import statistics
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any  # a template's values are whatever a device sent

MAX_TEXT = 64 * 1024  # characters, of anything that a template makes
MAX_PATTERN = 200
MAX_SUBJECT = 256  # characters that a regular expression looks at
MAX_WIDTH = 3  # digits of a width or precision in a format
MAX_REPEATS = 2  # unbounded repetitions in one regular expression

_MISSING: Any = object()
_QUANTIFIER = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\}|\{\d{2,}\})")


class TooMuchError(ValueError):
    """A template wants more than a device's value is worth."""


def bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise TooMuchError(f"{len(text)} characters are more than the {MAX_TEXT} allowed")
    return text


def joined(parts: Iterable[object], between: str = "", attribute: str | None = None) -> str:
    texts, size = [], 0
    for part in parts:
        value = part if attribute is None else _item(part, attribute)
        texts.append(str(value))
        size += len(texts[-1]) + len(between)
        if size > MAX_TEXT:
            raise TooMuchError("a text that is too long")
    return between.join(texts)


def _item(part: object, attribute: str) -> object:
    return part.get(attribute, "") if isinstance(part, Mapping) else ""


def replaced(text: object, old: str, new: str, count: int = -1) -> str:
    source = str(text)
    times = source.count(old) if count is None or count < 0 else min(source.count(old), count)
    if len(source) + times * len(new) > MAX_TEXT:
        raise TooMuchError("a text that is too long")
    return source.replace(old, new, -1 if count is None else count)


def checked_format(pattern: str) -> str:
    """A pattern of `%` or `format` that cannot ask for a text of a gigabyte."""
    if re.search(rf"\d{{{MAX_WIDTH + 1},}}", pattern) or "*" in pattern:
        raise TooMuchError("a width in a format that is too large")
    if re.search(r"\{[^{}]*\{", pattern.replace("{{", "")):
        raise TooMuchError("a width in a format that is computed")
    return bounded(pattern)


def percent_format(pattern: object, *values: object, **named: object) -> str:
    return checked_format(str(pattern)) % (named or values)


def centred(text: object, width: int = 80) -> str:
    return str(text).center(min(int(width), MAX_TEXT))


def number(value: Any, default: Any = _MISSING) -> Any:
    """`float` as filter and function: without a default, what is no number ends the template."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a number") from None
        return default
    return found


def whole(value: Any, default: Any = _MISSING, base: int = 10) -> Any:
    """`int`, with the rules of `number`."""
    try:
        if isinstance(value, str) and (base != 10 or not re.search(r"[.eE]", value)):
            return int(value[:64], base)
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a whole number") from None
        return default


def rounded(value: Any, precision: int = 0, method: str = "common", default: Any = _MISSING) -> Any:
    try:
        exact = float(value)
        scale = 10.0 ** min(max(int(precision), -12), 12)
        ways: Mapping[str, Callable[[], float]] = {
            "ceil": lambda: math.ceil(exact * scale) / scale,
            "floor": lambda: math.floor(exact * scale) / scale,
            "half": lambda: round(exact * 2) / 2,
        }
        result = ways.get(method, lambda: round(exact, int(precision)))()
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} cannot be rounded") from None
        return default
    return int(result) if precision == 0 and method != "half" else result


def truth(value: Any, default: Any = _MISSING) -> Any:
    words = {"1": True, "true": True, "yes": True, "on": True, "enable": True}
    words |= {"0": False, "false": False, "no": False, "off": False, "disable": False}
    if isinstance(value, (bool, int, float)):
        return bool(value)
    known = words.get(str(value).strip().lower())
    if known is None:
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is neither true nor false")
        return default
    return known


def is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def iif(value: Any, yes: Any = True, no: Any = False, none: Any = _MISSING) -> Any:
    if value is None and none is not _MISSING:
        return none
    return yes if value else no


def from_json(value: Any, default: Any = _MISSING) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError, RecursionError):
        if default is _MISSING:
            raise ValueError("it is not JSON") from None
        return default


def to_json(value: Any, *, pretty_print: bool = False, sort_keys: bool = False, **_: Any) -> str:
    indent = 2 if pretty_print else None
    return bounded(json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, indent=indent))


def pattern(source: str, *, ignorecase: bool = False) -> re.Pattern[str]:
    """A regular expression that ends soon whatever it meets: few repetitions, none in another."""
    if len(source) > MAX_PATTERN:
        raise TooMuchError(f"a regular expression of {len(source)} characters")
    repeats = _QUANTIFIER.findall(re.sub(r"\[(?:\\.|[^\]])*\]", "x", source))
    grouped = re.search(r"\)(?:[*+]|\{)", re.sub(r"\\.", "x", source))
    if len(repeats) > MAX_REPEATS or grouped or re.search(r"\(\?[^:ims]", source):
        raise TooMuchError("a regular expression that could take long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(source, re.IGNORECASE if ignorecase else 0)
        except (re.error, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from error


def regex_match(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return pattern(find, ignorecase=ignorecase).match(str(value)[:MAX_SUBJECT]) is not None


def regex_search(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return pattern(find, ignorecase=ignorecase).search(str(value)[:MAX_SUBJECT]) is not None


def regex_replace(
    value: Any = "", find: str = "", replace: str = "", ignorecase: bool = False
) -> str:
    made = pattern(find, ignorecase=ignorecase).sub(replace[:MAX_PATTERN], str(value)[:MAX_SUBJECT])
    return bounded(made)


def regex_findall(value: Any, find: str = "", ignorecase: bool = False) -> list[Any]:
    return pattern(find, ignorecase=ignorecase).findall(str(value)[:MAX_SUBJECT])


def regex_findall_index(
    value: Any, find: str = "", index: int = 0, ignorecase: bool = False
) -> Any:
    return regex_findall(value, find, ignorecase)[index]


def as_timestamp(value: Any, default: Any = _MISSING) -> Any:
    found = as_datetime(value, None)
    if found is None:
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a time")
        return default
    return found.timestamp()


def as_datetime(value: Any, default: Any = _MISSING) -> Any:
    if isinstance(value, datetime):
        return value
    try:
        if is_number(value):
            return datetime.fromtimestamp(float(value), UTC)
        found = datetime.fromisoformat(str(value)[:40])
    except (ValueError, OverflowError, OSError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a time") from None
        return default
    return found if found.tzinfo else found.astimezone()


def strptime(text: Any, form: str, default: Any = _MISSING) -> Any:
    try:
        return datetime.strptime(str(text)[:64], form[:64])  # the form says the zone
    except ValueError:
        if default is _MISSING:
            raise
        return default


def timestamp_custom(value: Any, form: str = "%Y-%m-%d %H:%M:%S", local: bool = True) -> str:
    moment = datetime.fromtimestamp(float(value), UTC)
    return bounded((moment.astimezone() if local else moment).strftime(checked_format(form[:64])))


def timestamp_local(value: Any) -> str:
    return datetime.fromtimestamp(float(value), UTC).astimezone().isoformat()


def timestamp_utc(value: Any) -> str:
    return datetime.fromtimestamp(float(value), UTC).isoformat()


def now() -> datetime:
    return datetime.now(UTC).astimezone()


def utcnow() -> datetime:
    return datetime.now(UTC)


def slugify(text: Any, separator: str = "_") -> str:
    return re.sub(r"\W+", separator[:4], str(text)[:MAX_SUBJECT].casefold()).strip(separator)


def multiply(value: Any, by: Any, default: Any = _MISSING) -> Any:
    try:
        return float(value) * by
    except (TypeError, ValueError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a number") from None
        return default


def add(value: Any, what: Any, default: Any = _MISSING) -> Any:
    try:
        return float(value) + what
    except (TypeError, ValueError):
        if default is _MISSING:
            raise ValueError(f"{str(value)[:40]!r} is not a number") from None
        return default


def average(*values: Any) -> float:
    given = values[0] if len(values) == 1 and not is_number(values[0]) else values
    return statistics.fmean([float(item) for item in given])


def decoded(text: Any) -> str:
    return base64.b64decode(str(text)[:MAX_TEXT], validate=False).decode("utf-8", "replace")


def encoded(text: Any) -> str:
    return base64.b64encode(bounded(str(text)).encode()).decode()


def contains(group: Any, item: Any) -> bool:
    return item in group


FILTERS: Mapping[str, Callable[..., Any]] = {
    "add": add,
    "as_datetime": as_datetime,
    "as_timestamp": as_timestamp,
    "average": average,
    "base64_decode": decoded,
    "base64_encode": encoded,
    "bitwise_and": lambda value, other: int(value) & int(other),
    "bitwise_or": lambda value, other: int(value) | int(other),
    "bitwise_xor": lambda value, other: int(value) ^ int(other),
    "bool": truth,
    "center": centred,
    "contains": contains,
    "float": number,
    "format": percent_format,
    "from_json": from_json,
    "iif": iif,
    "int": whole,
    "is_number": is_number,
    "join": joined,
    "multiply": multiply,
    "ord": ord,
    "regex_findall": regex_findall,
    "regex_findall_index": regex_findall_index,
    "regex_match": regex_match,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "replace": replaced,
    "round": rounded,
    "slugify": slugify,
    "sqrt": lambda value: math.sqrt(float(value)),
    "timestamp_custom": timestamp_custom,
    "timestamp_local": timestamp_local,
    "timestamp_utc": timestamp_utc,
    "to_json": to_json,
    "tojson": to_json,
}
GLOBALS: Mapping[str, Callable[..., Any]] = {
    "as_datetime": as_datetime,
    "as_timestamp": as_timestamp,
    "average": average,
    "bool": truth,
    "float": number,
    "iif": iif,
    "int": whole,
    "is_number": is_number,
    "max": max,
    "min": min,
    "now": now,
    "strptime": strptime,
    "timedelta": timedelta,
    "utcnow": utcnow,
}
TESTS: Mapping[str, Callable[..., Any]] = {
    "contains": contains,
    "is_number": is_number,
    "list": lambda value: isinstance(value, list),
    "match": regex_match,
    "search": regex_search,
}
# Jinja's own that make no text much longer than what they are given
HARMLESS = frozenset(
    {
        *("abs", "attr", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape"),
        *("first", "forceescape", "groupby", "items", "last", "length", "list", "lower", "map"),
        *("max", "min", "random", "reject", "rejectattr", "reverse", "safe", "select"),
        *("selectattr", "slice", "sort", "string", "striptags", "sum", "title", "trim"),
        *("truncate", "unique", "upper", "urlencode", "wordcount"),
    }
)
METHODS = frozenset(  # of texts: none of them makes one longer
    {
        *("capitalize", "casefold", "count", "endswith", "find", "format", "index", "isalnum"),
        *("isalpha", "isdecimal", "isdigit", "isnumeric", "isspace", "join", "lower", "lstrip"),
        *("partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition"),
        *("rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title"),
        "upper",
    }
)
