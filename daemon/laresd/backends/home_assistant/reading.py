"""Values of Home Assistant's JSON with the types that are expected; the wrong type is nothing."""

from __future__ import annotations

from collections.abc import Mapping

from laresd.types import Json

Row = Mapping[str, Json]


def text(row: Row, key: str) -> str:
    value = row.get(key)
    return value.strip() if isinstance(value, str) else ""


def number(row: Row, key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def bits(row: Row, key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def texts(row: Row, key: str) -> tuple[str, ...]:
    value = row.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def row(value: Json) -> Row:
    return value if isinstance(value, dict) else {}


def rows(value: Json) -> list[Row]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
