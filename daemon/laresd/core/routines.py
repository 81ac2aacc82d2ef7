"""Routines: what is done when a phrase is said, from the configuration or made by voice or text.

Pure. A routine is a list of sentences and commands that are carried out as if each had been said:
the same grammars read them, the same rules of risk decide. The language model has no part in
making or running one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laresd.config import RoutineSettings
from laresd.core import consent, guard
from laresd.core.follow_ups.words import begins, words
from laresd.core.intent import loose, wonder
from laresd.core.intent.meaning import Meaning, Problem
from laresd.core.intent.text import tokens
from laresd.core.routine_words import spoken, wish
from laresd.types import Action, Command, Home, RoutineRecord, Transcript

MAX_MADE = 32  # routines made by voice or text
MAX_STEPS = 10
MAX_PHRASE = 40  # characters
MAX_STEP = 150


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence, or one action that the configuration spells out."""

    say: str = ""
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """`language`: of its sentences, "" for that of whoever calls it. `areas`: where it may be
    called; none: everywhere. `here`: the room that its sentences mean, None for that of the caller.
    """

    name: str
    phrases: tuple[str, ...]
    steps: tuple[Step, ...]
    language: str = ""
    areas: tuple[str, ...] = ()
    here: str | None = None
    made: bool = False  # by voice or text: it can be deleted so, too


class Why(StrEnum):
    """Why a routine is not kept."""

    TOO_LONG = "too_long"  # the phrase
    TAKEN = "taken"  # a routine is called so
    SHADOWS = "shadows"  # the phrase means something already
    ANSWER = "answer"  # yes, no, a number, or what speech models make up
    TOO_MANY = "too_many"  # routines
    TOO_MANY_STEPS = "too_many_steps"
    NOT_UNDERSTOOD = "not_understood"  # what is to be done
    NO_COMMAND = "no_command"  # it asks, talks or sets a timer


def configured(settings: Mapping[str, RoutineSettings]) -> tuple[Routine, ...]:
    """Those of the configuration."""
    return tuple(
        Routine(
            name,
            routine.phrases or (name,),
            tuple(
                Step(item.say)
                if item.say
                else Step(action=Action(item.entity, Command(item.command), dict(item.params)))
                for item in routine.actions
            ),
            areas=routine.areas,
        )
        for name, routine in settings.items()
    )


def kept(record: RoutineRecord) -> Routine:
    """One that was made by voice or text."""
    steps = tuple(Step(text) for text in record.steps)
    return Routine(
        record.phrase, (record.phrase,), steps, record.language, here=record.area, made=True
    )


def called(
    text: str, language: str, area: str | None, routines: Sequence[Routine]
) -> Routine | None:
    """The routine whose phrase this is, and nothing else, where it may be called."""
    said = spoken(text, language)
    for routine in routines if said else ():
        allowed = not routine.areas or (area or "").casefold() in map(str.casefold, routine.areas)
        if allowed and any(spoken(phrase, language) == said for phrase in routine.phrases):
            return routine
    return None


def named(phrase: str, language: str, routines: Sequence[Routine]) -> Routine | None:
    """The routine of this name or phrase, wherever it may be called."""
    said = spoken(phrase, language)
    for routine in routines if said else ():
        if any(spoken(known, language) == said for known in (routine.name, *routine.phrases)):
            return routine
    return None


def unfit(phrase: str, language: str, home: Home, routines: Sequence[Routine]) -> Why | None:
    """Why a phrase cannot call a routine. Whether the sentence templates know it is not asked."""
    said = spoken(phrase, language)
    if len(phrase) > MAX_PHRASE:
        return Why.TOO_LONG
    made_up = guard.transcript(Transcript(phrase), language) is not None
    if not said or made_up or consent.answer(phrase, language) is not consent.Answer.OTHER:
        return Why.ANSWER
    if named(phrase, language, routines) is not None:
        return Why.TAKEN
    return Why.SHADOWS if _means_something(phrase, language, home) else None


def step_fault(step: str, meaning: Meaning | None) -> Why | Problem | None:
    """Why a sentence cannot be a step, given what the grammars make of it."""
    if meaning is None or len(step) > MAX_STEP:
        return Why.NOT_UNDERSTOOD
    if meaning.problem is not None:
        return meaning.problem
    return None if meaning.actions else Why.NO_COMMAND


def _means_something(phrase: str, language: str, home: Home) -> bool:
    if loose.understand(phrase, language, home, None) is not None:
        return True
    if wonder.asked(phrase, language, home, None) is not None:
        return True
    if wish(phrase, language) is not None or guard.names_only(phrase, language, home):
        return True
    return _is_follow_up(tokens(phrase), language)


def _is_follow_up(said: tuple[str, ...], language: str) -> bool:
    own = words(language)
    if own is None:
        return False
    whole = own.undo | own.again | own.told | own.more | own.less | own.other | own.one | own.many
    return said in whole or begins(said, own.before | own.instead) is not None
