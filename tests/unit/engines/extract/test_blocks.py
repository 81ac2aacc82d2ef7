"""From what the extraction library tells of a document to blocks."""

from __future__ import annotations

import pytest

from laresd.documents import Block
from laresd.engines.extract.blocks import Node, blocks_of
from laresd.engines.extract.tables import column_name, table_block
from laresd.types import Json

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LONG = "a sentence that goes on for so many words that it fills the line"


def paragraph(text: str, page: int | None = 1) -> Node:
    return Node({"node_type": "paragraph", "text": text}, page)


def heading(text: str, level: int = 1, page: int | None = 1) -> Node:
    return Node({"node_type": "heading", "level": level, "text": text}, page)


def grid(*rows: tuple[str, ...]) -> Node:
    cells: list[Json] = [
        {"row": row, "col": column, "content": text}
        for row, line in enumerate(rows)
        for column, text in enumerate(line)
    ]
    return Node({"node_type": "table", "grid": {"cells": cells}}, 1)


def texts(nodes: list[Node], media_type: str = PDF) -> list[str]:
    return [block.text for block in blocks_of(nodes, media_type)]


def test_pages_are_told_only_where_people_see_them() -> None:
    assert blocks_of([paragraph("x", 2)], PDF) == [Block("x", page=2)]
    assert blocks_of([paragraph("x", 2)], WORD) == [Block("x")]


def test_the_level_of_a_heading_is_kept_within_bounds() -> None:
    found = blocks_of([heading("a", 9), heading("b", 0), heading("c", 3)], WORD)
    assert [block.level for block in found] == [6, 1, 3]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("unter dem gro-\nßen Stein", "unter dem großen Stein"),
        ("der Haus\u00ad\nmeister", "der Hausmeister"),
        ("die E-Mail- Adresse", "die E-Mail-Adresse"),
        ("Haus- und Gartentür", "Haus- und Gartentür"),
        ("备用 钥匙 在\n石头 下 面 。", "备用钥匙在石头下面。"),
        ("用 USB 充电", "用 USB 充电"),
        ("one\nline\nof it", "one line of it"),
        ("a\x00b\x0cc", "a b c"),
    ],
)
def test_what_the_end_of_a_line_has_cut_is_whole_again(text: str, mended: str) -> None:
    assert texts([paragraph(text)]) == [mended]


def test_a_sentence_that_goes_on_stands_on_the_page_where_it_began() -> None:
    found = blocks_of(
        [paragraph("The key is under", 1), paragraph("the stone. Bins: Tuesday.", 2)], PDF
    )
    assert found == [
        Block("The key is under the stone.", page=1),
        Block("Bins: Tuesday.", page=2),
    ]


def test_a_word_that_is_cut_by_the_end_of_a_page_is_whole_again() -> None:
    assert texts([paragraph("Der Haus-", 1), paragraph("meister kommt.", 2)]) == [
        "Der Hausmeister kommt."
    ]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (paragraph("It ends.", 1), paragraph("then", 2)),
        (paragraph("A list", 1), paragraph("Then", 2)),
        (heading("A heading", page=1), paragraph("then", 2)),
        (paragraph("no end", 1), paragraph("two pages on", 3)),
        (paragraph("no end", 1), heading("then", page=2)),
    ],
)
def test_what_only_follows_on_the_next_page_stays_there(left: Node, right: Node) -> None:
    assert len(texts([left, right])) == 2


def test_what_stands_at_the_edge_of_every_page_is_left_out() -> None:
    nodes = [
        node
        for page in range(1, 5)
        for node in (
            paragraph("House rules", page),
            paragraph(f"Text {'abcd'[page - 1]}.", page),
            paragraph(f"Page {page} of 4", page),
        )
    ]
    assert texts(nodes) == ["Text a.", "Text b.", "Text c.", "Text d."]


def test_a_table_or_a_paragraph_that_every_page_has_is_no_edge() -> None:
    pages = [paragraph(f"{LONG}. " * 3, page) for page in range(1, 5)]
    assert len(texts(pages)) == 4
    assert len(texts([grid(("a", "b"), ("1", "2")) for _ in range(4)])) == 4


def test_headings_of_pictures_are_text() -> None:
    assert blocks_of([heading("THE KEY", page=None)], "image/png") == [Block("THE KEY", page=1)]


def test_a_slide_with_a_title_alone_says_it() -> None:
    slides = "application/vnd.ms-powerpoint"
    found = blocks_of([heading("A", 2, 1), paragraph("text", 1), heading("B", 2, 2)], slides)
    assert [(block.text, block.level) for block in found] == [("A", 2), ("text", 0), ("B", 0)]


def test_lists_within_lists_are_one_block() -> None:
    nodes = [
        Node({"node_type": "list", "ordered": True}),
        Node({"node_type": "list_item", "text": "one"}, parent=0),
        Node({"node_type": "list", "ordered": False}, parent=0),
        Node({"node_type": "list_item", "text": "inner"}, parent=2),
        Node({"node_type": "list_item", "text": "two"}, parent=0),
        paragraph("after", None),
    ]
    assert texts(nodes, WORD) == ["1. one\n  - inner\n2. two", "after"]


def test_lines_of_a_text_file_stay_unless_they_were_full() -> None:
    assert texts([paragraph("Ann 030 12\nBob 030 34")], "text/plain") == ["Ann 030 12\nBob 030 34"]
    assert texts([paragraph(f"{LONG}\n{LONG}\nend")], "text/plain") == [f"{LONG} {LONG} end"]
    assert texts([paragraph(f"{LONG}\n- {LONG}")], "text/plain") == [f"{LONG}\n- {LONG}"]


def test_front_matter_is_told_as_people_write_it() -> None:
    entries: list[Json] = [
        {"key": "title", "value": "House"},
        {"key": "tags", "value": 'Sequence [String("a"), Number(2)]'},
    ]
    node = Node({"node_type": "metadata_block", "entries": entries})
    assert texts([node], "text/markdown") == ["title: House\ntags: a, 2"]


def test_a_table_says_in_which_sheet_and_cells() -> None:
    workbook = "application/vnd.ms-excel"
    found = blocks_of([heading("Plan", 2), grid(("", ""), ("", "Day"), ("", "Mon"))], workbook)
    assert found[1] == Block(" | Day\n | Mon", sheet="Plan", cells="A2:B3")


def test_an_empty_table_is_none() -> None:
    assert table_block({0: {0: ""}}) is None


@pytest.mark.parametrize(
    ("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_are_named_as_in_a_workbook(number: int, name: str) -> None:
    assert column_name(number) == name
