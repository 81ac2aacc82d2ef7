"""A timer store that forgets at the end of the test, and can be told to fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from laresd.errors import LaresError
from laresd.timing import TimerRecord


class FakeTimerStore:
    """Port `TimerStore`. Each call raises `fails` while that is set."""

    def __init__(self, *records: TimerRecord) -> None:
        self.records = {record.id: record for record in records}
        self.fails: LaresError | None = None
        self._last = max(self.records, default=0)

    async def load(self) -> Sequence[TimerRecord]:
        self._check()
        return [self.records[key] for key in sorted(self.records)]

    async def save(self, timer: TimerRecord) -> TimerRecord:
        self._check()
        saved = timer
        if not timer.id:
            self._last += 1
            saved = dataclasses.replace(timer, id=self._last)
        self.records[saved.id] = saved
        return saved

    async def delete(self, timer_id: int) -> None:
        self._check()
        self.records.pop(timer_id, None)

    def _check(self) -> None:
        if self.fails is not None:
            raise self.fails
