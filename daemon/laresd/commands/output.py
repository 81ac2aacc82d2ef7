"""What every command prints: JSON for programs, tables for people."""

from __future__ import annotations

import json
from collections.abc import Sequence

from laresd.types import Json


def print_json(value: Json) -> None:
    """The last thing on standard output: one object."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, two spaces apart; the last one as it is."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]
