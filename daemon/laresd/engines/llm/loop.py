"""The thread that owns the context: requests join and leave between batches.

Each turn takes in what has arrived, lets in what there is room for, plans a batch by priority and
age (`schedule`), computes it and hands each request its logits. A request of a higher class that
arrives meanwhile, and a cancel, interrupt the batch at its next graph node; what was computed in
earlier batches stays in the KV cache, so that at most one batch is computed again.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from laresd.engines.llm.context import Context, Decoded, Slot
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.schedule import RANKS, Ready, Share, plan, standing
from laresd.engines.llm.sequence import Answering, Finish, Wanted, Watcher
from laresd.errors import LaresError, Permanent, Temporary

SLICE_S = 0.3  # how long a batch of a prompt may take where it can hold somebody up
BATCH_S = 2.0  # and where it cannot: the daemon wants a sign of life now and then
LEAST_SLICE = 16  # tokens
ALIVE_S = 0.5  # between two signs of life
FOR_VOICE = 2  # places that only voice may take
_LOWEST = len(RANKS)

KeepHead = Callable[[Answering], None]


@dataclass
class _Batch:
    """What is computed now: the highest class in it, and who has a part in it."""

    rank: int = _LOWEST
    watchers: frozenset[Watcher] = frozenset()


@dataclass
class _Pace:
    """Prompt tokens a second, as measured lately."""

    rate: float = 0.0

    def measured(self, tokens: int, seconds: float) -> None:
        if tokens >= LEAST_SLICE and seconds > 0:
            rate = tokens / seconds
            self.rate = rate if not self.rate else 0.8 * self.rate + 0.2 * rate

    def tokens_in(self, seconds: float, most: int) -> int:
        if not self.rate:
            return min(most, 2 * LEAST_SLICE)
        return max(LEAST_SLICE, min(most, int(self.rate * seconds)))


@dataclass
class _Requests:
    waiting: list[Answering] = field(default_factory=list)
    live: list[Answering] = field(default_factory=list)


class Loop:
    """Many requests over one context. `submit`, `cancel` and `close` are for any thread; the rest
    is for the owner's. `clock` gives seconds; `keep_head` is told of heads that shall be kept.
    """

    def __init__(
        self,
        context: Context,
        prefixes: Prefixes,
        *,
        clock: Callable[[], float],
        keep_head: KeepHead | None = None,
        places: int = 8,
    ) -> None:
        self._context, self._prefixes = context, prefixes
        self._clock, self._keep_head = clock, keep_head
        self._places = places
        self._arrived: queue.SimpleQueue[Answering | None] = queue.SimpleQueue()
        self._requests = _Requests()
        self._batch = _Batch()
        self._pace = _Pace()
        self._number = 0
        self._closed = False
        self._alive_at = 0.0

    def submit(self, wanted: Wanted, watcher: Watcher) -> None:
        """Take a request. Raises Permanent when it can never fit the KV cache."""
        if not wanted.prompt:
            raise Permanent("the language model was given an empty prompt")
        if len(wanted.prompt) + wanted.max_tokens > self._prefixes.cells.total:
            raise Permanent(
                f"{len(wanted.prompt)} tokens and an answer of {wanted.max_tokens} do not fit the "
                f"language model's {self._prefixes.cells.total}"
            )
        self._number += 1
        answering = Answering(
            wanted, watcher, self._context.model, number=self._number, now=self._clock()
        )
        self._arrived.put(answering)
        if wanted.rank < self._batch.rank:
            self._context.interrupt()

    def cancel(self, watcher: Watcher) -> None:
        """Look at once whether a request of this watcher, which is cancelled, is computed now."""
        if watcher in self._batch.watchers:
            self._context.interrupt()
        self._arrived.put(None)

    def close(self) -> None:
        """Let `run` return after the batch that is computed now, which is interrupted."""
        self._closed = True
        self._context.interrupt()
        self._arrived.put(None)

    def run(self) -> None:
        """Serve until `close`."""
        while not self._closed:
            self.turn(wait=True)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._requests.live or self._requests.waiting) and self._arrived.empty()

    def turn(self, *, wait: bool = False) -> bool:
        """One batch; False when there was nothing to do. `wait`: for something to arrive, then."""
        self._context.resume()  # before looking: what arrives from now on interrupts
        requests = self._requests
        self._take_in(wait=wait and not requests.live and not requests.waiting)
        self._drop_cancelled()
        self._let_in()
        for answering in requests.live:
            answering.guess()
        shares = self._plan()
        if not shares:
            return False
        try:
            self._compute(shares)
        except RuntimeError as error:
            self._fail_all(Permanent(f"the language model failed: {error}"))
        return True

    def _take_in(self, *, wait: bool) -> None:
        if wait:
            self._add(self._arrived.get())
        while not self._arrived.empty():
            self._add(self._arrived.get())
        now = self._clock()
        self._requests.waiting.sort(key=lambda a: (_standing(a, now), a.number))

    def _add(self, answering: Answering | None) -> None:
        if answering is None:
            return
        try:
            answering.begin()
        except LaresError as error:
            answering.watcher.failed(error)
            return
        if answering.finish is None:
            self._requests.waiting.append(answering)
        else:
            answering.end(answering.finish)

    def _drop_cancelled(self) -> None:
        requests = self._requests
        for answering in [a for a in requests.waiting if a.watcher.cancelled]:
            requests.waiting.remove(answering)
            answering.end(Finish.CANCELLED)
        for answering in [a for a in requests.live if a.watcher.cancelled]:
            self._leave(answering, Finish.CANCELLED)

    def _let_in(self) -> None:
        """Give places to those that wait, in order, as long as all they may need is free."""
        requests = self._requests
        while requests.waiting:
            first = requests.waiting[0]
            if not self._has_room(first):
                return
            requests.waiting.pop(0)
            place, count, source = self._prefixes.place(first.tokens)
            first.place, first.computed = place, count
            if not first.counts.batches:
                first.counts.reused, first.source = count, source
            requests.live.append(first)

    def _has_room(self, answering: Answering) -> bool:
        """Whether it can be let in now; a lower class gives up its place for a higher one."""
        voice = answering.wanted.rank == 0
        while True:
            promised = sum(a.pending + a.room for a in self._requests.live)
            places = self._places + (FOR_VOICE if voice else 0)
            fits = len(self._requests.live) < places
            if fits and self._prefixes.has_room(answering.tokens, answering.room + promised):
                return True
            lower = [a for a in self._requests.live if a.wanted.rank > answering.wanted.rank]
            if not lower:
                return False
            self._suspend(max(lower, key=lambda a: (a.wanted.rank, a.number)))

    def _suspend(self, answering: Answering) -> None:
        """Take a request's place away; what it has said stays, and it goes on later."""
        self._requests.live.remove(answering)
        answering.counts.redone += answering.computed
        self._prefixes.release(answering.place)
        answering.place, answering.computed = -1, 0
        self._requests.waiting.append(answering)

    def _plan(self) -> list[Share]:
        now, most = self._clock(), self._context.settings.ubatch
        ready = [
            Ready(
                answering.number,
                answering.wanted.rank,
                now - answering.moved_at,
                self._wanted_now(answering),
                len(answering.draft),
            )
            for answering in self._requests.live
        ]
        return plan(
            ready,
            most=self._pace.tokens_in(BATCH_S, most),
            slice_=self._pace.tokens_in(SLICE_S, most),
        )

    def _wanted_now(self, answering: Answering) -> int:
        """Pending tokens up to the end of the head: there it can be kept as it is."""
        to_head = answering.wanted.head - answering.computed
        return to_head if 0 < to_head < answering.pending else answering.pending

    def _compute(self, shares: Iterable[Share]) -> None:
        by_number = {answering.number: answering for answering in self._requests.live}
        parts = [(by_number[share.key], share) for share in shares]
        slots: list[Slot] = []
        for answering, share in parts:
            slots += _slots(answering, share)
            self._prefixes.cells.grow(answering.place, share.tokens + share.draft)
        self._batch = _Batch(
            min(answering.wanted.rank for answering, _ in parts),
            frozenset(answering.watcher for answering, _ in parts),
        )
        decoded = self._decode(slots)
        self._batch = _Batch()
        if decoded is Decoded.DONE:
            self._hand_out(parts)
            return
        for answering, share in parts:
            self._prefixes.cells.shorten(answering.place, answering.computed)
            answering.counts.redone += share.tokens if decoded is Decoded.INTERRUPTED else 0
        if decoded is Decoded.FULL:
            self._make_room()

    def _decode(self, slots: list[Slot]) -> Decoded | None:
        """None: something arrived before `_batch` could tell whether it interrupts."""
        if not self._arrived.empty():
            return None
        began = self._clock()
        decoded = self._context.decode(slots)
        if decoded is Decoded.DONE:
            self._pace.measured(len(slots), self._clock() - began)
        return decoded

    def _hand_out(self, parts: list[tuple[Answering, Share]]) -> None:
        now, at = self._clock(), 0
        show = now >= self._alive_at
        self._alive_at = now + ALIVE_S if show else self._alive_at
        for answering, share in parts:
            at += share.tokens
            try:
                self._forward(answering, share, at - 1)
            except LaresError as error:  # its grammar's, for one
                self._fail(answering, error)
                continue
            finally:
                at += share.draft
            answering.moved_at = now
            if answering.finish is not None:
                self._leave(answering, answering.finish)
            elif show:
                answering.watcher.alive()

    def _forward(self, answering: Answering, share: Share, row: int) -> None:
        """What a request does with its part of a batch; `row`: of its last known token there."""
        answering.counts.batches += 1
        answering.counts.computed += share.tokens + share.draft
        if share.tokens < answering.pending:
            answering.computed += share.tokens
        elif answering.wanted.max_tokens == 0:
            answering.computed += share.tokens
            answering.finish = Finish.LENGTH
        else:
            right = answering.advance(lambda n: self._context.logits(row + n), share.draft)
            if right < share.draft:
                self._context.remove(answering.place, answering.computed)
                self._prefixes.cells.shorten(answering.place, answering.computed)
        if answering.computed == answering.wanted.head:
            self._prefixes.mark(answering.place, answering.tokens[: answering.computed])

    def _leave(self, answering: Answering, why: Finish) -> None:
        self._requests.live.remove(answering)
        done = answering.tokens[: answering.computed]
        keeper = self._keep_head if answering.wanted.keep and why is not Finish.CANCELLED else None
        if keeper is not None:
            keeper(answering)
        self._prefixes.keep(answering.place, done, head=answering.wanted.keep)
        answering.place = -1
        if keeper is None:
            answering.end(why)

    def _make_room(self) -> None:
        """llama.cpp has no cells although they were counted free: only one request stays."""
        self._prefixes.drop_all()
        if len(self._requests.live) > 1:
            order = sorted(self._requests.live, key=lambda a: (a.wanted.rank, a.number))
            for answering in order[1:]:
                self._suspend(answering)
        else:
            self._fail_all(Temporary("the language model has no room for this request"))

    def _fail_all(self, error: LaresError) -> None:
        for answering in [*self._requests.live]:
            self._fail(answering, error)
        for answering in self._requests.waiting:
            answering.watcher.failed(error)
        self._requests.waiting.clear()

    def _fail(self, answering: Answering, error: LaresError) -> None:
        self._requests.live.remove(answering)
        self._prefixes.release(answering.place)
        answering.watcher.failed(error)


def _standing(answering: Answering, now: float) -> int:
    return standing(answering.wanted.rank, now - answering.moved_at)


def _slots(answering: Answering, share: Share) -> list[Slot]:
    """What of the batch is this request's; logits from its last known token on."""
    start, place = answering.computed, answering.place
    last = share.tokens == answering.pending and answering.wanted.max_tokens > 0
    known = answering.tokens[start : start + share.tokens]
    slots = [Slot(token, start + n, place) for n, token in enumerate(known)]
    if last:
        slots[-1] = Slot(known[-1], start + share.tokens - 1, place, logits=True)
    start += share.tokens
    guessed = answering.draft[: share.draft]
    return slots + [Slot(token, start + n, place, logits=True) for n, token in enumerate(guessed)]
