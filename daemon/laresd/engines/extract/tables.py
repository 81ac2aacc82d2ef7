"""A table as a block of lines: cells with " | " between them, the first row first. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from laresd.documents import Block


def table_block(
    rows: Mapping[int, Mapping[int, str]], page: int | None = None, sheet: str = ""
) -> Block | None:
    """`rows` and their cells by number from 0. None when all are empty."""
    filled = {
        number: {column: text for column, text in row.items() if text}
        for number, row in sorted(rows.items())
    }
    filled = {number: row for number, row in filled.items() if row}
    if not filled:
        return None
    width = max(max(row) for row in filled.values()) + 1
    lines = [
        " | ".join(row.get(column, "") for column in range(min(width, max(row) + 1)))
        for row in filled.values()
    ]
    cells = f"A{min(filled) + 1}:{column_name(width - 1)}{max(filled) + 1}"
    return Block("\n".join(lines), page=page, sheet=sheet, cells=cells)


def column_name(number: int) -> str:
    """A to Z, AA, AB, ... from 0, as workbooks count them."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
