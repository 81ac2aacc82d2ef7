"""A routine store that forgets at the end of the test, and can be told to fail."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.errors import LaresError
from laresd.types import RoutineRecord


class FakeRoutineStore:
    """Port `RoutineStore`. Each call raises `fails` while that is set."""

    def __init__(self, *records: RoutineRecord) -> None:
        self.records = {record.phrase: record for record in records}
        self.fails: LaresError | None = None

    async def load(self) -> Sequence[RoutineRecord]:
        self._check()
        return list(self.records.values())

    async def save(self, routine: RoutineRecord) -> None:
        self._check()
        self.records[routine.phrase] = routine

    async def delete(self, phrase: str) -> None:
        self._check()
        self.records.pop(phrase, None)

    def _check(self) -> None:
        if self.fails is not None:
            raise self.fails
