"""The machine itself while Lares runs: looked at every few seconds, and helped when it is short of
memory or of power.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from laresd.backends.board.energy import PmicMeter, RaplMeter
from laresd.backends.board.firmware import Firmware
from laresd.backends.board.governor import Governor
from laresd.backends.board.heat import SysfsBoard
from laresd.backends.board.kind import Model, recognise
from laresd.backends.board.pressure import SystemPressure, Trigger
from laresd.backends.board.wear import Medium, Storage, storage
from laresd.config import Config
from laresd.core.board_report import Seen, metrics, status_row
from laresd.core.power import (
    Bounds,
    Measures,
    Need,
    Spent,
    Standing,
    is_weak,
    judge,
    measures,
    seconds_of,
)
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.thermal import Weather
from laresd.ports import Board, Clock, Meter, Pressures, Spare
from laresd.turns import Sign
from laresd.types import Json, Priority, Reply

log = logging.getLogger(__name__)

CALM_S, NEED_S = 5.0, 1.0  # between two looks
STORAGE_S = 300.0  # between two looks at the disk
PENDING = 256  # answers between two looks whose energy is told
_TURN = (Sign.LISTENING, Sign.THINKING, Sign.SPEAKING)


class Speed(Protocol):
    """The clock of the processor."""

    async def fast(self) -> bool:
        """False where it may not be set."""
        ...

    async def back(self) -> None:
        """As it was before."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is to look at, and with. `meter` None: the energy is estimated; `governor` None:
    the clock is left alone. `storage` tells the bytes that are free, too.
    """

    model: Model
    board: Board
    pressure: Pressures
    meter: Meter | None
    meter_how: str
    governor: Speed | None
    storage: Callable[[], Awaitable[tuple[Storage, int]]]
    throttles: bool


async def parts_of(config: Config, clock: Clock, root: Path = Path("/")) -> Parts:
    """Of this machine; `root` is "/" but in tests."""
    model = await asyncio.to_thread(recognise, root)
    firmware = await asyncio.to_thread(Firmware.found) if model.is_pi else None
    board = SysfsBoard(root / "sys", firmware)
    meter, how = await _meter(model, firmware, clock, root / "sys")
    return Parts(
        model,
        board,
        SystemPressure(root / "proc"),
        meter,
        how,
        Governor(root / "sys") if config.board.boost else None,
        partial(asyncio.to_thread, _storage, config.box.state_dir, root / "sys"),
        await board.tells_throttling(),
    )


class Machine:
    """`run` must run; before its first look nothing is known."""

    def __init__(self, config: Config, clock: Clock, parts: Parts) -> None:
        self._config, self._clock, self.parts = config, clock, parts
        self._bounds = Bounds(config.board.stall_percent, config.board.available_percent)
        self._news = asyncio.Event()
        self._pending: deque[float] = deque(maxlen=PENDING)
        self._seen = Seen(str(parts.model.kind), parts.model.name, throttles=parts.throttles)
        self._storage: tuple[Storage, int] = (Storage(Medium.OTHER), 0)
        self._looked_at = self._storage_at = self._weak_at = float("-inf")
        self._standing, self._measures, self._held = Standing(), Measures(), False
        self._spent, self._released = Spent(), 0
        self.pace = Pace(parts.governor)

    @property
    def seen(self) -> Seen:
        """At the last look."""
        return self._seen

    def replied(self, reply: Reply) -> None:
        """An answer was given: its energy is that of the time that it took."""
        if reply.spans:
            self._pending.append(seconds_of(reply.spans))

    def row(self) -> dict[str, Json]:
        return status_row(self._seen)

    def metrics(self) -> str:
        return metrics(self._seen)

    async def run(
        self,
        gate: Gate,
        spares: Sequence[Spare],
        weather: Callable[[], Weather],
        arm: Callable[[Callable[[], None]], Trigger] = Trigger,
    ) -> None:
        """Until cancelled. `gate` is kept from work that nobody waits for while there is need."""
        with contextlib.ExitStack() as held, arm(self._news.set):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pace.run(), name="clock of the processor")
                while True:
                    await self._look(weather())
                    self._relieve(gate, spares, held)
                    pause = CALM_S if self._standing.need is Need.NONE else NEED_S
                    await self._clock.wait(self._news, self._clock.now() + pause)

    async def _look(self, weather: Weather) -> None:
        now, parts = self._clock.now(), self.parts
        reading, pressure = await parts.board.reading(), await parts.pressure.pressure()
        alarmed = self._news.is_set()
        self._news.clear()
        if self._config.board.relieve:
            self._standing = judge(pressure, self._bounds, self._standing, now, alarmed=alarmed)
        if is_weak(reading):
            self._weak_at = now
        self._measures = measures(self._standing, reading, weather, now - self._weak_at)
        self.pace.allow(self._measures.boost)
        if now - self._storage_at >= STORAGE_S:
            self._storage, self._storage_at = await parts.storage(), now
        joules = await parts.meter.joules() if parts.meter is not None else None
        watts = self._watts(joules, now)
        self._account(watts)
        medium, free = self._storage
        self._seen = Seen(
            str(parts.model.kind),
            parts.model.name,
            throttles=parts.throttles,
            reading=reading,
            pressure=pressure,
            need=self._standing.need,
            why=self._standing.why,
            background=self._measures.background,
            released=self._released,
            free_bytes=free,
            medium=str(medium.medium),
            worn_percent=medium.used,
            reserve=str(medium.reserve),
            joules=joules,
            watts=watts,
            meter=parts.meter_how,
            spent=self._spent,
            kwh_price=self._config.board.kwh_price,
        )
        self._looked_at = now

    def _watts(self, joules: float | None, now: float) -> float | None:
        """Of the time since the last look; None: not measured, or not yet."""
        before, past = self._seen.joules, now - self._looked_at
        if joules is None or before is None or past <= 0:
            return None
        return max(joules - before, 0.0) / past

    def _account(self, watts: float | None) -> None:
        """Answers since the last look, by the power in that time, else by scheduler.watts."""
        if self.parts.meter is not None and watts is None:
            return
        power = self._config.scheduler.watts if watts is None else watts
        while self._pending:
            self._spent = self._spent.with_answer(self._pending.popleft(), power)

    def _relieve(self, gate: Gate, spares: Sequence[Spare], held: contextlib.ExitStack) -> None:
        hold = not self._measures.background
        if hold and not self._held:
            why = self._standing.why or "this box gets too little voltage"
            log.warning("work that nobody waits for stops: %s", why)
            held.enter_context(gate.taken(Priority.AUTOMATION))
        elif self._held and not hold:
            log.info("work that nobody waits for goes on")
            held.close()
        self._held = hold
        for spare in spares if self._measures.give_back else ():
            if spare.rest():
                self._released += 1
                log.warning("%s gave its memory back: %s", spare.name, self._standing.why)


class Pace:
    """Port Signs: the clock is raised while somebody is listened to, thought for or answered, at
    any ear. `governor` None: it is left alone.
    """

    def __init__(self, governor: Speed | None) -> None:
        self._governor = governor
        self._allowed, self._sites = False, set[str]()
        self._changed = asyncio.Event()

    def show(self, sign: Sign, site: str) -> None:
        if sign in _TURN:
            self._sites.add(site)
        else:
            self._sites.discard(site)
        self._changed.set()

    def allow(self, allowed: bool) -> None:
        """Whether the board may be asked for more now."""
        self._allowed = allowed
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled; then the clock is as it was."""
        if self._governor is None:
            return
        fast = False
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                wanted = self._allowed and bool(self._sites)
                if wanted and not fast:
                    fast = True
                    if not await self._governor.fast():
                        log.warning("the clock governor may not be set: board.boost has no effect")
                        return
                elif fast and not wanted:
                    await self._governor.back()
                    fast = False
        finally:
            if fast:
                await self._governor.back()


async def _meter(
    model: Model, firmware: Firmware | None, clock: Clock, sysfs: Path
) -> tuple[Meter | None, str]:
    """The best that answers, and where its figures come from."""
    found: list[tuple[Meter, str]] = [(RaplMeter(sysfs), "the CPU's counter (RAPL)")]
    if model.measures_watts and firmware is not None:
        found.insert(0, (PmicMeter(firmware, clock.now), "the board's power chip, by a fit"))
    for meter, how in found:
        if await meter.joules() is not None:
            return meter, how
    return None, ""


def _storage(folder: Path, sysfs: Path) -> tuple[Storage, int]:
    return storage(folder, sysfs), _free(folder)


def _free(folder: Path) -> int:
    """Bytes, where the folder is or will be; 0 where that cannot be told."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0
