"""From the blocks of a document to the passages that are found: 150 to 250 tokens, never across a
heading unless a section is too short to stand alone. Pure.

A passage begins and ends where a sentence does; a table is cut between its rows, and each part
keeps the table's first row, which says what the columns are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from laresd import sentences
from laresd.documents import Block, Extracted, Passage, Place

LEAST, MOST = 150, 250  # tokens
ALONE = 40  # tokens of a section that is left by itself; a shorter one joins its neighbour
BETWEEN = "\n\n"  # two blocks of the document's text

Count = Callable[[str], int]
"""Tokens of a text, as the embedding model counts them."""


def text_of(extracted: Extracted) -> str:
    """The document's text, of which the places of its passages count the characters."""
    return BETWEEN.join(block.text for block in extracted.blocks)


def passages(extracted: Extracted, count: Count) -> list[Passage]:
    """In the order of the document; every word of it is in one passage, headings apart."""
    text = text_of(extracted)
    return [
        passage
        for section in _joined(_sections(extracted, count))
        for passage in _cut(text, section.headings, section.pieces)
    ]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is never cut: a sentence, a row of a table, or a part of one that is too long."""

    start: int
    end: int
    tokens: int
    block: Block


@dataclass(slots=True)
class _Section:
    headings: tuple[str, ...]
    pieces: list[_Piece]

    @property
    def tokens(self) -> int:
        return sum(piece.tokens for piece in self.pieces)


def _sections(extracted: Extracted, count: Count) -> Iterator[_Section]:
    above: list[tuple[int, str]] = []
    pieces: list[_Piece] = []
    at = 0
    for block in extracted.blocks:
        if block.level:
            if pieces:
                yield _Section(tuple(title for _, title in above), pieces)
                pieces = []
            above = [each for each in above if each[0] < block.level]
            above.append((block.level, " ".join(block.text.split())))
        else:
            pieces += _pieces(block, at, count)
        at += len(block.text) + len(BETWEEN)
    if pieces:
        yield _Section(tuple(title for _, title in above), pieces)


def _pieces(block: Block, at: int, count: Count) -> Iterator[_Piece]:
    for start, end in _lines(block.text) if block.cells else sentences.spans(block.text):
        yield from _bounded(block, at, start, end, count)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield start, start + len(line.rstrip())
        start += len(line)


def _bounded(block: Block, at: int, start: int, end: int, count: Count) -> Iterator[_Piece]:
    """The span as one piece, or halved at white space until each half is short enough."""
    tokens = count(block.text[start:end])
    if tokens <= MOST or end - start < 2:
        yield _Piece(at + start, at + end, tokens, block)
        return
    middle = (start + end) // 2
    space = block.text.rfind(" ", start + (middle - start) // 2, middle)
    cut = space + 1 if space > start else middle
    for left, right in ((start, cut), (cut, end)):
        if block.text[left:right].strip():
            yield from _bounded(block, at, left, right, count)


def _joined(sections: Iterable[_Section]) -> Iterator[_Section]:
    """Sections of a few words are read together with the one that follows."""
    waiting: _Section | None = None
    for section in sections:
        if waiting is not None and waiting.tokens + section.tokens <= MOST:
            common = _common(waiting.headings, section.headings)
            section = _Section(common, waiting.pieces + section.pieces)  # noqa: PLW2901
        elif waiting is not None:
            yield waiting
        waiting = None
        if section.tokens < ALONE:
            waiting = section
        else:
            yield section
    if waiting is not None:
        yield waiting


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    same = 0
    while same < min(len(left), len(right)) and left[same] == right[same]:
        same += 1
    return left[:same]


def _cut(text: str, headings: tuple[str, ...], pieces: Sequence[_Piece]) -> Iterator[Passage]:
    """Parts of equal size, so that no rest of a few words is left at the end."""
    total = sum(piece.tokens for piece in pieces)
    parts = max(1, -(-total // MOST))
    aim = max(LEAST, total / parts)
    part: list[_Piece] = []
    tokens = 0
    for piece in pieces:
        full = tokens + piece.tokens > MOST or tokens >= aim
        if part and full:
            yield _passage(text, headings, part)
            part, tokens = [], 0
        part.append(piece)
        tokens += piece.tokens
    if part:
        yield _passage(text, headings, part)


def _passage(text: str, headings: tuple[str, ...], pieces: Sequence[_Piece]) -> Passage:
    first, last = pieces[0], pieces[-1]
    place = Place(
        first.start,
        last.end,
        headings,
        page=first.block.page,
        sheet=first.block.sheet,
        cells=first.block.cells,
    )
    tokens = sum(piece.tokens for piece in pieces)
    passage = Passage(text[first.start : last.end], place, tokens)
    return _with_header(passage, first.block)


def _with_header(passage: Passage, block: Block) -> Passage:
    """A later part of a table begins with its first row, too."""
    header = block.text.splitlines()[0].strip() if block.cells and block.text else ""
    if not header or passage.text.startswith(header):
        return passage
    return replace(passage, text=f"{header}\n{passage.text}")
