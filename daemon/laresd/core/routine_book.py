"""The routines that there are: those of the configuration, and those that were made and are kept.

Owns the latter; what is on disk is the truth, and what is told to be kept is on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from laresd.config import RoutineSettings
from laresd.core import routines as rules
from laresd.core.routines import Routine
from laresd.errors import Refused
from laresd.ports import RoutineStore
from laresd.types import RoutineRecord

log = logging.getLogger(__name__)


class RoutineBook:
    """Enter it to read what was kept. Without a store there are only those of the configuration.

    Entering raises what the store raises.
    """

    def __init__(
        self, settings: Mapping[str, RoutineSettings], store: RoutineStore | None = None
    ) -> None:
        self._configured = rules.configured(settings)
        self._store = store
        self._made: tuple[RoutineRecord, ...] = ()

    async def __aenter__(self) -> Self:
        if self._store is not None:
            self._made = tuple(await self._store.load())
        for routine in self.routines:
            if not routine.steps:
                log.warning("the routine %r does nothing: it has no actions", routine.name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def adopt(self, configured: tuple[Routine, ...]) -> None:
        """Take these in place of those that the configuration had; what was made stays."""
        self._configured = configured

    @property
    def routines(self) -> tuple[Routine, ...]:
        """All of them; those of the configuration come first, and win."""
        return (*self._configured, *map(rules.kept, self._made))

    @property
    def spoken(self) -> Mapping[str, str]:
        """What is said for each of them, by its name: those that may be called from anywhere."""
        return {one.name: one.phrases[0] for one in reversed(self.routines) if not one.areas}

    @property
    def room(self) -> bool:
        """Whether one more may be kept."""
        return self._store is not None and len(self._made) < rules.MAX_MADE

    async def keep(self, record: RoutineRecord) -> None:
        """On disk when this returns. Raises Refused when there is no room, and what the store
        raises.
        """
        if self._store is None or not self.room:
            raise Refused("there is no room for another routine", remedy="delete one first")
        await self._store.save(record)
        self._made = (*(one for one in self._made if one.phrase != record.phrase), record)

    async def forget(self, phrase: str) -> None:
        """Gone from the disk when this returns. Raises what the store raises."""
        if self._store is not None:
            await self._store.delete(phrase)
        self._made = tuple(record for record in self._made if record.phrase != phrase)
