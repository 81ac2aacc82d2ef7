"""What the scheduler tells of itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.counts import IDLE_S, Counts, Event
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.report import engine_row, happening_row, metrics, titled
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.generation import Generation, Message, Role
from tests.fakes.lan_hosts import FACTS, FakeHost, FakeHosts
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.virtual_time import virtual_time

ASKED = Generation((Message(Role.USER, "Hello"),), max_tokens=8)


@virtual_time
async def test_an_answer_is_told_as_it_happens_and_counted() -> None:
    clock = SystemClock()
    facts = replace(FACTS, model="/models/big.gguf", models=("/models/big.gguf",))
    tower = FakeHost("tower", FakeLanguageModel("a b c", seconds=0.01), facts)
    counts = Counts(clock.wall, 5.0)
    pool = Pool(local=None, hosts=FakeHosts(tower), clock=clock, settings=Scheduler())
    model = ScheduledLanguageModel(pool, counts, clock, local=None)
    seen = []

    async def watch() -> None:
        async for happening in counts.watch():
            seen.append(happening_row(happening))

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(model.run()), tasks.create_task(watch())]
        await pool.looked()
        async for _ in model.generate(ASKED, deadline=clock.now() + 60):
            pass
        await asyncio.sleep(IDLE_S + 1)
        for task in running:
            task.cancel()
        row = engine_row(pool.engines[1], clock.now())
        told = metrics(pool, counts, clock.now())
    assert [one["event"] for one in seen] == [Event.PLACED, Event.DONE, Event.IDLE]
    assert seen[0]["where"] == "tower"
    assert seen[0]["reason"] == "only"
    assert "nobody else can" in str(seen[0]["words"])
    assert (row["state"], row["model"], row["models"]) == ("ready", "big.gguf", ["big.gguf"])
    assert float(str(row["decode_speed"])) > 0
    assert 'lares_placements_total{engine="tower",reason="only"} 1\n' in told
    assert 'lares_scheduler_events_total{engine="tower",event="done"} 1\n' in told
    assert 'lares_engine_up{engine="tower"} 1\n' in told
    assert 'lares_first_token_seconds_count{engine="tower"} 1\n' in told
    assert 'lares_token_seconds{engine="tower",quantile="0.95"} 0.01\n' in told
    assert told.endswith("\n")


def test_a_model_is_called_by_its_file_and_not_by_its_folder() -> None:
    assert titled("/models/qwen.gguf") == "qwen.gguf"
    assert titled("meta-llama/Llama-3.2-3B") == "meta-llama/Llama-3.2-3B"
