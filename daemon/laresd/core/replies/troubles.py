"""What to say when nothing was done."""

from __future__ import annotations

from laresd.core.intent.meaning import Problem, Trouble
from laresd.core.replies.books import joined, phrasebook, sentence
from laresd.errors import LaresError
from laresd.types import Json

QUOTED = 60  # characters of what was heard that are said back


def trouble(problem: Problem, language: str) -> str:
    """Why an understood sentence was not done."""
    book = phrasebook(language)
    facts = {key: _text(value) for key, value in problem.facts.items()}
    if "name" in facts:
        facts["name"] = book.device(facts["name"])
    names = problem.facts.get("names")
    if isinstance(names, list):
        facts["names"] = joined([book.device(str(name)) for name in names], book)
    if problem.trouble is Trouble.NOTHING_THERE:
        kind = facts.get("kind", "")
        facts["kind"] = book.kinds.get(kind, (kind, book.kinds["device"][1]))[1]
        if facts.get("area"):
            area = book.room(facts["area"])
            return sentence(book.nothing_there_in.format(kind=facts["kind"], area=area))
    return sentence(book.trouble[problem.trouble].format_map(facts))


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


def out_of_time(language: str) -> str:
    return phrasebook(language).no_time


def _text(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
