"""Text that comes from devices is data: one line, bounded, and without characters that act. Pure.

A name ends up in a prompt, in a sentence that is spoken, and on a terminal. Whatever it says, it
stays a name: no line breaks, no control or direction characters, none of the signs that prompts,
templates and mark-up are made of.
"""

from __future__ import annotations

import unicodedata

NAME = 64  # characters of a device's or an entity's name
AREA = 48
OPTION = 48
STATE = 255  # Home Assistant's own limit
UNIT = 16
CLASS = 32
OPTIONS = 64  # how many

_JOINERS = frozenset("\u200c\u200d")  # Persian, Hindi and emoji are written with them
_SIGNS = str.maketrans(dict.fromkeys("<>{}|`\\$\ufffd", " "))
_GONE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def name(text: str, limit: int = NAME) -> str:
    """What a thing is called: plain, without the signs of prompts and templates."""
    return line(text[: 8 * limit].translate(_SIGNS), limit)


def line(text: str, limit: int) -> str:
    """One line of at most `limit` characters; control characters are gone."""
    head = text[: 8 * limit]
    if not head.isascii() or not head.isprintable():
        head = "".join(_visible(char) for char in head)
    return " ".join(head.split())[:limit].strip()


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in _GONE and char not in _JOINERS else char
