"""The scheduler with its engines, running for the length of a measurement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from laresd.backends.clock import SystemClock
from laresd.config import Scheduler
from laresd.core.scheduler.counts import Counts, Event
from laresd.core.scheduler.placement import Placement
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.ports import Host, LocalModel
from laresd.types import Priority
from tests.fakes.lan_hosts import FakeHosts
from tests.fakes.pools import looking


class Watching(Counts):
    """Keeps what was forecast: the first placement of the answer that a task reads."""

    def __init__(self, clock: SystemClock, hedge_percent: float) -> None:
        super().__init__(clock.wall, hedge_percent)
        self._first: dict[asyncio.Task[object] | None, Placement] = {}

    def placed(self, priority: Priority, placement: Placement) -> None:
        super().placed(priority, placement)
        self._first.setdefault(asyncio.current_task(), placement)

    def first(self) -> Placement | None:
        """Of the task that asks; None where nothing was placed for it."""
        return self._first.get(asyncio.current_task())

    def sum(self, event: Event) -> int:
        return sum(count for (each, _), count in self.events.items() if each is event)


class House:
    """A box and its hosts. Use it inside `running`."""

    def __init__(
        self,
        hosts: Sequence[Host],
        local: LocalModel,
        settings: Scheduler | None = None,
        *,
        context: int = 0,
    ) -> None:
        clock, settings = SystemClock(), settings or Scheduler()
        self.counts = Watching(clock, settings.hedge_percent)
        self.pool = Pool(
            local=local, hosts=FakeHosts(*hosts), clock=clock, settings=settings, context=context
        )
        self.model = ScheduledLanguageModel(self.pool, self.counts, clock, local=local)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the moment at which every host was looked at once."""
        async with looking(self.pool, self.model.run):
            yield
