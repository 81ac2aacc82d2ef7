"""From the nodes of a document, as the extraction library tells them, to Lares' blocks. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from laresd.documents import Block
from laresd.frames import Fields
from laresd.types import Json

WORKBOOKS = ("spreadsheet", "excel", "csv", "tab-separated")  # in a media type
PAGED = ("pdf", "presentation", "powerpoint", "image/")  # others tell pages that nobody sees
HEADING = 6  # the deepest level
EVERY_PAGE = 3  # pages from which a line that all of them have is theirs and not the document's
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[a-zäöüßàâéèêïôç])")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Node:
    """`content`: what the library says of it, with `node_type`."""

    content: Mapping[str, Json]
    page: int | None = None


def blocks_of(nodes: Sequence[Node], media_type: str) -> list[Block]:
    """In reading order, without what every page repeats."""
    paged = any(part in media_type for part in PAGED)
    found: list[Block] = []
    sheet = ""
    for node in nodes:
        for block in _blocks(node, paged, sheet, media_type):
            if block.level and _is_workbook(media_type):
                sheet = block.text
            found.append(block)
    return list(_without_repeated(found)) if paged else found


def _blocks(node: Node, paged: bool, sheet: str, media_type: str) -> Iterator[Block]:
    fields = Fields(node.content)
    page = node.page if paged else None
    kind = fields.text("node_type", "")
    if kind == "table":
        yield from _table(fields, page, sheet)
    elif kind in ("title", "heading"):
        text = _line(fields.text("text", ""))
        if text:
            level = 1 if kind == "title" else min(max(fields.integer("level", 1), 1), HEADING)
            yield Block(text, level, page)
    elif kind == "metadata_block":
        rows = [f"{row.text('key')}: {row.text('value')}" for row in fields.rows("entries")]
        yield Block("\n".join(rows), page=page)
    elif text := _text(kind, fields.text("text", "")):
        yield Block(text, page=page)


def _text(kind: str, text: str) -> str:
    """Lines of verse and code stay, lines of a paragraph flow."""
    if kind == "code":
        return text.strip("\n")
    flowing = "\n".join(_line(part) for part in _HYPHEN.sub("", text).split("\n\n"))
    text = flowing.strip()
    return f"- {text}" if kind == "list_item" and text else text


def _line(text: str) -> str:
    return " ".join(text.split())


def _table(fields: Fields, page: int | None, sheet: str) -> Iterator[Block]:
    grid = fields.row("grid") or Fields({})
    rows: dict[int, dict[int, str]] = {}
    for cell in grid.rows("cells"):
        text = _line(cell.text("content", ""))
        if text:
            rows.setdefault(cell.integer("row"), {})[cell.integer("col")] = text
    if not rows:
        return
    width = max(column for row in rows.values() for column in row) + 1
    lines = [
        " | ".join(row.get(column, "") for column in range(width)).rstrip(" |")
        for _, row in sorted(rows.items())
    ]
    cells = f"A{min(rows) + 1}:{column_name(width - 1)}{max(rows) + 1}"
    yield Block("\n".join(lines), page=page, sheet=sheet, cells=cells)


def column_name(number: int) -> str:
    """A to Z, AA, AB, ... from 0, as workbooks count them."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _without_repeated(blocks: Iterable[Block]) -> Iterator[Block]:
    """Not the lines that stand at the end or the beginning of most pages, page numbers apart."""
    blocks = list(blocks)
    pages: dict[int | None, list[Block]] = {}
    for block in blocks:
        pages.setdefault(block.page, []).append(block)
    edges = Counter(
        shape
        for page in pages.values()
        for shape in {_shape(block) for block in (page[0], page[-1]) if not block.level}
    )
    often = max(EVERY_PAGE, len(pages) * 0.6)
    repeated = {shape for shape, count in edges.items() if count >= often}
    for block in blocks:
        edge = block is pages[block.page][0] or block is pages[block.page][-1]
        if not (edge and _shape(block) in repeated):
            yield block


def _shape(block: Block) -> str:
    return _DIGITS.sub("#", block.text)


def _is_workbook(media_type: str) -> bool:
    return any(part in media_type for part in WORKBOOKS)
