"""How long a stream stands still when its host dies: from its last token to the box's first."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import replace

from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.backends.workers.supervisor import Worker
from laresd.generation import Generation, Message, Role, Said
from tests.bench.results import Row
from tests.bench.sched.streams import Death
from tests.fakes.llama_hosts import RealServer, llama_server
from tests.fakes.wire import Wire, a_wire, a_worker
from tests.fakes.workers import soon

COMMAND = "make bench-sched ONLY=gaps"
ROUNDS = 12
AFTER = 10  # tokens of the answer, then the host dies
CONTEXT = "The lamp in the hall was switched on at six and off at nine. " * 24  # about 400 tokens


def gaps() -> list[Row]:
    with llama_server() as server:
        return asyncio.run(_measured(server))


async def _measured(server: RealServer) -> list[Row]:
    rows = []
    async with a_worker() as worker:
        for how, goal in (("reset", 1.0), ("hang", 2.5)):
            seen, alone = [], []
            for number in range(ROUNDS):
                asked = _question(f"{how} {number}")  # nobody has read it before
                async with a_wire(server, worker) as wire:
                    seen.append(await _gap(wire, asked, how))
                alone.append(await _prefill(worker, _question(f"prefill {how} {number}")))
            over = [max(gap - statistics.median(alone), 0.0) for gap in seen]
            note = (
                f"longest of {ROUNDS}; the whole gap {max(seen):.2f} s (median "
                f"{statistics.median(seen):.2f} s), of which the box's prefill of the journal "
                f"takes {statistics.median(alone):.2f} s ({min(alone):.2f} to {max(alone):.2f} s); "
                "SmolLM2, about 400 tokens of prompt"
            )
            name = f"sched/gap_at_{how}_without_prefill_s"
            rows.append(Row(name, round(max(over), 3), f"<={goal}", COMMAND, note=note))
    return rows


async def _gap(wire: Wire, asked: Generation, how: str) -> float:
    death = Death(how, AFTER)
    told = await wire.stream(asked, after=AFTER, then=lambda: death.do(wire.lan))
    return max(told.gaps[AFTER:])


async def _prefill(worker: Worker, asked: Generation) -> float:
    """Seconds to the first token of an answer that is gone on with, of a prompt that is new."""
    loop = asyncio.get_running_loop()
    model, began = WorkerLanguageModel(worker), loop.time()
    said = replace(asked, said=Said("The lamp was switched on at six in the evening,"))
    answer = model.generate(said, deadline=soon())
    await anext(answer)
    seconds = loop.time() - began
    await answer.aclose()
    return seconds


def _question(mark: str) -> Generation:
    text = f"{mark}. {CONTEXT} Tell all of that again in other words."
    return Generation((Message(Role.USER, text),), max_tokens=40)
