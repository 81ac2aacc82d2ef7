"""A whole box with a host next door, as a program over HTTP and `lares hosts` see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from laresd.app import Box
from laresd.commands.client import parts
from laresd.config import Config, HostSettings, Http, Scheduler
from laresd.core.scheduler.engine import THIS_BOX
from laresd.jobs import HostKind
from laresd.types import Json
from tests.fakes.openai_formats import Fault
from tests.fakes.openai_host import ANSWER, OpenAiHost
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow

QUESTION: dict[str, Json] = {
    "messages": [{"role": "user", "content": "What is the weather like?"}],
    "max_tokens": 60,
}
PRIVATE = {"X-Lares-Reach": "device"}


@dataclass(frozen=True)
class House:
    """The box, a host that is a program of the test, and a client of the box's API."""

    box: Box
    tower: OpenAiHost
    client: aiohttp.ClientSession

    async def chat(self, headers: dict[str, str] | None = None) -> tuple[str, str]:
        """What is said, and where."""
        url = "/v1/chat/completions"
        async with self.client.post(url, json=QUESTION, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            told = await answer.json()
            text = told["choices"][0]["message"]["content"]
            return str(text), answer.headers["X-Lares-Where"]

    async def rows(self, op: str = "hosts") -> list[dict[str, Json]]:
        return await asyncio.to_thread(lambda: [*parts(self.box.config, {"op": op})])

    async def metrics(self) -> str:
        async with self.client.get("/metrics") as answer:
            return await answer.text()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        tower = await stack.enter_async_context(OpenAiHost(HostKind.LLAMA_SERVER))
        config: Config = replace(
            settings(tmp_path),
            hosts={"tower": HostSettings(url=tower.url, kind="llama-server")},
            scheduler=Scheduler(policy="host-first", discover=False, probe_s=1.0),
            http=Http(port=0),
        )
        box = await stack.enter_async_context(a_box(config))
        await box.workers["llm"].wait_ready(deadline=box.clock.now() + PATIENCE)
        await box.mind.pool.looked()
        assert box.http is not None
        client = aiohttp.ClientSession(f"http://127.0.0.1:{box.http.port}")
        yield House(box, tower, await stack.enter_async_context(client))


async def test_a_program_is_answered_by_the_host_and_is_told_so(house: House) -> None:
    assert await house.chat() == (ANSWER, "tower")
    assert 'lares_placements_total{engine="tower",reason="host-first"} 1' in await house.metrics()


async def test_a_private_question_stays_on_the_box(house: House) -> None:
    seen = len(house.tower.seen)
    said, where = await house.chat(PRIVATE)
    assert said
    assert where == THIS_BOX
    assert not [one for one in house.tower.seen[seen:] if "completion" in one.path]


async def test_a_host_that_breaks_off_costs_the_program_nothing(house: House) -> None:
    house.tower.fault = Fault.RESET
    said, where = await house.chat()
    assert where == THIS_BOX
    assert said.startswith(ANSWER[:4]), "what the host said is lost"
    assert len(said) > 8, "the box did not go on"


async def test_the_hosts_are_told_with_their_state(house: House) -> None:
    here, tower = await house.rows()
    assert (here["name"], here["state"]) == (THIS_BOX, "ready")
    assert (tower["name"], tower["state"], tower["kind"]) == ("tower", "ready", "llama-server")
    assert tower["url"] == house.tower.url


async def test_a_question_that_no_grammar_knows_may_be_answered_by_the_host(
    house: House,
) -> None:
    answer = "Mount Everest is the tallest mountain on earth."
    house.tower.traits = replace(house.tower.traits, answer=answer)
    reply = await ask(house.box, "what is the tallest mountain on earth")
    assert reply.text == answer
    assert [span.detail.get("where") for span in reply.spans] == ["tower"]
