"""A real llama-server and the box's own model with the same GGUF, and a wire that can be broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from laresd.app.mind import local_model
from laresd.backends.clock import SystemClock
from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.backends.workers.supervisor import Worker
from laresd.config import Llm, Scheduler
from laresd.core.scheduler.counts import Counts
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.generation import Ending, Generation
from laresd.jobs import Policy, Routing
from tests.fakes.lan import Lan
from tests.fakes.lan_hosts import FakeHosts
from tests.fakes.llama_hosts import RealServer
from tests.fakes.pools import looking
from tests.fakes.workers import running, soon

AT_HOST = Routing(policy=Policy.HOST_FIRST)
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Told:
    """One stream. `gaps`: seconds before each piece."""

    text: str
    tokens: tuple[int, ...]
    endings: tuple[Ending, ...]
    gaps: tuple[float, ...]

    @property
    def ending(self) -> Ending:
        """There is exactly one."""
        (one,) = self.endings
        return one


@dataclass(frozen=True, slots=True)
class Wire:
    """The box, its host, and the wire between them."""

    lan: Lan
    pool: Pool
    model: ScheduledLanguageModel
    counts: Counts

    async def stream(
        self,
        asked: Generation,
        routing: Routing = AT_HOST,
        *,
        after: int = -1,
        then: Callable[[], None] = lambda: None,
    ) -> Told:
        """The whole answer; after so many pieces `then` is done."""
        loop = asyncio.get_running_loop()
        asked, deadline = replace(asked, routing=routing), soon(PATIENCE)
        pieces, gaps, before = [], [], loop.time()
        async for piece in self.model.generate(asked, deadline=deadline):
            gaps.append(loop.time() - before)
            pieces.append(piece)
            if len(pieces) == after:
                then()
            before = loop.time()
        return Told(
            "".join(piece.text for piece in pieces),
            tuple(token for piece in pieces for token in piece.tokens),
            tuple(piece.ending for piece in pieces if piece.ending is not None),
            tuple(gaps),
        )


@asynccontextmanager
async def a_worker(context: int = 4096) -> AsyncIterator[Worker]:
    """The box's own model, loaded."""
    async with running(specs.language_model(Llm(context=context))) as worker:
        await worker.wait_ready(deadline=soon(PATIENCE))
        yield worker


@asynccontextmanager
async def a_wire(
    server: RealServer, worker: Worker, *, probe_s: float = Scheduler().probe_s
) -> AsyncIterator[Wire]:
    """New, so that nothing is known of the host yet but that it generates."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        lan = await stack.enter_async_context(Lan(int(server.url.rpartition(":")[2])))
        local = WorkerLanguageModel(worker)
        address = Address("tower", lan.url)
        host = HttpHost(HttpClient(address), local=lambda: local_model(worker))
        await stack.enter_async_context(host)
        counts = Counts(clock.wall, 0.0)
        settings = Scheduler(hedge_percent=0.0, probe_s=probe_s)
        pool = Pool(local=local, hosts=FakeHosts(host), clock=clock, settings=settings)
        model = ScheduledLanguageModel(pool, counts, clock, local=local)
        await stack.enter_async_context(looking(pool, model.run))
        yield Wire(lan, pool, model, counts)
