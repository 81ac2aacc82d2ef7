"""The text of bytes of which nobody says for sure how they are encoded. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CJK = (("\u3000", "\u30ff"), ("\u3400", "\u9fff"), ("\uff00", "\uffef"), ("\u2010", "\u203b"))
LEAST_CJK = 0.3  # of the letters of a Chinese text


def decoded(data: bytes, named: Iterable[str] = ()) -> str:
    """By the mark in front, else the first of the `named` encodings that fits, UTF-8, GB18030
    where that makes Chinese of it, and Windows-1252, which takes all.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    for encoding in (*named, "utf-8"):
        if (text := _strictly(data, encoding)) is not None:
            return text
    text = _strictly(data, "gb18030")
    return text if text and _is_chinese(text) else data.decode("cp1252", "replace")


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, ValueError):  # no such encoding, or not in it
        return None


def _is_chinese(text: str) -> bool:
    strange = [letter for letter in text if letter > "\x7f"]
    letters = sum(letter.isalpha() for letter in text)
    usual = sum(any(low <= letter <= high for low, high in _CJK) for letter in strange)
    return usual == len(strange) and usual >= LEAST_CJK * letters
