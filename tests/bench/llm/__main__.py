"""`make bench-llm`: every row of the LLM engine's table, us and the peer in turn.

    make bench-llm [MODEL=smollm2|3b] [ONLY=decode,prefill] [ROUNDS=5]

Close other work while it runs; quote the ratios. What it needs is made once, outside the
repository, in ~/.cache/lares-bench: llama.cpp's programs and the 3B model with random weights.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from laresd.backends.workers.process import CALM
from laresd.backends.workers.specs import LLAMA_ENVIRONMENT
from laresd.engines.llm.loading import embedded_model
from tests.bench.llm import build, calls, heads, lookup, memory, speed, voice, weights
from tests.bench.llm.bench import Bench
from tests.bench.llm.engine import cores
from tests.bench.llm.peer import LlamaBench
from tests.bench.measures import names_among, options, say, take
from tests.bench.results import Row

MOST_THREADS = 4
BEHIND = 512  # tokens: how far into a prompt the peer is tuned
ROUNDS = {"smollm2": 5, "3b": 3}
MEASURES: dict[str, Callable[[Bench], list[Row]]] = {
    "decode": speed.decode,
    "prefill": speed.prefill,
    "four": speed.four,
    "tool_call": calls.tool_call,
    "compact": calls.compact,
    "restart": heads.restart,
    "stored_head": heads.stored_head,
    "voice": voice.voice,
    "lookup": lookup.lookup,
    "memory": memory.memory,
    "cancel": voice.cancel,
}


def main() -> None:
    wanted = _arguments()
    _calm()
    threads = wanted.threads or min(MOST_THREADS, cores())
    tools = build.tools()
    for label in wanted.model:
        peer = LlamaBench(tools, _model(label), threads)
        bench = Bench(
            label=label,
            peer=peer,
            tuning=peer.best(behind=BEHIND),
            rounds=wanted.rounds or ROUNDS[label],
            command=f"make bench-llm MODEL={label}",
        )
        measures = {name: partial(measure, bench) for name, measure in MEASURES.items()}
        take(wanted, measures, bench.say)


def _arguments() -> argparse.Namespace:
    parser = options("llm", MEASURES)
    parser.add_argument("--model", type=names_among(ROUNDS), default=[*ROUNDS], help="smollm2,3b")
    parser.add_argument("--rounds", type=int, default=0, help="0: 5 of smollm2, 3 of the 3b")
    parser.add_argument("--threads", type=int, default=0, help="0: one per core, at most 4")
    return parser.parse_args()


def _calm() -> None:
    """Start anew with the environment that the daemon gives its workers: OpenMP reads it once."""
    wanted = {**CALM, **LLAMA_ENVIRONMENT}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        arguments = [sys.executable, "-m", "tests.bench.llm", *sys.argv[1:]]
        os.execve(sys.executable, arguments, {**os.environ, **wanted})


def _model(label: str) -> Path:
    if label == "smollm2":
        return embedded_model()
    path = build.CACHE / "models" / "llama-3b-shape-q4_k_m.gguf"
    if not path.exists():
        say(f"{path.name} is made: 2.0 GB, about a minute")
        weights.make(build.source(), path)
    return path


if __name__ == "__main__":
    main()
