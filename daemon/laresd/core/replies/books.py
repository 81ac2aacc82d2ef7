"""The phrasebook of a language, and the joining of names."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.core.replies.chinese import CHINESE
from laresd.core.replies.english import ENGLISH
from laresd.core.replies.german import GERMAN
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Entity, Home

MOST_NAMES = 3  # more are counted instead: "5 lights"
_BOOKS = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}


def phrasebook(language: str) -> Phrasebook:
    """That of the language, whatever its region; English where there is none."""
    return _BOOKS.get(language.partition("-")[0].casefold(), ENGLISH)


def joined(names: Sequence[str], book: Phrasebook) -> str:
    if len(names) < 2:
        return "".join(names)
    between, last = book.joined
    return between.join(names[:-1]) + last + names[-1]


def spoken(entity_ids: Sequence[str], home: Home, book: Phrasebook, most: int = MOST_NAMES) -> str:
    """The devices by name, or counted when they are many."""
    entities = [home.entities[i] for i in entity_ids if i in home.entities]
    if len(entities) > most:
        return counted(entities, book)
    unknown = [i.partition(".")[2].replace("_", " ") for i in entity_ids if i not in home.entities]
    return joined([book.device(entity.name) for entity in entities] + unknown, book)


def counted(entities: Sequence[Entity], book: Phrasebook) -> str:
    domains = {entity.domain for entity in entities}
    key = domains.pop() if len(domains) == 1 else "device"
    kind = book.kinds.get(key, book.kinds["device"])[1]
    return book.count.format(n=len(entities), kind=kind)


def be(count: int, book: Phrasebook) -> str:
    return book.be[count > 1]


def sentence(text: str) -> str:
    """With a capital at the beginning and without spaces that an empty word left."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]
