"""Tokens a second: one sequence over llama-bench, four over llama-server."""

from __future__ import annotations

import random
from dataclasses import replace

from laresd.engines.llm.sequence import Wanted
from tests.bench.llm.bench import Bench
from tests.bench.llm.engine import VOICE, Model
from tests.bench.results import Row

DECODED, READ = 128, 512
SEQUENCES = 4
_ORDINARY = 10_000  # token ids up to here are text in both vocabularies


def decode(bench: Bench) -> list[Row]:
    ours, theirs = [], []
    either = replace(bench.tuning, flash="on,off")
    for number in range(bench.rounds):
        ours.append(_decode(bench.model))
        peer = bench.peer.run(either, prefill=0, decode=DECODED)
        theirs.append(peer.decode)
        bench.say(f"decode {number + 1} of {bench.rounds}: {ours[-1]:.2f}, {theirs[-1]:.2f} tok/s")
    note = "sampling and the loop included, which llama-bench has none of"
    return [_over_bench(bench, "decode", ours, theirs, test=f"tg{DECODED}", note=note)]


def prefill(bench: Bench) -> list[Row]:
    ours, theirs = [], []
    either = replace(bench.tuning, flash="on,off")
    for number in range(bench.rounds):
        ours.append(_prefill(bench.model, number))
        peer = bench.peer.run(either, prefill=READ, decode=0)
        theirs.append(peer.prefill)
        bench.say(f"prefill {number + 1} of {bench.rounds}: {ours[-1]:.1f}, {theirs[-1]:.1f} tok/s")
    note = "in batches as the daemon computes a voice's prompt"
    return [_over_bench(bench, "prefill", ours, theirs, test=f"pp{READ}", note=note)]


def four(bench: Bench) -> list[Row]:
    """Four requests at once."""
    ours, theirs = [], []
    length = 48 if bench.large else DECODED
    with bench.server(cells=512, slots=SEQUENCES) as server:
        for number in range(bench.rounds):
            prompts = [random_tokens(8, 10 * number + n) for n in range(SEQUENCES)]
            ours.append(_together(bench.model, prompts, length))
            asked = [server.submit(prompt, length, {"ignore_eos": True}) for prompt in prompts]
            done = [each.wait() for each in asked]
            tokens = sum(each.tokens for each in done)
            theirs.append(tokens / max(each.seconds for each in done))
            shown = f"{ours[-1]:.2f}, {theirs[-1]:.2f} tok/s"
            bench.say(f"four {number + 1} of {bench.rounds}: {shown}")
    return [
        bench.ratio(
            "four_sequences_over_llama_server",
            ours,
            theirs,
            ">=1.00",
            unit="tok/s",
            beside=f"llama-server -np {SEQUENCES}",
            note=f"{length} tokens each, all together",
        )
    ]


def random_tokens(count: int, seed: int) -> tuple[int, ...]:
    """A prompt that no other begins like."""
    dice = random.Random(seed)
    return tuple(dice.randrange(1000, _ORDINARY) for _ in range(count))


def _decode(model: Model) -> float:
    with model.engine(cells=1024) as engine:
        (asked,) = engine.ask(Wanted((1000,), VOICE, max_tokens=DECODED, lookup=False))
        return asked.counts.sampled / asked.seconds


def _prefill(model: Model, seed: int) -> float:
    with model.engine(cells=1024) as engine:
        (asked,) = engine.ask(Wanted(random_tokens(READ, seed), VOICE, max_tokens=1))
        return READ / asked.seconds


def _together(model: Model, prompts: list[tuple[int, ...]], length: int) -> float:
    with model.engine(cells=2048) as engine:
        wanted = [Wanted(prompt, VOICE, max_tokens=length, lookup=False) for prompt in prompts]
        asked = engine.ask(*wanted)
        seconds = max(each.ended for each in asked) - min(each.began for each in asked)
        return sum(each.counts.sampled for each in asked) / seconds


def _over_bench(
    bench: Bench, what: str, ours: list[float], theirs: list[float], *, test: str, note: str
) -> Row:
    return bench.ratio(
        f"{what}_over_llama_bench",
        ours,
        theirs,
        ">=0.98",
        unit="tok/s",
        beside=f"llama-bench {test}",
        note=note,
    )
