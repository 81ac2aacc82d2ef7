"""Text as the tolerant grammar and the guard compare it: folded, without punctuation, in tokens."""

from __future__ import annotations

import re
import unicodedata

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|\d+(?:[.,]\d+)?|[^\W\d_{_CJK}]+|%|°")
_APOSTROPHES = re.compile(r"[’ʼ`´']")


def tokens(text: str) -> tuple[str, ...]:
    """Words, numbers, % and ° of a text in lower case; each Chinese character is one token."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_TOKEN.findall(_APOSTROPHES.sub("", folded)))
