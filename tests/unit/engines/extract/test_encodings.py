"""Bytes become the text that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.extract import encodings

TEXTS = [
    "Grüße aus Köln, Straße 5.",
    "备用钥匙在石头下面。",
    "Key",
    "“quoted” – naïve café",
    "größer",
    "ÄÖÜ",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_known_by_itself(text: str, encoding: str) -> None:
    assert encodings.decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["Grüße aus Köln, Straße 5.", "naïve café", "größer", "ÄÖÜ"])
def test_european_text_of_windows_is_not_taken_for_chinese(text: str) -> None:
    assert encodings.decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize("text", ["备用钥匙在石头下面。", "请打电话给 Ann（电话 030-123）。"])
def test_chinese_is_known_without_being_named(text: str) -> None:
    assert encodings.decoded(text.encode("gb18030")) == text


def test_what_is_named_counts_where_it_fits() -> None:
    assert encodings.decoded("明天見".encode("big5"), ["big5"]) == "明天見"
    assert encodings.decoded("Grüße".encode(), ["ascii", "klingon"]) == "Grüße"


@given(st.binary(), st.sampled_from(["utf-8", "utf-7", "klingon", "base64", "\x00", "idna"]))
def test_no_bytes_break_it(data: bytes, named: str) -> None:
    assert isinstance(encodings.decoded(data, [named]), str)
