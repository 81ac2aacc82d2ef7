"""The engines that there are, the box's own and its hosts: what each is known to be and to do now.

Everything that is learned of an engine is kept here; `offers` puts it before the pure decisions.
`run` looks at the hosts again and again: by what they say of themselves, and, where that is not
enough to believe them, by a token that they have to generate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from laresd.config import Scheduler
from laresd.core.scheduler.breaker import Fault
from laresd.core.scheduler.engine import THIS_BOX, Engine, this_box
from laresd.core.scheduler.known_prefixes import KnownPrefixes, chain_of
from laresd.core.scheduler.offers import Box, Job, Offer
from laresd.core.scheduler.speeds import AnswerLengths, Observation
from laresd.core.scheduler.thermal import FAIR, Limits, Weather, govern
from laresd.errors import LaresError, Permanent
from laresd.generation import Ending, Finish, Generation, Message, Role
from laresd.jobs import JobKind, Policy, Reach
from laresd.ports import Board, Clock, Host, Hosts, LocalModel
from laresd.types import Priority

log = logging.getLogger(__name__)

PROBE_TIMEOUT_S = 3.0
TRIAL_TIMEOUT_S = 60.0  # a host may have to load its model first
TRIAL_EVERY_S = 900.0  # without a job that shows that it computes
BOARD_EVERY_S = 5.0
_TRIAL = Generation((Message(Role.USER, "Hi"),), max_tokens=1, priority=Priority.BACKGROUND)


class Pool:
    """`local`: the box's own language model, None: it has none. `board` None: nobody tells of the
    box's heat. `run` must run.
    """

    def __init__(
        self,
        *,
        local: LocalModel | None,
        hosts: Hosts,
        clock: Clock,
        settings: Scheduler,
        context: int = 0,
        board: Board | None = None,
    ) -> None:
        """`context`: tokens that the local model can have in one request; 0: unknown."""
        self.box = Box(Policy(settings.policy), Reach(settings.reach))
        self.weather: Weather = FAIR
        self.lengths = AnswerLengths()
        self._settings = settings
        self._local, self._board = local, board
        self._hosts, self._clock = hosts, clock
        self._looked = asyncio.Event()
        self._looking: set[str] = set()
        self._look_now = asyncio.Event()
        self.here = this_box(local, context=context, watts=settings.watts)
        self._engines: dict[str, Engine] = {THIS_BOX: self.here}

    @property
    def engines(self) -> tuple[Engine, ...]:
        self._follow()
        return tuple(self._engines.values())

    def engine(self, name: str) -> Engine | None:
        return self._engines.get(name)

    def job(self, generation: Generation, *, deadline: float, begun: bool) -> Job:
        """What there is to place. `begun`: part of the answer is there already."""
        return Job(
            JobKind.TEXT,
            generation.priority,
            self.here.prefixes.known(generation).prompt_tokens,
            self.expected(generation),
            max(deadline - self._clock.now(), 0.0),
            generation.routing,
            grammars=generation.grammar.kinds if generation.grammar else frozenset(),
            tools=bool(generation.tools),
            resume=begun,
        )

    def expected(self, generation: Generation) -> float:
        """Tokens that its answer will probably have."""
        return self.lengths.expected(_class(generation), generation.max_tokens)

    def offers(
        self, generation: Generation, *, begun: bool, failed: Mapping[str, str]
    ) -> list[Offer]:
        """What each engine offers for it now; `failed`: those that failed at it, and how."""
        now, chain = self._clock.now(), chain_of(generation)
        tokens = self.here.prefixes.known(generation, chain).prompt_tokens

        def cached(prefixes: KnownPrefixes) -> float:
            return prefixes.known(generation, chain).share * prefixes.kept * tokens

        return [
            engine.offer(
                now,
                generation.priority,
                cached_tokens=cached(engine.prefixes),
                excluded=failed.get(engine.name, "") or _unable(engine, generation, begun),
            )
            for engine in self.engines
        ]

    def offers_of(
        self, kind: JobKind, priority: Priority, *, failed: Mapping[str, str]
    ) -> list[Offer]:
        """What each engine offers for a job that is no text."""
        now = self._clock.now()
        return [
            engine.offer(now, priority, kind=kind, excluded=failed.get(engine.name, ""))
            for engine in self.engines
        ]

    @contextmanager
    def busy(self, engine: Engine, priority: Priority) -> Iterator[None]:
        """While the block runs, the engine has one more job from here."""
        engine.begin(priority, self._clock.now())
        try:
            yield
        finally:
            engine.end(priority, self._clock.now())

    def failed(self, engine: Engine, fault: Fault, reason: str) -> None:
        """A job failed there. The box's own engine has a supervisor, and no breaker."""
        if engine.host is None:
            return
        engine.breaker = engine.breaker.failed(fault, reason, self._clock.now())
        log.warning("%s: %s", engine.name, reason)
        self.look()

    def succeeded(
        self, engine: Engine, generation: Generation, ending: Ending, seen: Observation
    ) -> None:
        """An answer was given to its end there."""
        if generation.grammar is None or engine.host is not None:
            self.done(engine, JobKind.TEXT, seen)
        # Else what the grammar forces came before the prompt was read: it tells nothing of speed.
        told = engine.host is None or ending.cached_tokens > 0
        engine.prefixes = engine.prefixes.learned(
            generation,
            prompt_tokens=ending.prompt_tokens,
            cached_tokens=ending.cached_tokens if told else None,
        )
        if ending.finish is Finish.STOP:
            self.lengths = self.lengths.observed(_class(generation), ending.answer_tokens)

    def look(self) -> None:
        """Have the hosts looked at now."""
        self._look_now.set()

    def done(self, engine: Engine, kind: JobKind, seen: Observation) -> None:
        """A job of any kind came to a good end there."""
        engine.breaker = engine.breaker.succeeded(self._clock.now())
        engine.proven_at = self._clock.now()
        engine.learn(kind, seen)

    def prepared(self, generation: Generation) -> None:
        """The box's own model has computed the beginning of such a prompt."""
        self.here.prefixes = self.here.prefixes.learned(generation)

    async def wake(self, name: str) -> None:
        """Have a sleeping host woken; it is looked at until it is there, or has failed to be."""
        engine = self._engines.get(name)
        if engine is None or engine.host is None or engine.waking_until is not None:
            return
        engine.waking_until = self._clock.now() + (engine.host.costs.wake_s or 0.0) * 2
        try:
            await engine.host.wake()
        except LaresError as error:
            engine.waking_until = None
            self.failed(engine, Fault.STRANGE, f"cannot be woken: {error.message}")
        else:
            log.info("%s is being woken", name)
            self.look()

    async def looked(self) -> None:
        """Until the hosts have been looked at once."""
        await self._looked.wait()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if self._board is not None:
                tasks.create_task(self._watch_board(self._board), name="board")
            while True:
                self._look(tasks)
                waking = any(engine.waking_until is not None for engine in self.engines)
                pause = min(self._settings.probe_s, 1.0 if waking else self._settings.probe_s)
                soon = [e.breaker.until for e in self.engines if e.breaker.until is not None]
                until = min([self._clock.now() + pause, *soon])
                await self._clock.wait(self._look_now, max(until, self._clock.now() + 0.2))
                self._look_now.clear()

    async def _watch_board(self, board: Board) -> None:
        limits = Limits.of(self._settings)
        while True:
            before = self.weather
            self.weather = govern(await board.reading(), limits, before)
            if before.heat is not self.weather.heat:
                log.info("the box is %s: %s", self.weather.heat, self.weather.why or "as usual")
            if before.threads != self.weather.threads and self._local is not None:
                await self._pace(self._local)
            await self._clock.wait(asyncio.Event(), self._clock.now() + BOARD_EVERY_S)

    async def _pace(self, local: LocalModel) -> None:
        try:
            await local.pace(self.weather.threads, deadline=self._clock.now() + BOARD_EVERY_S)
        except LaresError as error:  # it is kept for the model's next start
            log.warning("the language model's threads are as before: %s", error)

    def _look(self, tasks: asyncio.TaskGroup) -> None:
        """At each host by itself: one that hangs does not hold up the looks at the others."""
        for engine in self.engines:
            if engine.host is not None and engine.name not in self._looking:
                self._looking.add(engine.name)
                tasks.create_task(self._one_look(engine, engine.host), name=engine.name)
        if not self._looking:
            self._looked.set()

    async def _one_look(self, engine: Engine, host: Host) -> None:
        try:
            await self._look_at(engine, host)
        finally:
            self._looking.discard(engine.name)
            if not self._looking:
                self._looked.set()

    async def _look_at(self, engine: Engine, host: Host) -> None:
        now = self._clock.now()
        try:
            facts = await host.probe(deadline=now + PROBE_TIMEOUT_S)
        except LaresError as error:
            self._away(engine, error)
            return
        engine.found(facts)
        now = self._clock.now()
        due = not engine.proven or now - engine.proven_at > TRIAL_EVERY_S
        tripped = engine.breaker.until is not None
        if (due or tripped) and engine.breaker.takes_probe(now) and not engine.running:
            await self._try(engine, host)
        elif self._may_rest(engine, host):
            await self._rest(engine, host)

    def _away(self, engine: Engine, error: LaresError) -> None:
        now = self._clock.now()
        if engine.unreached != error.message:
            log.info("%s does not answer: %s", engine.name, error.message)
        engine.unreached = error.message
        engine.proven = False
        if isinstance(error, Permanent):
            engine.breaker = engine.breaker.failed(Fault.STRANGE, error.message, now)
        if engine.waking_until is not None and now > engine.waking_until:
            engine.waking_until = None
            reason = "was woken, and did not come"
            engine.breaker = engine.breaker.failed(Fault.STRANGE, reason, now)
            log.warning("%s %s", engine.name, reason)

    async def _try(self, engine: Engine, host: Host) -> None:
        """Have it generate a token: only then it is believed to compute."""
        began = self._clock.now()
        engine.breaker = engine.breaker.probed(began)
        if engine.facts is not None and JobKind.TEXT not in engine.facts.jobs:
            engine.proven, engine.proven_at = True, began
            engine.breaker = engine.breaker.succeeded(began)
            return
        try:
            pieces = [p async for p in host.generate(_TRIAL, deadline=began + TRIAL_TIMEOUT_S)]
        except LaresError as error:
            fault = Fault.STRANGE if isinstance(error, Permanent) else Fault.HUNG
            now = self._clock.now()
            engine.proven = False
            engine.breaker = engine.breaker.failed(fault, error.message, now)
            log.warning("%s does not generate: %s", engine.name, error)
            return
        now = self._clock.now()
        ending = pieces[-1].ending
        prompt = ending.prompt_tokens - ending.cached_tokens if ending else 0
        engine.proven, engine.proven_at = True, now
        engine.breaker = engine.breaker.succeeded(now)
        engine.learn(JobKind.TEXT, Observation(prompt or 16, now - began))
        log.info("%s is ready: %s", engine.name, engine.facts.model if engine.facts else "")

    def _may_rest(self, engine: Engine, host: Host) -> bool:
        after, facts = host.costs.rest_after_s, engine.facts
        idle = not engine.running and not (facts and facts.running + facts.waiting)
        since = max(engine.worked_at, engine.reached_at)
        return after > 0 and idle and self._clock.now() - since > after

    async def _rest(self, engine: Engine, host: Host) -> None:
        try:
            await host.rest()
        except LaresError as error:
            log.warning("%s cannot be put to sleep: %s", engine.name, error)
            engine.worked_at = self._clock.now()
        else:
            log.info("%s is put to sleep: there was no work for it", engine.name)
            engine.reached_at = self._clock.now()

    def _follow(self) -> None:
        """Have an engine for each trusted host, and none for those that are trusted no more."""
        trusted = {host.name: host for host in self._hosts.trusted()}
        for name, engine in list(self._engines.items()):
            if engine is not self.here and engine.host is not trusted.get(name):
                del self._engines[name]
        for name, host in trusted.items():
            if name not in self._engines:
                self._engines[name] = Engine(name, host)
                self.look()


def _unable(engine: Engine, generation: Generation, begun: bool) -> str:
    """What only the box itself can do."""
    if engine.host is None:
        return ""
    if generation.adapter:
        return f"it has no adapter {generation.adapter!r}"
    if begun and (generation.grammar is not None or generation.tools):
        return "it cannot go on within a grammar"
    return ""


def _class(generation: Generation) -> str:
    """Answers of one class are about as long as each other."""
    form = str(generation.grammar.kind) if generation.grammar else ""
    first = generation.messages[0].content[:40] if generation.messages else ""
    return f"{form} {bool(generation.tools)} {generation.max_tokens} {first}"
