"""Which addresses are of a site, where its pages lead, and in which characters they are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.knowledge.site import Site, as_utf8, led, normal

HERE = "http://nas.lan/docs/start.html"


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("HTTP://NAS.lan:80/docs/../docs/a.html#top", "http://nas.lan/docs/a.html"),
        ("/docs/%2e%2E/private/./x/..", "http://nas.lan/private/"),
        ("/../../etc//a", "http://nas.lan/etc//a"),
        ("http://nas.lan", "http://nas.lan/"),
        ("b.html", "http://nas.lan/docs/b.html"),
        ("/c?x=1&y=ä", "http://nas.lan/c?x=1&y=%C3%A4"),
        ("//other.lan/", "http://other.lan/"),
        ("https://nas.lan:8443/x", "https://nas.lan:8443/x"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
        ("mailto:a@b.c", None),
        ("javascript:alert(1)", None),
        ("http://user:secret@nas.lan/", None),
        ("http://nas.lan:99999/", None),
        ("http://[broken/", None),
    ],
)
def test_an_address_has_one_form(given_: str, found: str | None) -> None:
    assert normal(given_, HERE) == found


def test_a_site_is_what_lies_below_its_start_on_the_same_server() -> None:
    site = Site(HERE)
    assert site.holds("http://nas.lan/docs/deeper/x.html")
    assert site.holds("https://nas.lan/docs/x.html")
    assert not site.holds("http://nas.lan/private/x.html")
    assert not site.holds("http://nas.lan:8080/docs/x.html")
    assert not site.holds("http://evil.example/docs/x.html")
    assert not Site("https://nas.lan/").holds("http://nas.lan/")


def test_a_page_leads_where_its_links_lead() -> None:
    page = """<base href="/manual/"><a href="one.html">1</a><A HREF='two.html#x'>2</A>
      <a class=x href=three.html>3</a><a href="one.html">again</a><a name="here">no link</a>
      <a rel="nofollow" href="ad.html">ad</a><a href="mailto:x@y">mail</a>"""
    assert led(page, HERE).links == (
        "http://nas.lan/manual/one.html",
        "http://nas.lan/manual/two.html",
        "http://nas.lan/manual/three.html",
    )


@pytest.mark.parametrize(
    ("content", "links", "kept"),
    [("noindex", 1, False), ("nofollow", 0, True), ("none", 0, False), ("index, follow", 1, True)],
)
def test_what_a_page_asks_of_robots_is_done(content: str, links: int, kept: bool) -> None:
    told = led(f'<meta name="robots" content="{content}"><a href="a.html">a</a>', HERE)
    assert (len(told.links), told.may_be_kept) == (links, kept)


@pytest.mark.parametrize("piece", ["<a ", "<a href=", '<a href="', "<meta ", "< a"])
def test_no_page_makes_the_search_for_links_long(piece: str) -> None:
    began = time.process_time()
    led(piece * (2_000_000 // len(piece)), HERE)
    assert time.process_time() - began < 20.0  # a search that is not bounded takes hours


@given(st.text(max_size=300))
def test_any_text_is_a_page(text: str) -> None:
    assert all(normal(link) == link for link in led(f"<a href='{text}'>{text}", HERE).links)


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<meta charset=gb2312><p>备用钥匙</p>".encode("gb18030"), ""),
        ("<p>备用钥匙</p>".encode("gb18030"), "gbk"),
        ("<meta charset='utf-8'><p>备用钥匙</p>".encode(), ""),
        ("<p>备用钥匙</p>".encode("utf-16"), "iso-8859-1"),
        ("<p>备用钥匙</p>".encode(), "no-such-charset"),
    ],
)
def test_a_page_is_read_in_its_own_characters(body: bytes, charset: str) -> None:
    text = as_utf8(body, charset)
    assert "备用钥匙" in text
    assert "gb2312" not in text


def test_latin_1_is_read_as_browsers_read_it() -> None:
    assert as_utf8(b"5 \x80", "iso-8859-1") == "5 €"
