"""From the nodes of a document, as the extraction library tells them, to Lares' blocks. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from laresd.documents import Block
from laresd.engines.extract.tables import table_block
from laresd.frames import Fields
from laresd.types import Json

WORKBOOKS = ("spreadsheet", "excel", "csv", "tab-separated")  # in a media type
SLIDES = ("presentation", "powerpoint")
PICTURES = ("image/",)
PAGED = ("pdf", *SLIDES, *PICTURES)  # others tell pages that nobody sees
HEADING = 6  # the deepest level
EVERY_PAGE = 3  # pages from which a line that all of them have is theirs and not the document's
EDGE = 150  # characters of such a line, at most
WRAPPED = 50  # characters from which a line of a text file was broken for its length

_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[a-zäöüßàâéèêïôç])")
_COMPOUND = re.compile(r"(?<=[^\W\d_]{2})-\s(?=[A-ZÄÖÜ][a-zäöüß])")  # "E-Mail- Adresse"
_CJK = "\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff00-\uffef"
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])[ \n]+(?=[{_CJK}])")
_POINT = re.compile(r"\s*(?:[-*•–]|\d{1,3}[.)])\s")
_SENTENCE = re.compile(r"[.!?:;。！？；：][\"'”’»)\]」』）]*(?=\s|$)|[。！？；][”’」』）]*")
_DIGITS = re.compile(r"\d+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VALUES = re.compile(r'(?:String\("((?:[^"\\]|\\.)*)"\)|Number\(([^)]*)\))')


@dataclass(frozen=True, slots=True)
class Node:
    """`content`: what the library says of it, with `node_type`. `parent`: the number of another."""

    content: Mapping[str, Json]
    page: int | None = None
    parent: int | None = None


def blocks_of(nodes: Sequence[Node], media_type: str) -> list[Block]:
    """In reading order, without what every page repeats."""
    paged = is_any(media_type, PAGED)
    found: list[Block] = []
    sheet = ""
    for at, node in enumerate(nodes):
        fields = Fields(node.content)
        page = node.page if paged else None
        kind = fields.text("node_type", "")
        if kind == "list" and not _depth(nodes, at):
            found += _list(nodes, at, page)
        elif not (kind in ("list", "list_item") and _depth(nodes, at)):
            for block in _blocks(fields, kind, page, sheet, media_type):
                if block.level and is_any(media_type, WORKBOOKS):
                    sheet = block.text
                found.append(block)
    if is_any(media_type, PICTURES):  # letters of a picture have no size to tell headings by
        found = [replace(block, level=0, page=block.page or 1) for block in found]
    if is_any(media_type, SLIDES):
        found = list(_told_titles(found))
    if not paged:
        return found
    return list(_over_pages(_mended(block) for block in _without_repeated(found)))


def is_any(media_type: str, parts: Sequence[str]) -> bool:
    return any(part in media_type for part in parts)


def _blocks(
    fields: Fields, kind: str, page: int | None, sheet: str, media_type: str
) -> Iterator[Block]:
    if kind == "table":
        if (table := _table(fields, page, sheet)) is not None:
            yield table
    elif kind in ("title", "heading"):
        if text := _line(fields.text("text", "")):
            level = 1 if kind == "title" else min(max(fields.integer("level", 1), 1), HEADING)
            yield Block(text, level, page)
    elif kind == "metadata_block":
        rows = [f"{row.text('key')}: {_value(row.text('value'))}" for row in fields.rows("entries")]
        yield Block("\n".join(rows), page=page)
    elif kind == "definition_item":
        yield Block(_line(f"{fields.text('term', '')}: {fields.text('definition', '')}"), page=page)
    elif text := _text(kind, fields.text("text", ""), media_type):
        yield Block(text, page=page)


def _value(text: str) -> str:
    """Of front matter, where the library writes lists as its own language does."""
    if not text.startswith(("Sequence [", "Mapping {")):
        return text
    return ", ".join(string or number for string, number in _VALUES.findall(text))


def _text(kind: str, text: str, media_type: str) -> str:
    """Lines of verse, lists and code stay, lines of a paragraph flow."""
    text = _CONTROL.sub(" ", text)
    if kind == "code":
        return text.strip("\n")
    text = _HYPHEN.sub("", text)
    if media_type == "text/plain" and not _is_wrapped(text):
        return "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))
    return "\n".join(_line(part) for part in text.split("\n\n")).strip()


def _is_wrapped(text: str) -> bool:
    """Whether its lines were broken because they were full."""
    *lines, last = text.strip().split("\n")
    long = all(len(line) >= WRAPPED for line in lines)
    return long and not any(_POINT.match(line) for line in (*lines[1:], last) if lines)


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _depth(nodes: Sequence[Node], at: int) -> int:
    """How many lists it stands in."""
    depth, parent = 0, nodes[at].parent
    while parent is not None and parent < at and depth <= HEADING:
        depth += Fields(nodes[parent].content).text("node_type", "") == "list"
        at, parent = parent, nodes[parent].parent
    return depth


def _list(nodes: Sequence[Node], start: int, page: int | None) -> Iterator[Block]:
    """All of its points as one block, those within points indented."""
    lines: list[str] = []
    counts: Counter[int] = Counter()
    for at in range(start + 1, len(nodes)):
        depth, parent = _depth(nodes, at), nodes[at].parent
        if not depth or parent is None:
            break
        fields = Fields(nodes[at].content)
        text = _line(fields.text("text", ""))
        if fields.text("node_type", "") != "list_item" or not text:
            continue
        counts[parent] += 1
        ordered = Fields(nodes[parent].content).flag("ordered", False)
        lines.append("  " * (depth - 1) + (f"{counts[parent]}. " if ordered else "- ") + text)
    if lines:
        yield Block("\n".join(lines), page=page)


def _table(fields: Fields, page: int | None, sheet: str) -> Block | None:
    grid = fields.row("grid") or Fields({})
    rows: dict[int, dict[int, str]] = {}
    for cell in grid.rows("cells"):
        row = rows.setdefault(cell.integer("row"), {})
        row[cell.integer("col")] = _line(cell.text("content", ""))
    return table_block(rows, page, sheet)


def _told_titles(blocks: Sequence[Block]) -> Iterator[Block]:
    """The title of a slide that says nothing else is what it says."""
    with_text = {block.page for block in blocks if not (block.level or block.cells)}
    for block in blocks:
        yield block if block.page in with_text else replace(block, level=0)


def _mended(block: Block) -> Block:
    """What was cut by the end of a line, or set apart by reading letter for letter."""
    text = _BETWEEN_CJK.sub("", block.text) if not block.cells else block.text
    return replace(block, text=_COMPOUND.sub("-", text))


def _over_pages(blocks: Iterable[Block]) -> Iterator[Block]:
    """The end of a sentence stands on the page on which the sentence began."""
    last: Block | None = None
    for block in blocks:
        rest = block
        if last is not None:
            if _goes_on(last, block):
                end = _SENTENCE.search(block.text)
                cut = end.end() if end else len(block.text)
                last = replace(last, text=_joined(last.text, block.text[:cut]))
                rest = replace(block, text=block.text[cut:].strip())
            if rest.text:
                yield last
        if rest.text:
            last = rest
    if last is not None:
        yield last


def _goes_on(last: Block, block: Block) -> bool:
    plain = not (last.level or block.level or last.cells or block.cells)
    next_page = last.page is not None and block.page == last.page + 1
    open_end = bool(last.text) and (last.text[-1].isalnum() or last.text[-1] in ",-，、")
    first = block.text[:1]
    cjk = bool(re.match(f"[{_CJK}]", first)) and len(last.text) > WRAPPED
    return plain and next_page and open_end and (first.islower() or cjk)


def _joined(left: str, right: str) -> str:
    if left.endswith("-") and left[-2:-1].isalpha():
        return left[:-1] + right
    return left + ("" if re.match(f"[{_CJK}]", right) else " ") + right


def _without_repeated(blocks: Iterable[Block]) -> Iterator[Block]:
    """Not the lines that stand at the end or the beginning of most pages, page numbers apart."""
    blocks = list(blocks)
    pages: dict[int | None, list[Block]] = {}
    for block in blocks:
        pages.setdefault(block.page, []).append(block)
    edges = Counter(
        shape
        for page in pages.values()
        for shape in {_shape(block) for block in (page[0], page[-1]) if _is_edge(block)}
    )
    often = max(EVERY_PAGE, len(pages) * 0.6)
    repeated = {shape for shape, count in edges.items() if count >= often}
    for block in blocks:
        edge = block is pages[block.page][0] or block is pages[block.page][-1]
        if not (edge and _is_edge(block) and _shape(block) in repeated):
            yield block


def _is_edge(block: Block) -> bool:
    return not (block.level or block.cells) and len(block.text) <= EDGE


def _shape(block: Block) -> str:
    return _DIGITS.sub("#", block.text)
