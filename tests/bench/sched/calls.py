"""Answers that must call a tool, whose host dies before, while or after it makes the call."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter

from laresd.backends.workers.supervisor import Worker
from laresd.core.scheduler.counts import Event
from laresd.errors import LaresError
from laresd.generation import Choice, Generation, Message, Role, Tool
from tests.bench.results import Row
from tests.bench.sched.streams import SEED, Death
from tests.fakes.chat_templates import HERMES
from tests.fakes.lan import Lan
from tests.fakes.llama_hosts import RealServer, llama_server
from tests.fakes.wire import a_wire, a_worker

COMMAND = "make bench-sched ONLY=calls"
ANSWERS = 60
LATEST_S = 1.2  # after the question; the host makes its call within about a second
LAMP = Tool("switch_lamp", "Switch the lamp on or off.", {"type": "object", "properties": {}})
ASKED = Generation(
    (Message(Role.USER, "Switch the lamp on."),),
    max_tokens=48,
    tools=(LAMP,),
    choice=Choice.REQUIRED,
    max_calls=1,
)


def calls() -> list[Row]:
    with tempfile.NamedTemporaryFile("w", suffix=".jinja") as template:
        template.write(HERMES)  # SmolLM2's own knows no tools
        template.flush()
        with llama_server("--jinja", "--chat-template-file", template.name) as server:
            return asyncio.run(_measured(server))


async def _measured(server: RealServer) -> list[Row]:
    dice, found = random.Random(SEED), Counter[str]()
    async with a_worker() as worker:
        for _ in range(ANSWERS):
            death = Death(dice.choice(["reset", "garbage", "hang"]), 0)
            await _one(server, worker, death, dice.uniform(0.02, LATEST_S), found)
    note = (
        f"{ANSWERS} answers that must call a tool; the host died in {found['died']} of them, of "
        f"which the box went on with all but {found['failed']}; {found['executed']} calls executed"
    )
    return [Row("sched/tool_calls_executed_twice", found["twice"], "0", COMMAND, note=note)]


async def _one(
    server: RealServer, worker: Worker, death: Death, seconds: float, found: Counter[str]
) -> None:
    async with a_wire(server, worker) as wire, asyncio.TaskGroup() as tasks:
        dying = tasks.create_task(_later(seconds, death, wire.lan))
        try:
            told = await wire.stream(ASKED)
        except LaresError:
            found["failed"] += 1
            return
        finally:
            dying.cancel()
        executed = sum(len(ending.calls) for ending in told.endings)
        found["executed"] += executed
        found["twice"] += executed > 1
        found["died"] += wire.counts.events[Event.LOST, "tower"] > 0


async def _later(seconds: float, death: Death, lan: Lan) -> None:
    await asyncio.sleep(seconds)
    death.do(lan)
