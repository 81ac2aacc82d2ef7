"""The thread that owns the context: requests join and leave between batches.

Each turn takes in what has arrived, lets in what there is room for, plans a batch by priority and
age (`schedule`), computes it and hands each request its logits. A request of a higher class that
arrives meanwhile, and a cancel, interrupt the batch at its next graph node; what was computed in
earlier batches stays in the KV cache, so that at most one batch is computed again. A model that
does not rewind would lose more by that: its batches are not interrupted, only cut short.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from laresd.engines.llm.admission import Admission
from laresd.engines.llm.context import Context, Decoded, Slot
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.schedule import Ready, Share, plan
from laresd.engines.llm.sequence import Answering, Wanted, Watcher
from laresd.errors import LaresError, Permanent, Temporary
from laresd.generation import Finish

SLICE_S = 0.3  # how long a batch of a prompt may take where it can hold somebody up
BATCH_S = 2.0  # and where it cannot: the daemon wants a sign of life now and then
LEAST_SLICE = 16  # tokens
ALIVE_S = 0.5  # between two signs of life
_NOTHING = -1  # no class is higher
_EVERYBODY = 1000  # no class is lower

KeepHead = Callable[[Answering], None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is computed now: the highest class in it, and who has a part in it."""

    rank: int = _NOTHING
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


class Loop:
    """Many requests over one context. `submit`, `cancel`, `hold`, `pace` and `close` are for any
    thread; the rest is for the owner's. `clock` gives seconds. `keep_head` is told of a finished
    request whose head shall be kept, while its `place` is still its own, and calls its `end` when
    that is done.
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
        self._arrived: queue.SimpleQueue[Answering | None] = queue.SimpleQueue()
        self._requests = Admission(prefixes, places)
        self._batch = _Batch()
        self._pace = _Pace()
        self._hold = (_EVERYBODY, 0.0)  # the last class that is computed, until when
        self._threads, self._threads_set = 1.0, 1.0
        self._number = 0
        self._closed = False
        self._door = threading.Lock()  # of what `submit` and `close` change
        self._alive_at = 0.0

    def submit(self, wanted: Wanted, watcher: Watcher) -> None:
        """Take a request. Raises Permanent when it can never fit the KV cache, Temporary after
        `close`.
        """
        if not wanted.prompt or wanted.max_tokens < 0:
            raise Permanent("the language model was given an empty prompt, or less than no room")
        if len(wanted.prompt) + wanted.max_tokens > self._prefixes.cells.total:
            raise Permanent(
                f"{len(wanted.prompt)} tokens and an answer of {wanted.max_tokens} do not fit the "
                f"language model's {self._prefixes.cells.total}"
            )
        with self._door:
            if self._closed:
                raise _stopping()
            self._number += 1
            self._arrived.put(
                Answering(
                    wanted, watcher, self._context.model, number=self._number, now=self._clock()
                )
            )
        # Only now: what does not see this batch any more finds the request among the arrived.
        if wanted.rank < self._batch.rank and self._context.model.rewinds:
            self._context.interrupt()

    def cancel(self, watcher: Watcher) -> None:
        """Look at once whether a request of this watcher, which is cancelled, is computed now."""
        self._arrived.put(None)
        watchers = self._batch.watchers
        if watcher in watchers and (self._context.model.rewinds or len(watchers) == 1):
            self._context.interrupt()

    def hold(self, rank: int, seconds: float) -> None:
        """Compute nothing below this class for so long, or until the next call; what is computed
        now gives way at once. For work elsewhere on the machine that is more urgent.
        """
        self._hold = (rank, self._clock() + seconds)
        self._arrived.put(None)
        if self._batch.rank > rank and self._context.model.rewinds:
            self._context.interrupt()

    def pace(self, share: float) -> None:
        """Use so much of the threads from the next batch on, over 0, at most 1."""
        self._threads = share

    def close(self) -> None:
        """Let `run` return after the batch that is computed now, which is interrupted."""
        with self._door:
            self._closed = True
        self._context.interrupt()
        self._arrived.put(None)

    def run(self) -> None:
        """Serve until `close`; then those that are not done are told so."""
        try:
            while not self._closed:
                self.turn(wait=True)
        finally:
            self._take_in(wait=False)
            self._fail_all(_stopping())

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
        requests.let_in(self._clock())
        for answering in [a for a in requests.live if not a.pending]:
            self._leave(answering, Finish.LENGTH)  # all that was to be computed is known
        for answering in requests.live:
            answering.guess()
        shares = self._plan()
        if shares:
            self._compute(shares)
        elif not requests.live:
            return False
        elif wait:
            self._rest()
        return True

    def _take_in(self, *, wait: bool) -> None:
        if wait:
            self._add(self._arrived.get())
        while not self._arrived.empty():
            self._add(self._arrived.get())

    def _rest(self) -> None:
        """All that there is to do is held: until something arrives, or for a sign of life."""
        with contextlib.suppress(queue.Empty):
            self._add(self._arrived.get(timeout=min(ALIVE_S, self._held_s())))
        self._show_life()

    def _held_s(self) -> float:
        return max(0.0, self._hold[1] - self._clock())

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

    def _plan(self) -> list[Share]:
        now, most = self._clock(), self._context.settings.ubatch
        last = self._hold[0] if now < self._hold[1] else _EVERYBODY
        return plan(
            [_ready(a, now) for a in self._requests.live if a.wanted.rank <= last],
            most=self._pace.tokens_in(BATCH_S, most),
            slice_=self._pace.tokens_in(SLICE_S, most),
        )

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
        try:
            decoded = self._decode(slots, parts[0][0].wanted.adapter)  # all have the same
        except RuntimeError as error:
            for answering, _ in parts:
                self._fail(answering, Permanent(f"the language model failed: {error}"))
            return
        finally:
            self._batch = _Batch()
        if decoded is Decoded.DONE:
            self._hand_out(parts)
            self._show_life()
        else:
            self._take_back(parts, decoded)

    def _take_back(self, parts: list[tuple[Answering, Share]], decoded: Decoded | None) -> None:
        """Nothing came of a batch: what its requests had before is what they have. FULL means that
        cells were counted wrongly: they are given back.
        """
        for answering, share in parts:
            self._prefixes.cells.shorten(answering.place, answering.computed)
            if decoded is Decoded.INTERRUPTED:
                answering.counts.redone += share.tokens
                if not self._context.model.rewinds:
                    self._requests.suspend(answering, intact=False)
            elif decoded is Decoded.FULL:
                self._fail(answering, Temporary("the language model has no room for this request"))
        if decoded is Decoded.FULL:
            self._prefixes.drop_all()

    def _decode(self, slots: list[Slot], adapter: str) -> Decoded | None:
        """None: something arrived before `_batch` could tell whether it interrupts."""
        if self._closed or not self._arrived.empty():
            return None
        self._context.use(adapter)
        if self._threads_set != self._threads:
            self._threads_set = self._threads
            self._context.pace(self._threads_set)
        began = self._clock()
        decoded = self._context.decode(slots)
        if decoded is Decoded.DONE:
            self._pace.measured(len(slots), self._clock() - began)
        return decoded

    def _hand_out(self, parts: list[tuple[Answering, Share]]) -> None:
        now, at = self._clock(), 0
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

    def _show_life(self) -> None:
        """Tell everybody that tokens are computed, those too that wait for their turn."""
        now = self._clock()
        if now >= self._alive_at:
            self._alive_at = now + ALIVE_S
            for answering in [*self._requests.live, *self._requests.waiting]:
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
            head = answering.tokens[: answering.computed]
            self._prefixes.mark(answering.place, head, answering.wanted.adapter)

    def _leave(self, answering: Answering, why: Finish) -> None:
        answering.finish = why
        self._requests.live.remove(answering)
        done = answering.tokens[: answering.computed]
        wanted = answering.wanted
        kept = wanted.keep and not wanted.adapter and why is not Finish.CANCELLED
        keeper = self._keep_head if kept else None
        if keeper is not None:
            keeper(answering)
        self._prefixes.keep(answering.place, done, head=wanted.keep, adapter=wanted.adapter)
        answering.place = -1
        if keeper is None:
            answering.end(why)

    def _fail_all(self, error: LaresError) -> None:
        for answering in [*self._requests.live]:
            self._fail(answering, error)
        while self._requests.waiting:
            self._requests.waiting.pop().watcher.failed(error)

    def _fail(self, answering: Answering, error: LaresError) -> None:
        self._requests.live.remove(answering)
        self._prefixes.release(answering.place)
        answering.watcher.failed(error)


def _stopping() -> Temporary:
    return Temporary("the language model is being stopped", remedy="ask again in a moment")


def _ready(answering: Answering, now: float) -> Ready:
    """Pending are its tokens up to the end of the head first: there it can be kept as it is."""
    rank, waited = answering.wanted.rank, now - answering.moved_at
    to_head = answering.wanted.head - answering.computed
    pending, draft, adapter = answering.pending, len(answering.draft), answering.wanted.adapter
    if 0 < to_head < pending:
        pending, draft = to_head, 0
    return Ready(answering.number, rank, waited, pending, draft, adapter)


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
