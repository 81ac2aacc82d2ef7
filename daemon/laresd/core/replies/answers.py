"""Answers to questions about the home, the time and the date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from laresd.core.intent.asking import holds, spoken_state
from laresd.core.intent.meaning import Ask, Question
from laresd.core.replies.books import be, phrasebook, sentence, spoken
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Entity, Home

MOST_TOLD = 5  # states that one answer tells
_UNKNOWN = ("unknown", "unavailable", "")


def answer(question: Question, home: Home, now: datetime, language: str) -> str:
    """The answer to a question; `now` is local time."""
    book = phrasebook(language)
    if question.ask is Ask.TIME:
        return book.time(now)
    if question.ask is Ask.DATE:
        return book.date(now)
    entities = [home.entities[i] for i in question.entity_ids if i in home.entities]
    if question.ask is Ask.STATE:
        return " ".join(_state(entity, home, book) for entity in entities[:MOST_TOLD])
    if question.ask is Ask.TEMPERATURE:
        return " ".join(_temperature(entity, home, book) for entity in entities[:MOST_TOLD])
    return sentence(_compared(question, entities, home, book))


def _compared(question: Question, entities: Sequence[Entity], home: Home, book: Phrasebook) -> str:
    fits = [e for e in entities if holds(e, home.state(e.entity_id), question.state)]
    misses = [entity for entity in entities if entity not in fits]
    names = spoken([entity.entity_id for entity in fits], home, book, MOST_TOLD)
    if question.ask is Ask.IS:
        return _is(question, fits, misses, home, book)
    if question.ask is Ask.ALL:
        if len(misses) == 1:
            return _but(misses[0], home, book)
        others = spoken([entity.entity_id for entity in misses], home, book, MOST_TOLD)
        return book.not_all.format(names=others, be=be(len(misses), book)) if misses else book.yes
    if question.ask is Ask.ANY:
        return book.yes_which.format(names=names) if fits else book.no
    if question.ask is Ask.HOW_MANY:
        return book.how_many.format(n=len(fits), names=names) if fits else book.none
    return f"{names}." if fits else book.none


def _is(
    question: Question,
    fits: Sequence[Entity],
    misses: Sequence[Entity],
    home: Home,
    book: Phrasebook,
) -> str:
    if not misses:
        names = spoken([entity.entity_id for entity in fits], home, book)
        word = spoken_state(fits[0], home.state(fits[0].entity_id)) if fits else question.state
        return _yes(names, book.states.get(word, word), len(fits), book)
    return _but(misses[0], home, book)


def _but(entity: Entity, home: Home, book: Phrasebook) -> str:
    """ "No, the door is open"."""
    state = spoken_state(entity, home.state(entity.entity_id))
    if state in _UNKNOWN or not home.state(entity.entity_id).available:
        return book.unknown_state.format(name=book.device(entity.name))
    told = book.states.get(state, state)
    return book.no_but.format(names=book.device(entity.name), be=be(1, book), state=told)


def _yes(names: str, state: str, count: int, book: Phrasebook) -> str:
    told = book.state_is.format(names=names, be=be(count, book), state=state)
    return book.yes_told.format(told=told)


def _state(entity: Entity, home: Home, book: Phrasebook) -> str:
    state = home.state(entity.entity_id)
    name = book.device(entity.name)
    if state.state in _UNKNOWN or not state.available:
        return sentence(book.unknown_state.format(name=name))
    if entity.unit:
        unit = book.units.get(entity.unit, entity.unit)
        return sentence(book.measured.format(name=name, value=state.state, unit=unit))
    word = spoken_state(entity, state)
    told = book.states.get(word, word)
    percent = state.attributes.get("brightness_pct")
    if entity.domain == "light" and state.state == "on" and isinstance(percent, int | float):
        told = book.light_at.format(state=told, percent=book.percent.format(value=round(percent)))
    return sentence(book.state_is.format(names=name, be=be(1, book), state=told))


def _temperature(entity: Entity, home: Home, book: Phrasebook) -> str:
    state = home.state(entity.entity_id)
    value = (
        state.attributes.get("current_temperature") if entity.domain == "climate" else state.state
    )
    if value in (None, *_UNKNOWN) or not state.available:
        return sentence(book.unknown_state.format(name=book.device(entity.name)))
    if entity.area is None:
        return sentence(book.temperature.format(value=value))
    return sentence(book.temperature_in.format(value=value, area=book.room(entity.area)))
