"""What is read of a web page, and what of it is only there to be clicked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.documents import Block
from laresd.engines.extract import web_page

TAGS = (
    "<p> </p> <li> <ul> </ul> <td> <table> </table> <tr> <dd> <dl> <h1> </h1> <br> <pre> </pre> "
    "<nav> </nav> <a> </a> <main> </main> word"
)
TEXT = "The spare key is under the stone."


def texts(html: str) -> list[str]:
    return [block.text for block in web_page.read(html).blocks]


def test_headings_have_their_level_and_text_that_stands_in_nothing_is_kept() -> None:
    page = web_page.read(f"<title>Our  house</title><h2>Keys</h2>{TEXT}<div>And more.</div>end")
    assert page.title == "Our house"
    assert page.blocks == (Block("Keys", 2), Block(TEXT), Block("And more."), Block("end"))


@pytest.mark.parametrize(
    "around",
    [
        "<nav>Start Shop</nav>{}<footer>All rights</footer>",
        "<div class='main-menu'>Start</div>{}<aside>Buy</aside>",
        "<ul id=nav><li>Start<li>Shop</ul>{}",
        "<ul><li><a href=/>Start</a><li><a href=/s>Shop</a></ul>{}",
        "<div role=navigation>Start</div>{}<script>var x = 'evil'</script>",
        "{}<div style='display: none'>hidden</div><p hidden>also</p><div aria-hidden=true>x</div>",
        "<div id='cookie-banner'>We use cookies</div>{}<style>p {{}}</style>",
        "<form><button>Search</button><select><option>A</select></form>{}",
        "<head><title>T<meta charset=utf-8><body>{}",
    ],
)
def test_what_surrounds_the_text_is_left_out(around: str) -> None:
    assert texts(around.format(f"<p>{TEXT}</p>")) == [TEXT]


def test_what_a_page_calls_its_content_stands_for_it() -> None:
    article = f"<p>{TEXT * 10}</p>"
    assert texts(f"<p>Offers</p><main>{article}</main><p>More</p>") == [TEXT * 10]


def test_a_main_part_with_next_to_nothing_in_it_does_not() -> None:
    assert texts(f"<main></main><p>{TEXT}</p>") == [TEXT]


def test_a_page_of_links_alone_is_kept() -> None:
    assert texts("<ul><li><a href=/>One</a><li><a href=/b>Two</a></ul>") == ["- One\n- Two"]


def test_lists_are_one_block_with_their_points() -> None:
    html = "<ul><li>a<ul><li>b</ul><li>c</ul><ol><li>d<li><p>e</p><p>f</p></ol>"
    assert texts(html) == ["- a\n  - b\n- c", "1. d\n2. e\n  f"]


def test_a_list_of_definitions_says_what_is_what() -> None:
    assert texts("<dl><dt>Key<dd>under the stone<dt>Bins<dd>Tuesday</dl>") == [
        "- Key: under the stone\n- Bins: Tuesday"
    ]


def test_a_table_has_its_rows_also_where_end_tags_are_left_out() -> None:
    html = "<table><caption>Plan</caption><tr><th>Day<th>Task<tr><td>Mon<td>Bins<br>out</table>"
    assert web_page.read(html).blocks == (
        Block("Plan"),
        Block("Day | Task\nMon | Bins out", cells="A1:B2"),
    )


def test_a_table_of_one_column_is_a_layout_and_not_a_table() -> None:
    assert texts(f"<table><tr><td>{TEXT}</table>") == [TEXT]


def test_lines_that_are_broken_on_purpose_stay_and_code_keeps_its_shape() -> None:
    assert texts("<p>Main\n street<br>12</p><pre>a = 1\n  b</pre>") == [
        "Main street\n12",
        "a = 1\n  b",
    ]


@pytest.mark.parametrize("text", ["Der Schlüssel &amp; die Tür", "备用钥匙在石头下面。"])
def test_any_script_is_read(text: str) -> None:
    page = web_page.read(f"<html lang=de-DE><p>{text}</p></html>")
    assert [block.text for block in page.blocks] == [text.replace("&amp;", "&")]
    assert page.language == "de-DE"


@pytest.mark.parametrize("tag", ["div", "ul", "table", "b", "li", "dl", "h1", "nav", "svg"])
def test_elements_without_end_are_read_to_their_end(tag: str) -> None:
    web_page.read(f"<{tag}>" * 3_000 + "x")
    web_page.read(f"<{tag}>x</{tag}>" * 3_000)


@given(st.lists(st.sampled_from(TAGS.split(" "))))
def test_no_order_of_tags_breaks_it(parts: list[str]) -> None:
    for block in web_page.read(" ".join(parts)).blocks:
        assert set(block.text.replace("word", "")) <= set(" \n-|1234567890.:")
