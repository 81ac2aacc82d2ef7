"""Requests as a household's programs and people send them, drawn from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from laresd.generation import AnswerGrammar, Generation, Message, Role
from laresd.jobs import ANYWHERE, Routing
from laresd.types import Priority

TOKEN = 4  # characters, about
TEXT = (
    "the lamp in the kitchen was switched on after sunset while rain fell on a quiet garden and "
    "somebody read the meter twice since the heating had run all night at twenty one degrees "
    "before the door to the hall opened again for the post a parcel and two letters from abroad"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """One kind of request. `share` of all; `seconds` to its deadline. `head`: its system message,
    the same each time. `characters` of what is asked and `answer` tokens: least and most, drawn
    so that each doubling is as likely as the next. `end`: what the question closes with.
    `grammar`: that the answer is held to.
    """

    name: str
    share: float
    priority: Priority
    seconds: float
    head: str
    characters: tuple[int, int]
    answer: tuple[int, int]
    max_tokens: int
    end: str = ""
    routings: tuple[Routing, ...] = (ANYWHERE,)
    grammar: AnswerGrammar | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A request that comes `at` so many seconds, to be done within `seconds`. `tokens`: that its
    answer has, where the engine is a simulated one.
    """

    at: float
    caller: str
    generation: Generation
    seconds: float
    tokens: int

    @property
    def question(self) -> str:
        """No two requests have the same."""
        return self.generation.messages[-1].content


def workload(
    callers: Sequence[Caller], rng: random.Random, *, jobs: int, per_second: float
) -> list[Work]:
    """Arrivals that know nothing of each other (a Poisson process)."""
    found, now = [], 0.0
    for number in range(jobs):
        now += rng.expovariate(per_second)
        (caller,) = rng.choices(callers, [each.share for each in callers])
        found.append(_work(caller, rng, number, now))
    return found


def _work(caller: Caller, rng: random.Random, number: int, at: float) -> Work:
    question = f"{number}: {_text(rng, _between(rng, *caller.characters))} {caller.end}".strip()
    asked = Generation(
        (Message(Role.SYSTEM, caller.head), Message(Role.USER, question)),
        grammar=caller.grammar,
        max_tokens=caller.max_tokens,
        priority=caller.priority,
        routing=rng.choice(caller.routings),
    )
    tokens = min(_between(rng, *caller.answer), caller.max_tokens)
    return Work(at, caller.name, asked, caller.seconds, tokens)


def _between(rng: random.Random, least: int, most: int) -> int:
    return round(least * math.exp(math.log(most / least) * rng.random()))


def _text(rng: random.Random, characters: int) -> str:
    known, words = TEXT.split(), list[str]()
    while characters > 0:
        words.append(rng.choice(known))
        characters -= len(words[-1]) + 1
    return " ".join(words)
