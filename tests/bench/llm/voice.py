"""A voice beside background work: its first token, what its preemption costs, and a cancel."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from laresd.engines.llm.loading import UBATCH
from laresd.engines.llm.sequence import Counts, Wanted
from laresd.generation import Message
from tests.bench.llm import home
from tests.bench.llm.bench import Bench, median, slot
from tests.bench.llm.engine import BACKGROUND, VOICE, Asked, Engine
from tests.bench.llm.peer import LlamaServer, Running
from tests.bench.llm.speed import random_tokens
from tests.bench.results import Row

BESIDE = 3  # background sequences
CELLS = 8192
SLOT_CELLS = 2048  # of llama-server, for each
VOICE_SLOT = BESIDE
SHORT, LONG, LONG_OF_LARGE = 32, 1500, 600  # tokens of a background prompt
BACKGROUND_TOKENS = 400  # of an answer: more than is decoded meanwhile
CANCELLED_PROMPT = 2000  # tokens


@dataclass
class _Times:
    """Seconds to the first token."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return median(self.beside) / median(self.alone)

    def __str__(self) -> str:
        return f"{median(self.beside):.3f} s against {median(self.alone):.3f} s alone"


def voice(bench: Bench) -> list[Row]:
    """The first token of a command while others decode, and while others' prompts are computed."""
    rows: list[Row] = []
    redone: list[Counts] = []
    questions = _Questions(bench)
    long = LONG_OF_LARGE if bench.large else LONG
    for kind, length in (("decoding", SHORT), ("prefilling", long)):
        ours, theirs = _Times(), _Times()
        with bench.model.engine(CELLS) as engine, engine.serving():
            for number in range(bench.rounds):
                redone += _ours(engine, questions, ours, length, number)
                bench.say(f"voice, others {kind}, {number + 1} of {bench.rounds}: {ours}")
        with bench.server(cells=SLOT_CELLS, slots=BESIDE + 1) as server:
            for number in range(bench.rounds if kind == "decoding" else bench.few):
                _theirs(server, questions, theirs, length, number)
                bench.say(f"llama-server, others {kind}, {number + 1}: {theirs}")
        rows.append(
            bench.row(
                f"voice_first_token_beside_{BESIDE}_{kind}_over_alone",
                round(ours.ratio, 3),
                "<=1.2",
                f"{ours}; warm head, {len(ours.beside)} requests",
                f"llama-server: {theirs.ratio:.3f}; {theirs}",
            )
        )
    return [*rows, _redone(bench, redone)]


def cancel(bench: Bench) -> list[Row]:
    """From the cancel of a prompt of 2000 tokens that is computed to the request's end."""
    times, freed = [], []
    with bench.model.engine(CELLS) as engine, engine.serving():
        for number in range(4 * bench.rounds):
            free = engine.prefixes.cells.free
            prompt = random_tokens(CANCELLED_PROMPT, 500 + number)
            asked = engine.submit(Wanted(prompt, number % (BACKGROUND + 1), max_tokens=8))
            time.sleep(0.4 + 0.23 * number % 1.0)
            assert not asked.done, "it was faster than the cancel"
            begun = time.perf_counter()
            engine.cancel(asked)
            asked.wait()
            times.append((asked.ended - begun) * 1e3)
            freed.append(free - engine.prefixes.cells.free)
            bench.say(f"cancel {number + 1} of {4 * bench.rounds}: {times[-1]:.1f} ms")
    note = (
        f"the slowest of {len(times)}, of all classes; median {median(times):.1f} ms; of the "
        f"prompt {median(freed):.0f} cells stay as a known beginning until others need them"
    )
    return [bench.row("cancel_in_prefill_ms", round(max(times), 1), "<=50", note)]


class _Questions:
    """Prompts with the same head and another question each."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._number = bench, 0

    def next(self) -> tuple[int, ...]:
        self._number += 1
        question = home.question(self._number)
        numbered = Message(question.role, f"{question.content} ({self._number})")
        return self._bench.model.prompt([home.head(), numbered])


def _ours(
    engine: Engine, questions: _Questions, times: _Times, length: int, number: int
) -> list[Counts]:
    """One sample alone and two beside; what the background requests had cost when they ended."""

    def first_token() -> float:
        return engine.submit(Wanted(questions.next(), VOICE, max_tokens=1)).wait().seconds

    first_token()  # has the head in memory
    times.alone.append(first_token())
    others = [_background(engine, length, 100 * number + n) for n in range(BESIDE)]
    _beside(times, first_token)
    for other in others:
        engine.cancel(other)
    return [other.wait().counts for other in others]


def _background(engine: Engine, length: int, seed: int) -> Asked:
    prompt = random_tokens(length, seed + length)
    return engine.submit(Wanted(prompt, BACKGROUND, max_tokens=BACKGROUND_TOKENS, lookup=False))


def _theirs(
    server: LlamaServer, questions: _Questions, times: _Times, length: int, number: int
) -> None:
    def first_token() -> float:
        return server.ask(questions.next(), 1, slot(VOICE_SLOT)).seconds

    first_token()
    times.alone.append(first_token())
    others: list[Running] = []
    for other in range(BESIDE):
        prompt = random_tokens(length, 100 * number + other + length)
        body = {"id_slot": other, "cache_prompt": False, "ignore_eos": True}
        others.append(server.submit(prompt, BACKGROUND_TOKENS, body))
    _beside(times, first_token)
    for running in others:
        running.cancel()


def _beside(times: _Times, first_token: Callable[[], float]) -> None:
    """Samples with a while between them in which the others go on."""
    for pause in (1.5, 1.1):
        time.sleep(pause)
        times.beside.append(first_token())


def _redone(bench: Bench, background: Sequence[Counts]) -> Row:
    """Tokens that one preemption made be computed again, beyond one batch."""
    most = max(counts.redone for counts in background)
    total, samples = sum(counts.redone for counts in background), len(background)
    note = (
        f"{total} tokens redone in {samples} background requests that were preempted twice each, "
        f"at most {most} in one; a batch has up to {UBATCH}"
    )
    return bench.row("redone_beyond_a_batch_tokens", max(0, most - 2 * UBATCH), "0", note)
