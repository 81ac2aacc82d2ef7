"""What a host's JSON says, where it may lack anything: a wrong type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from laresd.types import Json

NOTHING: Mapping[str, Json] = {}


def an_object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else NOTHING


def a_list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()


def text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def count(value: Json) -> int:
    """A whole number from 0 up; 0 for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and value > 0 else 0


def tokens(value: Json) -> tuple[int, ...]:
    """Token ids; none where one of them is no number."""
    ids = [n for n in a_list(value) if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
    return tuple(ids) if len(ids) == len(a_list(value)) else ()


def objects(value: Json) -> list[Mapping[str, Json]]:
    """Those in a list."""
    return [item for item in a_list(value) if isinstance(item, dict)]


def find(rows: Sequence[Mapping[str, Json]], key: str, wanted: str) -> Mapping[str, Json]:
    """The object whose `key` is `wanted`; an empty one where there is none."""
    return next((row for row in rows if row.get(key) == wanted), NOTHING)
