"""What is said before an action that is asked about, and when one is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

from laresd.core.replies.books import be, of_language, phrasebook, sentence, spoken, to_do
from laresd.core.replies.consent_words import BOOKS, ConsentWords
from laresd.core.risk import Judged, Risk, Why
from laresd.types import Action, Home

MOST_NAMED = 8  # devices of a question by name: whoever says yes must know to what


def question(actions: Sequence[Action], risk: Risk, home: Home, language: str) -> str:
    """ "Unlock the front door: shall I?", or what is the PIN?"""
    words = _words(language)
    template = words.pin if risk is Risk.PIN else words.confirm
    return sentence(template.format(deeds=_deeds(actions, home, language)))


def refusals(refused: Sequence[Judged], home: Home, by: str, language: str) -> str:
    """Why these are not done: a sentence for each reason. `by`: voice or text."""
    words = _words(language)
    grouped: dict[Why, list[Action]] = {}
    for one in refused:
        grouped.setdefault(one.verdict.why, []).append(one.action)
    said = []
    for why, actions in grouped.items():
        typed = why is Why.BY and by == "text"
        template = words.refused_text if typed else words.refused[why]
        said.append(sentence(template.format(deeds=_deeds(actions, home, language))))
    return " ".join(said)


def no_pin(actions: Sequence[Action], home: Home, language: str) -> str:
    return sentence(_words(language).no_pin.format(deeds=_deeds(actions, home, language)))


def pin_again(language: str) -> str:
    return _words(language).pin_again


def wrong_pin(language: str) -> str:
    return _words(language).wrong_pin


def paused(seconds: float, language: str) -> str:
    return _words(language).paused.format(minutes=max(1, math.ceil(seconds / 60)))


def left_alone(language: str) -> str:
    return _words(language).left


def too_late(language: str) -> str:
    return _words(language).late


def nothing_asked(language: str) -> str:
    return _words(language).nothing_asked


def has_changed(entity_ids: Sequence[str], home: Home, language: str) -> str:
    book = phrasebook(language)
    names = spoken(entity_ids, home, book, MOST_NAMED)
    template = _words(language).changed
    return sentence(template.format(names=names, be=be(len(entity_ids), book)))


def filtered(kind: str, language: str) -> str:
    """Why a request was not even read."""
    if kind == "length":
        return phrasebook(language).too_long
    return _words(language).filtered[kind]


def _words(language: str) -> ConsentWords:
    return of_language(BOOKS, language)


def _deeds(actions: Sequence[Action], home: Home, language: str) -> str:
    words = _words(language)
    return to_do(actions, words.deeds, home, phrasebook(language), MOST_NAMED)
