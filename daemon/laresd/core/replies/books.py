"""The phrasebook of a language, and the joining of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from laresd.core.replies.chinese import CHINESE
from laresd.core.replies.english import ENGLISH
from laresd.core.replies.german import GERMAN
from laresd.core.replies.phrasebook import Phrasebook
from laresd.language import main_language
from laresd.types import Action, Command, Entity, Home, Json

MOST_NAMES = 3  # more are counted instead: "5 lights"
Book = TypeVar("Book")

_BOOKS = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}


def of_language(books: Mapping[str, Book], language: str) -> Book:
    """That of the language, whatever its region; English where there is none."""
    return books.get(main_language(language), books["en"])


def phrasebook(language: str) -> Phrasebook:
    return of_language(_BOOKS, language)


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


def to_do(
    actions: Sequence[Action],
    templates: Mapping[Command, str],
    home: Home,
    book: Phrasebook,
    most: int,
) -> str:
    """ "Unlock the front door and the back door, and open the garage door": what the same is done
    to is said together, at most `most` by name.
    """
    groups: dict[tuple[str, str], list[Action]] = {}
    for action in actions:
        groups.setdefault((action.command, str(sorted(action.params.items()))), []).append(action)
    said = []
    for group in groups.values():
        names = spoken([action.entity_id for action in group], home, book, most)
        facts = {key: _plain(value) for key, value in group[0].params.items()}
        said.append(templates[group[0].command].format_map({**facts, "names": names}))
    return joined(said, book)


def _plain(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


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
