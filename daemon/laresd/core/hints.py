"""The names of a home that a speech model should expect to hear."""

from __future__ import annotations

import re
from collections.abc import Iterator

from laresd.language import main_language
from laresd.types import AUTO, Home

MAX_NAMES = 60
MAX_CHARACTERS = 400  # together; Whisper reads 223 tokens before what is said, and no more
MAX_NAME = 40  # characters; a longer one is a description, which nobody says
_READ_ONLY = frozenset({"sensor", "binary_sensor"})  # named in questions, after what is commanded
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WRITTEN_SO = frozenset({"zh", "yue", "ja", "ko"})
_ADDRESS = re.compile(r"0x[0-9a-f]+|[0-9a-f]{6,}|.*_.*", re.IGNORECASE)


def hints(home: Home, language: str) -> tuple[str, ...]:
    """Rooms, then what can be commanded, then sensors, each name once; bounded.

    Left out is what people do not say: addresses of radio modules, names in a script that the
    language (a tag, or AUTO) is not written in.
    """
    found: dict[str, str] = {}
    room = MAX_CHARACTERS
    for raw in _names(home):
        name = " ".join(raw.split())
        if name.casefold() in found or not _is_said(name, language):
            continue
        room -= len(name)
        if room < 0 or len(found) == MAX_NAMES:
            break
        found[name.casefold()] = name
    return tuple(found.values())


def _names(home: Home) -> Iterator[str]:
    yield from home.areas
    entities = sorted(home.entities.values(), key=lambda entity: entity.domain in _READ_ONLY)
    for entity in entities:
        yield entity.name
        yield from entity.aliases


def _is_said(name: str, language: str) -> bool:
    if not 1 < len(name) <= MAX_NAME or not any(letter.isalpha() for letter in name):
        return False
    if any(_ADDRESS.fullmatch(word) for word in name.split() if not word.isalpha()):
        return False
    if language == AUTO or not _CJK.search(name):
        return True
    return main_language(language) in _WRITTEN_SO
