"""One answer, wherever it is computed: begun, hedged, moved, and gone on with when its engine dies.

To its reader it is one stream: no word twice, none lost, one ending. Each engine that has a part
in it is a leg; the journal holds what the next leg goes on from.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from laresd.core.scheduler.breaker import Fault
from laresd.core.scheduler.counts import Counts, Event
from laresd.core.scheduler.feed import Feed
from laresd.core.scheduler.hedge import hedge
from laresd.core.scheduler.journal import Journal
from laresd.core.scheduler.leg import Leg
from laresd.core.scheduler.moving import Running, worth_moving
from laresd.core.scheduler.offers import Candidate, Job, queue_s
from laresd.core.scheduler.placement import Nowhere, Placement, nobody, place
from laresd.core.scheduler.pool import Pool
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.generation import Generation, Piece
from laresd.ports import Clock, LocalModel

log = logging.getLogger(__name__)

LOOK_ROUND_S = 1.0  # how often an answer looks whether it pays to move
MOVES = 2  # of one answer
LOCAL_LIVES = 1  # the box's own engine may die so often in one answer, and is asked again
LEAST_LEFT = 16.0  # tokens that are believed to be to come, of an answer that is longer than usual


class _Over(Exception):
    """A leg has ended before the answer did; the next one goes on."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all answers share. `tasks`: that engines' answers are computed in."""

    pool: Pool
    counts: Counts
    clock: Clock
    tasks: asyncio.TaskGroup
    local: LocalModel | None


class Answer:
    """Read `pieces` once."""

    def __init__(self, means: Means, generation: Generation, deadline: float) -> None:
        self._means, self._asked, self._deadline = means, generation, deadline
        self._pool, self._counts = means.pool, means.counts
        self._journal = Journal(generation)
        self._failed: dict[str, str] = {}  # by engine, in words for a placement
        self._errors: dict[str, LaresError] = {}
        self._arrived = asyncio.Event()
        self._moves, self._looked_at = 0, 0.0
        self._lives = LOCAL_LIVES
        self._only = ""  # where the next leg goes, when that is decided
        self._why = ""
        self._ids: tuple[int, ...] | None = None

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Raises DeadlineExceeded, or why no engine could give it."""
        self._counts.begun()
        while True:
            job = self._job()
            placement = self._place(job)
            async with AsyncExitStack() as legs:
                try:
                    leg, piece = await self._begin(placement, job, legs)
                    held: list[Piece] = []
                    while True:
                        held.append(piece)
                        leg.heard(self._means.clock.now())
                        if piece.ending is not None or not leg.whole:
                            for each in held:
                                yield self._note(leg, each)
                            held.clear()
                        if piece.ending is not None:
                            return
                        piece = await self._next(leg)
                except _Over:
                    continue

    def _place(self, job: Job) -> Placement:
        pool, begun = self._pool, self._journal.begun
        offers = pool.offers(self._asked, begun=begun, failed=self._failed)
        wanted = [offer for offer in offers if offer.name == self._only]
        self._only = ""
        found = place(job, wanted or offers, pool.box, pool.weather)
        if isinstance(found, Nowhere):
            if self._means.clock.now() >= self._deadline:
                raise DeadlineExceeded("the language model did not answer in time")
            raise nobody(found, self._errors)
        if found.wake:
            self._means.tasks.create_task(pool.wake(found.wake), name=f"wake {found.wake}")
        self._why = found.why
        self._counts.placed(self._asked.priority, found)
        log.debug("placed: %s", found.why)
        return found

    def _job(self) -> Job:
        rest, begun = self._journal.rest(exact=True), self._journal.begun
        return self._pool.job(rest, deadline=self._deadline, begun=begun)

    async def _begin(
        self, placement: Placement, job: Job, legs: AsyncExitStack
    ) -> tuple[Leg, Piece]:
        """The first leg that says something. Raises _Over when all that were tried have failed."""
        clock = self._means.clock
        running = [await self._leg(placement.chosen, job, legs)]
        second, other = hedge(placement, job, self._pool.box), placement.runner_up
        hedge_at = math.inf if second is None else running[0].sent_at + second.after_s
        last_call = self._last_call(placement, running[0])
        while running:
            limit = min(*(leg.silent_at for leg in running), hedge_at, last_call, self._deadline)
            leg = await self._first_of(running, limit)
            if leg is not None:
                piece = await self._take(leg)
                if piece is not None:
                    await _give_up([other for other in running if other is not leg])
                    return leg, piece
                running.remove(leg)
            elif clock.now() >= self._deadline:
                raise DeadlineExceeded("the language model did not answer in time")
            elif clock.now() >= last_call:
                await _give_up(running)
                self._too_late(running[0])
                raise _Over
            elif other is not None and clock.now() >= hedge_at:
                hedge_at = math.inf
                if self._counts.may_hedge(other.name):
                    running.append(await self._leg(other, job, legs))
                    last_call = math.inf
            else:
                running = await self._without_silent(running)
        raise _Over

    def _last_call(self, placement: Placement, first: Leg) -> float:
        """When the next best one has to begin to keep the deadline: then the first one, of which
        nothing was heard though its time has come, is left. Never, where that cannot be.
        """
        other = placement.runner_up
        if other is None or first.engine.host is None:
            return math.inf
        at = self._deadline - other.forecast.surely_s
        return at if at > first.sent_at + first.first_s else math.inf

    def _too_late(self, leg: Leg) -> None:
        """Its host may be well, and only busy: no reason to doubt it."""
        words = "nothing came in time for the deadline"
        self._failed[leg.name] = words
        self._counts.happened(Event.LOST, leg.name, words)
        self._pool.look()

    async def _leg(self, candidate: Candidate, job: Job, legs: AsyncExitStack) -> Leg:
        engine = self._pool.engine(candidate.name)
        if engine is None or engine.model is None:
            raise _Over  # its host was forgotten this very moment
        exact = engine.host is None
        if engine.host is not None and engine.facts is not None and engine.facts.same_model:
            exact = bool(await self._prompt_ids())
        rest = self._journal.rest(exact=exact)
        if exact and engine.host is not None:
            rest = replace(rest, ids=await self._prompt_ids())
        if rest.grammar is not None and engine.facts is not None:
            rest = replace(rest, grammar=rest.grammar.known_to(engine.facts.grammars))
        legs.enter_context(self._pool.busy(engine, self._asked.priority))
        answer = engine.model.generate(rest, deadline=self._deadline)
        feed = Feed(answer, self._means.tasks, self._arrived)
        legs.push_async_callback(feed.close)
        return Leg(
            engine,
            feed,
            job,
            self._means.clock.now(),
            self._journal.spoken,
            exact,
            whole=engine.host is not None and (rest.grammar is not None or bool(rest.tools)),
            first_s=candidate.forecast.first_token_p95_s,
            queued_s=queue_s(candidate.offer, self._pool.weather.slowdown),
        )

    async def _prompt_ids(self) -> tuple[int, ...]:
        """The prompt in the local model's tokens; none where they cannot be had."""
        if self._ids is None:
            self._ids = ()
            if self._means.local is not None and not self._asked.tools:
                try:
                    self._ids = await self._means.local.ids(self._asked, deadline=self._deadline)
                except LaresError as error:
                    log.debug("no tokens for a host with the same model: %s", error)
        return self._ids

    async def _first_of(self, legs: list[Leg], until: float) -> Leg | None:
        """The leg that has something to say, or has failed; None at `until`."""
        while True:
            for leg in legs:
                if leg.feed.waiting:
                    return leg
            self._arrived.clear()
            if not await self._means.clock.wait(self._arrived, until):
                return None

    async def _take(self, leg: Leg) -> Piece | None:
        """What it says; None when it has failed."""
        try:
            return await leg.feed.next()
        except LaresError as error:
            self._lost(leg, error)
            return None

    async def _next(self, leg: Leg) -> Piece:
        """The next piece. Raises _Over when somebody else goes on, DeadlineExceeded at the end."""
        limit = min(leg.silent_at, self._deadline)
        if await self._first_of([leg], limit) is None:
            if self._means.clock.now() >= self._deadline:
                raise DeadlineExceeded("the answer was not done in time")
            await self._without_silent([leg])
            raise _Over
        if self._should_move(leg):
            raise _Over
        piece = await self._take(leg)
        if piece is None:
            raise _Over
        return piece

    async def _without_silent(self, legs: list[Leg]) -> list[Leg]:
        now = self._means.clock.now()
        silent = [leg for leg in legs if leg.silent_at <= now]
        await _give_up(silent)
        for leg in silent:
            quiet_s = now - (leg.sent_at if leg.first_at is None else leg.last_at)
            self._lost(leg, Temporary(f"{leg.name} said nothing for {quiet_s:.1f} s"), hung=True)
        return [leg for leg in legs if leg not in silent]

    def _lost(self, leg: Leg, error: LaresError, *, hung: bool = False) -> None:
        """An engine failed at this answer: it is not asked again for it. Raises the error when no
        time is left for another one.
        """
        if isinstance(error, DeadlineExceeded) or self._means.clock.now() >= self._deadline:
            raise error
        self._errors[leg.name] = error
        self._counts.happened(Event.LOST, leg.name, error.message)
        if leg.engine.host is None and isinstance(error, Temporary) and self._lives:
            self._lives -= 1  # its supervisor has it back in a moment, and it knows the prompt
            return
        self._failed[leg.name] = f"it failed at this: {error.message}"
        if isinstance(error, Permanent) and leg.engine.proven:
            return  # it is about this request: the host has shown that it computes
        if hung and leg.first_at is None and leg.engine.full:
            self._pool.look()  # it waits behind others' jobs there: no fault, but good to know
            return
        fault = Fault.HUNG if hung else Fault.BROKE
        if isinstance(error, Permanent):
            fault = Fault.STRANGE
        self._pool.failed(leg.engine, fault, error.message)

    def _note(self, leg: Leg, piece: Piece) -> Piece:
        """Have the piece in the journal; with the ending, tell who computed it and why there."""
        if not leg.noted and leg.spoken:
            self._counts.happened(Event.RESUMED, leg.name, f"from token {leg.spoken} on")
        leg.noted = True
        self._journal.take(piece, exact=leg.exact)
        ending = piece.ending
        if ending is None:
            return piece
        pool, spoken = self._pool, self._journal.spoken
        seen = leg.seen(ending, spoken, pool.weather.slowdown)
        pool.succeeded(leg.engine, self._asked, ending, seen)
        self._counts.done(leg.name, leg.job, seen)
        said = max(spoken, ending.answer_tokens)
        ending = replace(ending, where=leg.name, why=self._why, answer_tokens=said)
        return replace(piece, ending=ending)

    def _should_move(self, leg: Leg) -> bool:
        """Whether it pays to go on elsewhere from here."""
        now, pool, spoken = self._means.clock.now(), self._pool, self._journal.spoken
        if self._moves >= MOVES or now < self._looked_at + LOOK_ROUND_S or not spoken:
            return False
        self._looked_at = now
        offers = pool.offers(self._asked, begun=True, failed=self._failed)
        here = next((offer for offer in offers if offer.name == leg.name), None)
        if here is None:
            return False
        most = max(self._asked.max_tokens - spoken, 0)
        left = min(max(pool.expected(self._asked) - spoken, LEAST_LEFT), most)
        running = Running(replace(leg.job, seconds_left=self._deadline - now), spoken, left)
        for there in offers:
            move = worth_moving(running, here, there, pool.box, pool.weather)
            if move is not None:
                self._moves += 1
                self._only, self._why = there.name, move.why
                self._counts.happened(Event.MOVED, there.name, move.why)
                return True
        return False


async def _give_up(legs: list[Leg]) -> None:
    for leg in legs:
        await leg.feed.close()
