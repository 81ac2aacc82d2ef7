"""Prompt lookup where an answer quotes its prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from laresd.engines.llm.sampling import Mask
from laresd.engines.llm.sequence import Wanted
from laresd.generation import Message, Role
from tests.bench.llm import home
from tests.bench.llm.bench import Bench, median
from tests.bench.llm.engine import VOICE, Asked, Engine
from tests.bench.results import Row

CELLS = 2048
BEFORE, QUOTED, AFTER = 380, 265, 280  # words: about 1000 tokens, 300 of them quoted
LONGEST = 300  # tokens


class Quoting:
    """An answer that is these tokens. It tells nobody that they are forced: each one is chosen by
    the logits, from all that are allowed, which is one.
    """

    def __init__(self, tokens: Sequence[int], vocabulary: int) -> None:
        self._tokens, self._vocabulary, self._said = tokens, vocabulary, 0

    def mask(self) -> Mask | None:
        allowed = np.zeros(self._vocabulary, np.bool_)
        allowed[self._tokens[self._said]] = True
        return allowed

    def forced(self) -> list[int]:
        return []

    def accept(self, tokens: Sequence[int]) -> None:
        self._said += len(tokens)

    def accepted_prefix(self, tokens: Sequence[int]) -> int:
        return len(tokens)  # it gives no draft away

    @property
    def finished(self) -> bool:
        return self._said == len(self._tokens)


def lookup(bench: Bench) -> list[Row]:
    """The same answer with and without, from the same computed prompt."""
    with_it: list[Asked] = []
    without: list[Asked] = []
    with bench.model.engine(CELLS) as engine:
        for number in range(bench.few):
            prompt, quote = _prompt(bench, number)
            engine.ask(Wanted(prompt, VOICE, max_tokens=1))  # the prompt itself is no part of it
            without.append(_answer(bench, engine, prompt, quote, lookup=False))
            with_it.append(_answer(bench, engine, prompt, quote, lookup=True))
            assert with_it[-1].answer == without[-1].answer, "lookup changes the answer"
            bench.say(
                f"lookup {number + 1} of {bench.few}: {len(prompt)} tokens of prompt, "
                f"{with_it[-1].seconds:.2f} s against {without[-1].seconds:.2f} s, "
                f"{with_it[-1].counts.accepted} of {with_it[-1].counts.drafted} drafted accepted"
            )
    accepted = median([asked.counts.accepted for asked in with_it])
    drafted = median([asked.counts.drafted for asked in with_it])
    said = median([asked.counts.sampled for asked in with_it])
    return [
        bench.ratio(
            "lookup_over_none",
            [asked.seconds for asked in with_it],
            [asked.seconds for asked in without],
            "<=0.6",
            unit="s",
            beside="without lookup",
            note=f"{said:.0f} tokens, {accepted:.0f} of {drafted:.0f} drafted ones accepted; "
            "the text is fixed by allowing one token at a time, none of them forced, since "
            "neither a random nor a 135M model quotes so much; the prompt's own time left out",
        )
    ]


def _prompt(bench: Bench, seed: int) -> tuple[tuple[int, ...], list[int]]:
    """A prompt of three passages, and the tokens of the second of them."""
    first, quote, last = (
        home.prose(words, 10 * seed + n) for n, words in enumerate((BEFORE, QUOTED, AFTER))
    )
    asked = f"{first}\n\n{quote}\n\n{last}\n\nRepeat the second passage word for word."
    tokens = bench.model.native.tokens(quote, begin=False, special=False)
    return bench.model.prompt([Message(Role.USER, asked)]), tokens[:LONGEST]


def _answer(
    bench: Bench, engine: Engine, prompt: tuple[int, ...], quote: list[int], *, lookup: bool
) -> Asked:
    bound = Quoting(quote, bench.model.native.n_vocab)
    wanted = Wanted(prompt, VOICE, max_tokens=LONGEST + 1, constraint=bound, lookup=lookup)
    (asked,) = engine.ask(wanted)
    return asked
