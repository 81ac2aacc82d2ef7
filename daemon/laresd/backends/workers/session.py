"""One life of a worker process: its calls, one or several at a time, until it dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

from laresd.backends.workers.process import Process, Spec
from laresd.errors import LaresError, Permanent, from_kind
from laresd.frames import Fields, Frame
from laresd.types import Json

MAX_UNREAD = 64  # frames of a stream that its reader has not taken; then the worker is held up
MAX_UNREAD_BESIDE = 8192  # where that would hold up others, too; then the call is given up
_FINAL = ("result", "ready", "error")


class Died(Exception):
    """The worker died during a call. `on_purpose`: it was ended because it was too slow."""

    def __init__(self, reason: str, *, on_purpose: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.on_purpose = on_purpose


class _Exchange:
    """A call in flight. None in `frames`: the worker is dead."""

    def __init__(self, number: int, unread: int) -> None:
        self.id = number
        self.frames: asyncio.Queue[Frame | None] = asyncio.Queue(unread)
        self.abandoned = False
        self.finished = False
        self.doom: asyncio.TimerHandle | None = None  # ends the worker when it overruns
        self.heard_at = asyncio.get_running_loop().time()  # when it last gave a sign of life

    def drop(self) -> None:
        """Make room, so that whoever puts a frame does not wait for a reader that left."""
        while not self.frames.empty():
            self.frames.get_nowait()


class Session:
    """Calls to one running process. `serve` must run meanwhile."""

    def __init__(self, process: Process, spec: Spec) -> None:
        self._process = process
        self._spec = spec
        self._open: dict[int, _Exchange] = {}  # by id: what the worker has not finished
        self._freed = asyncio.Event()
        self._count = 0
        self._death: Died | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def busy(self) -> bool:
        return bool(self._open)

    @property
    def silent_since(self) -> float | None:
        """When the call that is longest without a sign of life gave its last; None: no call."""
        return min((exchange.heard_at for exchange in self._open.values()), default=None)

    @property
    def dead(self) -> bool:
        return self._death is not None

    async def serve(self) -> Died:
        """Deliver frames until the process has died; then every call in flight knows it."""
        try:
            await self._receive()
            self._process.kill()  # it may have closed stdout and live on
            ended = await self._process.ended()
            self._death = self._death or Died(ended)
            return self._death
        finally:
            self._close()

    def kill(self, reason: str, *, on_purpose: bool = False) -> None:
        """End the process; the first reason is the one that is told."""
        self._death = self._death or Died(reason, on_purpose=on_purpose)
        self._process.kill()

    async def call(
        self, op: str, body: Mapping[str, Json], payload: bytes, *, deadline: float
    ) -> AsyncGenerator[Frame, None]:
        """The answer's frames: progress and parts, then the result.

        Raises Died, TimeoutError at the deadline, Refused for what is too long to be sent, or the
        error that the worker answered. Close it early to give the call up.
        """
        async with asyncio.timeout_at(deadline):
            exchange = await self._begin()
        try:
            async with asyncio.timeout_at(deadline):
                await self._send(exchange, Frame(op, exchange.id, body, payload))
            while True:
                frame = await self._next(exchange, deadline)
                if frame.op == "error":
                    fields = Fields(frame.body)
                    remedy = fields.text("remedy", "")
                    raise from_kind(fields.text("kind"), fields.text("message"), remedy)
                yield frame
                if frame.op in _FINAL:
                    return
        finally:
            if not exchange.finished:
                self._abandon(exchange)

    async def _begin(self) -> _Exchange:
        """A new exchange, once the worker has a place for it."""
        while len(self._open) >= self._spec.at_once and self._death is None:
            self._freed.clear()
            await self._freed.wait()
        if self._death is not None:
            raise self._death
        self._count += 1
        unread = MAX_UNREAD if self._spec.at_once == 1 else MAX_UNREAD_BESIDE
        exchange = self._open[self._count] = _Exchange(self._count, unread)
        return exchange

    async def _send(self, exchange: _Exchange, frame: Frame) -> None:
        try:
            await self._process.send(frame)
        except LaresError:  # nothing of it was sent
            self._release(exchange)
            raise

    async def _next(self, exchange: _Exchange, deadline: float) -> Frame:
        loop = asyncio.get_running_loop()
        stalled = loop.time() + self._spec.stall_s
        try:
            async with asyncio.timeout_at(min(stalled, deadline)):
                frame = await exchange.frames.get()
        except TimeoutError:
            if deadline <= stalled:
                raise
            self.kill(f"gave no sign of life for {self._spec.stall_s:g} s and was killed")
            raise self._death or Died("hung") from None
        if frame is None:
            raise self._death or Died("died")
        return frame

    async def _receive(self) -> None:
        try:
            while (frame := await self._process.receive()) is not None:
                await self._deliver(frame)
        except Permanent as error:
            self.kill(f"sent what is not a frame: {error.message}")

    def _close(self) -> None:
        self._death = self._death or Died("was stopped")
        for exchange in self._open.values():
            _cancel_doom(exchange)
            if exchange.frames.full():
                exchange.drop()
            exchange.frames.put_nowait(None)
        self._freed.set()

    async def _deliver(self, frame: Frame) -> None:
        exchange = self._open.get(frame.id)
        if exchange is None:
            raise Permanent(f"{frame.op} for request {frame.id}, which is not running")
        exchange.heard_at = asyncio.get_running_loop().time()
        if frame.op in _FINAL:
            self._release(exchange)
        if exchange.abandoned:
            return
        if exchange.frames.full() and self._spec.at_once > 1:
            self._overflow(exchange)
        else:
            await exchange.frames.put(frame)

    def _release(self, exchange: _Exchange) -> None:
        exchange.finished = True
        del self._open[exchange.id]
        _cancel_doom(exchange)
        self._freed.set()

    def _overflow(self, exchange: _Exchange) -> None:
        """Give up a call whose answer nobody reads, since the others' frames come after it."""
        exchange.drop()
        error: dict[str, Json] = {
            "kind": "temporary",
            "message": f"{self._spec.name} answered faster than the answer was read",
        }
        exchange.frames.put_nowait(Frame("error", exchange.id, error))
        if not exchange.finished:
            self._give_up(exchange)

    def _abandon(self, exchange: _Exchange) -> None:
        """Nobody waits for this call any more: the worker may finish it, within its grace."""
        exchange.drop()
        if self.dead or exchange.abandoned:
            exchange.abandoned = True
            return
        if self._spec.grace_s <= 0:
            self.kill("was ended: a request took too long", on_purpose=True)
            return
        self._give_up(exchange)

    def _give_up(self, exchange: _Exchange) -> None:
        exchange.abandoned = True
        with contextlib.suppress(ConnectionError):
            self._process.post(Frame("cancel", exchange.id))
        reason = f"was ended: a request overran by {self._spec.grace_s:g} s"
        loop = asyncio.get_running_loop()
        exchange.doom = loop.call_later(self._spec.grace_s, self.kill, reason)


def _cancel_doom(exchange: _Exchange) -> None:
    if exchange.doom is not None:
        exchange.doom.cancel()
        exchange.doom = None
