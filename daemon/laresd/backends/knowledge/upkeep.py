"""Keeps the indexes of library.db in order in the background: fills those that are not there, goes
over to the one that fits the number of vectors, measures what it finds, and forgets what nobody
needs. Each piece of work is short, so that neither a search nor a writer waits long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from laresd.backends.knowledge import derived, embeddings, plan, recall, vec1
from laresd.backends.knowledge.derived import Derived, Kind
from laresd.backends.knowledge.embeddings import Model
from laresd.backends.knowledge.plan import Begin, Counted, Discard, DropModel, Fill, Measure, State
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.sqlite import Connection
from laresd.errors import LaresError, Permanent
from laresd.ports import Clock

log = logging.getLogger(__name__)

PIECE = 1000  # passages or vectors of one piece of work
GATHER_S = 5.0  # that changes are waited for, once there is one
SWEEP_S = 900.0  # between two looks for vectors that nobody needs
PAUSE_S = 60.0  # after a failure


class Upkeep:
    """`quiet` returns when nothing that a person waits for is computed. `many`: vectors from which
    they are searched approximately. `run` or `settle`, not both at once.
    """

    def __init__(
        self,
        store: LibraryStore,
        clock: Clock,
        quiet: Callable[[], Awaitable[None]],
        *,
        many: int = plan.MANY,
    ) -> None:
        self._store, self._clock, self._quiet = store, clock, quiet
        self._many = many

    async def run(self) -> None:
        while True:
            try:
                await self.settle()
            except LaresError as error:
                log.warning("the documents' indexes could not be kept up: %s", error)
                await self._clock.wait(asyncio.Event(), self._clock.now() + PAUSE_S)
                continue
            until = self._clock.now() + SWEEP_S
            if await self._clock.wait(self._store.changed, until):
                await self._clock.wait(asyncio.Event(), self._clock.now() + GATHER_S)

    async def settle(self) -> None:
        """Until nothing is left to do. Raises Temporary or Permanent as the store does."""
        self._store.changed.clear()
        while await self._store.call(self._sweep):
            await self._quiet()
        while (job := plan.next_job(await self._state())) is not None:
            await self._quiet()
            await self._do(job)

    def _sweep(self, db: Connection) -> bool:
        return embeddings.sweep(db, self._clock.wall(), PIECE)

    async def _state(self) -> State:
        in_use, usable = self._store.in_use, not self._store.vec1_fault

        def look(db: Connection) -> State:
            models = embeddings.models(db)
            current = ""
            if len(models) > 1:
                used = embeddings.model(db, in_use)
                current = used.key if used and embeddings.is_whole(db, used) else ""
            return State(
                derived.every(db),
                [Counted(each, embeddings.count(db, each)) for each in models],
                embeddings.last_passage(db),
                is_vec1_usable=usable,
                current=current,
                many=self._many,
            )

        return await self._store.read(look)

    async def _do(self, job: plan.Job) -> None:
        match job:
            case Begin():
                await self._begin(job)
            case Fill(index):
                await self._fill(index)
            case Measure(index, counted):
                await self._measure(index, counted)
            case Discard(index):
                await self._store.call(lambda db: derived.discard(db, index.id))
            case DropModel(model):
                await self._store.call(lambda db: embeddings.drop_model(db, model.id, PIECE))

    async def _begin(self, job: Begin) -> None:
        model, trained = job.model, b""
        if model is not None and job.kind is Kind.VEC1:
            try:
                trained = await self._trained(model, job.vectors)
            except Permanent as error:
                await self._refuse(model, job.vectors, str(error))
                return
        await self._store.call(
            lambda db: derived.begin(
                db,
                job.kind,
                model.id if model else 0,
                width=model.width if model else 0,
                trained=job.vectors,
                trained_as=trained,
            )
        )

    async def _trained(self, model: Model, vectors: int) -> bytes:
        """No database waits for it."""
        count = min(vec1.MOST_SAMPLES, vec1.SAMPLES * vec1.buckets(vectors))
        sample = await self._store.read(lambda db: embeddings.sample(db, model, count))
        return await vec1.trained(sample, vectors)

    async def _refuse(self, model: Model, vectors: int, why: str) -> None:
        log.warning("%d vectors are searched one by one: %s", vectors, why)
        await self._store.call(
            lambda db: embeddings.note_recall(db, model.id, vectors, None, refused=True)
        )

    async def _fill(self, index: Derived) -> None:
        if index.kind is Kind.WORDS:
            await self._store.call(lambda db: self._store.fill_words(db, index.id, PIECE))
        else:
            await self._store.call(lambda db: _fill_vectors(db, index.id))

    async def _measure(self, index: Derived, counted: Counted) -> None:
        found = await recall.measured(self._store, counted.model, index)
        if found is None:
            return
        refused = plan.is_refused(index, counted.vectors, found)

        def note(db: Connection) -> None:
            embeddings.note_recall(db, counted.model.id, counted.vectors, found, refused=refused)
            derived.measured(db, index.id, found)
            if not plan.is_enough(found) and not index.is_whole:
                derived.discard(db, index.id)

        await self._store.call(note)
        if refused:
            why = f"the approximate index finds {found:.3f} of the nearest, not {plan.GOAL}"
            log.warning("%d vectors are searched one by one: %s", counted.vectors, why)


def _fill_vectors(db: Connection, number: int) -> None:
    """A piece more. At the end the index is whole; an approximate one when its recall is known."""
    index = derived.get(db, number)
    if index is None:  # discarded since
        return
    last, placed = embeddings.placed_from(db, index.model, index.filled, PIECE)
    derived.insert_vectors(db, index, placed)
    is_end = last >= embeddings.last_passage(db)
    may_end = index.kind is not Kind.VEC1 or index.recall is not None
    derived.reached(db, number, derived.ALL if is_end and may_end else last)
