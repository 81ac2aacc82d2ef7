"""What to say when nothing was done."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.core.intent.meaning import Problem, Trouble
from laresd.core.replies.books import phrasebook, sentence
from laresd.core.replies.phrasebook import Phrasebook
from laresd.errors import LaresError
from laresd.types import Entity, Home, Json

MOST_CHOICES = 4  # devices that one question offers
QUOTED = 60  # characters of what was heard that are said back


def trouble(problem: Problem, home: Home, language: str) -> str:
    """Why an understood sentence was not done, or which device is to be named."""
    book = phrasebook(language)
    facts = {key: _text(value) for key, value in problem.facts.items()}
    if "name" in facts and problem.trouble is not Trouble.UNKNOWN_DEVICE:
        facts["name"] = book.device(facts["name"])
    ids = problem.facts.get("ids")
    if isinstance(ids, list):
        facts["names"] = _choices([str(entity_id) for entity_id in ids], home, book)
    if problem.trouble is Trouble.NOTHING_THERE:
        kind = facts.get("kind", "")
        facts["kind"] = book.kinds.get(kind, (kind, book.kinds["device"][1]))[1]
        if facts.get("area"):
            area = book.room(facts["area"])
            return sentence(book.nothing_there_in.format(kind=facts["kind"], area=area))
    return sentence(book.trouble[problem.trouble].format_map(facts))


def _choices(entity_ids: Sequence[str], home: Home, book: Phrasebook) -> str:
    """ "The lamp in the bedroom or the lamp in the office", the first few of them."""
    entities = [home.entities[i] for i in entity_ids if i in home.entities][:MOST_CHOICES]
    names = [_with_room(entity, book) for entity in entities]
    between, last = book.either
    return between.join(names[:-1]) + last + names[-1] if len(names) > 1 else "".join(names)


def _with_room(entity: Entity, book: Phrasebook) -> str:
    name = book.device(entity.name)
    if entity.area is None or entity.area.casefold() in entity.name.casefold():
        return name
    return book.in_room.format(name=name, area=book.room(entity.area))


def talk(key: str, language: str) -> str:
    """A fixed answer; a greeting for a key that has none."""
    sentences = phrasebook(language).talk
    return sentences.get(key, sentences["hello"])


def not_understood(text: str, language: str) -> str:
    book = phrasebook(language)
    heard = " ".join(text.split())
    if not heard:
        return book.not_understood
    if len(heard) > QUOTED:
        return book.too_long
    return book.not_understood_text.format(text=heard)


def failure(error: LaresError, language: str) -> str:
    """An engine's or the broker's failure, with its way out."""
    book = phrasebook(language)
    message = error.message.rstrip(".")
    if not error.remedy:
        return book.error.format(message=message)
    remedy = sentence(error.remedy.rstrip("."))
    return book.error_with_remedy.format(message=message, remedy=remedy)


def broken_off(language: str) -> str:
    """That the rest of an answer will not come."""
    return phrasebook(language).broken_off


def out_of_time(language: str) -> str:
    return phrasebook(language).no_time


def _text(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
