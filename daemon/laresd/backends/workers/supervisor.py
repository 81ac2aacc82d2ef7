"""A worker that is there whenever it can be: started, watched, restarted, asked again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from laresd.backends.workers.process import Process, Spec
from laresd.backends.workers.session import Died, Session
from laresd.backends.workers.state import Life, Phase
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.frames import Frame
from laresd.types import Json

ATTEMPTS = 2  # a request whose worker died gets one more
OVERDUE_S = 30.0  # beyond every time limit, after which the supervision itself must be stuck
UNUSED = "unused"  # the phase of one that nobody has asked yet, and that is not started before
_STDERR_GRACE = 0.2  # seconds for the last words of a dead process to arrive

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What `lares doctor` and the status topic tell of a worker. `facts`: what its engine said."""

    name: str
    phase: str
    pid: int | None
    restarts: int
    queued: int
    rss_mb: float | None
    error: str
    facts: Mapping[str, Json] = field(default_factory=dict)


class Worker:
    """A supervised worker process. `run` must run while requests are made.

    Requests are served in order, as many at a time as the engine takes (`Spec.at_once`). One whose
    worker dies is tried once more, unless part of its answer was already handed out.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._life = Life(spec.name)
        self._since: float | None = None  # when its phase last changed; None: it does not run yet
        self._session: Session | None = None
        self._facts: Mapping[str, Json] = {}
        self._kept: dict[str, tuple[str, Mapping[str, Json]]] = {}
        self._places = asyncio.Semaphore(spec.at_once)
        self._queued = 0
        self._changed = asyncio.Event()
        self._wake = asyncio.Event()
        self._wanted = asyncio.Event()
        if not spec.on_demand:
            self._wanted.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._become(self._life.stopped())

    async def run(self) -> None:
        """Keep the process alive until this is cancelled; then end it, in well under a second."""
        try:
            await self._wanted.wait()
            self._since = asyncio.get_running_loop().time()
            while True:
                await self._live()
                await self._pause()
                self._become(self._life.starting())
                await self._needed()
        finally:
            self._become(self._life.stopped())

    async def call(
        self, op: str, body: Mapping[str, Json], payload: bytes = b"", *, deadline: float
    ) -> Frame:
        """The result of one request.

        Raises Temporary (died twice, restarting, too many waiting), DeadlineExceeded, Permanent
        (cannot be loaded), or the error that the engine answered.
        """
        async with contextlib.aclosing(self.stream(op, body, payload, deadline=deadline)) as frames:
            async for frame in frames:
                if frame.op == "result":
                    return frame
        raise Temporary(f"{self._spec.name} gave no result")

    async def stream(
        self, op: str, body: Mapping[str, Json], payload: bytes = b"", *, deadline: float
    ) -> AsyncGenerator[Frame, None]:
        """The parts of the answer as they come, then its result; errors as for `call`."""
        for attempt in range(1, ATTEMPTS + 1):
            begun = False
            try:
                async with (
                    self._place(deadline),
                    self._ready(deadline) as session,
                    contextlib.aclosing(
                        session.call(op, body, payload, deadline=deadline)
                    ) as frames,
                ):
                    async for frame in frames:
                        if frame.op != "progress":
                            begun = True
                            yield frame
                return
            except Died as death:
                if begun or attempt == ATTEMPTS:
                    raise self._lost(death) from death
                log.warning("%s %s; the request is tried again", self._spec.name, death.reason)
            except TimeoutError as late:
                raise DeadlineExceeded(f"{self._spec.name} did not answer in time") from late

    async def wait_ready(self, *, deadline: float) -> None:
        """Until it takes requests. Raises what a request would, DeadlineExceeded when too late."""
        try:
            async with self._ready(deadline):
                return
        except TimeoutError as late:
            raise DeadlineExceeded(f"{self._spec.name} was not ready in time") from late

    def keep(self, key: str, op: str, body: Mapping[str, Json]) -> None:
        """Send this request after every load from now on, before any other.

        It takes the place of what was kept under the same key.
        """
        self._kept[key] = (op, body)

    def restart(self) -> None:
        """Start the process anew, also one that could not be loaded."""
        self._wanted.set()
        self._wake.set()
        if self._session is not None:
            self._session.kill("was restarted on request", on_purpose=True)

    @property
    def name(self) -> str:
        return self._spec.name

    def rest(self) -> bool:
        """End a process that is there on demand, until the next request. Whether there was one that
        nobody used.
        """
        session = self._session
        if not self._spec.on_demand or session is None or not self.ready:
            return False
        if session.busy or self._queued:
            return False
        self._wanted.clear()
        session.kill("was stopped to give its memory back", on_purpose=True)
        return True

    @property
    def wanted(self) -> bool:
        """Whether it runs, or should: not before the first request, where it is on demand."""
        return self._wanted.is_set()

    @property
    def ready(self) -> bool:
        """Whether it takes requests now."""
        return self._life.phase is Phase.READY

    @property
    def facts(self) -> Mapping[str, Json]:
        """What its engine said of itself when it was last loaded; empty before that."""
        return self._facts

    def stuck(self, now: float) -> str:
        """Why its supervision seems to hang: all that a worker may do wrong has a time limit, and
        one is long past. "" as long as it is not; `now` on the event loop's clock.
        """
        spec, life = self._spec, self._life
        silent_since = self._session.silent_since if self._session is not None else None
        match life.phase:
            case Phase.STARTING if self._since is not None:
                if now - self._since > spec.load_timeout_s + OVERDUE_S:
                    return f"{spec.name} has been starting for {now - self._since:.0f} s"
            case Phase.BACKOFF if now - life.retry_at > OVERDUE_S:
                return f"{spec.name} was to start again {now - life.retry_at:.0f} s ago"
            case Phase.READY if silent_since is not None:
                silence = now - silent_since
                if silence > spec.stall_s + max(spec.grace_s, 0.0) + OVERDUE_S:
                    return f"{spec.name} has given no sign of life for {silence:.0f} s"
        return ""

    async def status(self) -> WorkerStatus:
        session, life = self._session, self._life
        busy = session is not None and session.busy and life.phase is Phase.READY
        pid = session.pid if session is not None else None
        phase = life.phase.value if self._wanted.is_set() else UNUSED
        return WorkerStatus(
            name=self._spec.name,
            phase="busy" if busy else phase,
            pid=pid,
            restarts=life.restarts,
            queued=self._queued,
            rss_mb=await asyncio.to_thread(_rss_mb, pid) if pid else None,
            error=str(life.error) if life.error else "",
            facts=self._facts,
        )

    async def _live(self) -> None:
        """One life of the process, from its start to its death."""
        try:
            async with Process(self._spec) as process, asyncio.TaskGroup() as tasks:
                session = self._session = Session(process, self._spec)
                words = tasks.create_task(process.log_stderr(), name=f"{self._spec.name} stderr")
                tasks.create_task(self._prepare(session), name=f"{self._spec.name} load")
                death = await session.serve()
                await asyncio.wait([words], timeout=_STDERR_GRACE)
                words.cancel()
        except* Temporary as errors:  # it could not be started
            self._mourn(Died(str(errors.exceptions[0])), "")
        else:
            self._mourn(death, process.last_words())
        finally:
            self._session = None

    def _mourn(self, death: Died, last_words: str) -> None:
        if self._life.phase is Phase.FAILED:
            return
        reason = f"{death.reason}: {last_words}" if last_words else death.reason
        now = asyncio.get_running_loop().time()
        self._become(self._life.died(now, reason, on_purpose=death.on_purpose))
        pause = self._life.retry_at - now
        if not self._wanted.is_set():
            log.info("%s %s; it starts again when it is used", self._spec.name, reason)
            return
        log.warning("%s %s; it starts again in %.1f s", self._spec.name, reason, pause)

    async def _prepare(self, session: Session) -> None:
        """Load the engine and replay what was kept; then requests may come."""
        now = asyncio.get_running_loop().time
        deadline = now() + self._spec.load_timeout_s
        try:
            ready = await self._exchange(session, "load", self._spec.options, deadline)
            for op, body in list(self._kept.values()):
                await self._exchange(session, op, body, deadline)
        except Died:
            return  # `serve` tells
        except TimeoutError:
            session.kill(f"was not ready after {self._spec.load_timeout_s:g} s")
        except Temporary as error:
            session.kill(f"could not be loaded: {error}")
        except LaresError as error:
            log.error("%s cannot be used: %s", self._spec.name, error)
            self._become(self._life.failed(error))
            session.kill("cannot be used", on_purpose=True)
        else:
            self._facts = ready.body
            self._become(self._life.ready(now()))
            log.info("%s is ready (pid %d)", self._spec.name, session.pid)

    async def _exchange(
        self, session: Session, op: str, body: Mapping[str, Json], deadline: float
    ) -> Frame:
        async with contextlib.aclosing(session.call(op, body, b"", deadline=deadline)) as frames:
            async for frame in frames:
                if frame.op in ("ready", "result"):
                    return frame
        raise Temporary("it answered nothing")

    async def _needed(self) -> None:
        """Until somebody has a request for it."""
        if not self._wanted.is_set():
            self._since = None
            await self._wanted.wait()
            self._since = asyncio.get_running_loop().time()

    async def _pause(self) -> None:
        """Until it may be started again: after the backoff, or when an operator asks for it."""
        loop = asyncio.get_running_loop()
        retry_at = None if self._life.phase is Phase.FAILED else self._life.retry_at
        if retry_at is None or retry_at > loop.time():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(retry_at):
                    await self._wake.wait()
        self._wake.clear()

    @contextlib.asynccontextmanager
    async def _place(self, deadline: float) -> AsyncIterator[None]:
        if self._queued >= self._spec.max_queue:
            raise Temporary(
                f"{self._spec.name} has {self._queued} requests waiting",
                remedy="try again in a moment",
            )
        self._queued += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        finally:
            self._queued -= 1
        try:
            yield
        finally:
            self._places.release()

    @contextlib.asynccontextmanager
    async def _ready(self, deadline: float) -> AsyncIterator[Session]:
        """The session that is ready for a request, waited for; raises why it need not be."""
        self._wanted.set()
        while True:
            if self._life.phase is Phase.READY and self._session and not self._session.dead:
                break
            refusal = self._life.refusal(asyncio.get_running_loop().time(), deadline)
            if refusal is not None:
                raise refusal
            async with asyncio.timeout_at(deadline):
                await self._changed.wait()
        yield self._session

    def _become(self, life: Life) -> None:
        if life.phase is not self._life.phase:
            self._since = asyncio.get_running_loop().time()
        self._life = life
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _lost(self, death: Died) -> LaresError:
        """What the caller of a request that could not be saved is told."""
        if isinstance(self._life.error, Permanent):
            return self._life.error
        return Temporary(
            f"{self._spec.name} {death.reason}, and the request with it",
            remedy="it is being started again; try once more in a moment",
        )


def _rss_mb(pid: int) -> float | None:
    """Resident memory in MB, where /proc tells it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * 4096 / 1e6
