"""Timers in a SQLite file: durable when a call returns, and no lost file is silent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from laresd.backends.sqlite import Connection, Database, Migration
from laresd.timing import TimerRecord


def _create(db: Connection) -> None:
    db.execute(
        """CREATE TABLE timer (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             name TEXT NOT NULL,
             duration REAL NOT NULL,
             extended REAL NOT NULL,
             ends_at REAL,
             remaining REAL,
             area TEXT,
             CHECK ((ends_at IS NULL) <> (remaining IS NULL))
           ) STRICT"""
    )


MIGRATIONS: tuple[Migration, ...] = (_create,)  # never change, only append

_COLUMNS = "id, name, duration, ends_at, remaining, area, extended"


class SqliteTimerStore(Database):
    """Port `TimerStore`."""

    def __init__(self, path: Path) -> None:
        loss = "its timers are not known; set them again"
        super().__init__(path, MIGRATIONS, holds="timers", loss=loss)

    async def load(self) -> Sequence[TimerRecord]:
        return await self.call(_load)

    async def save(self, timer: TimerRecord) -> TimerRecord:
        return await self.call(lambda db: _save(db, timer))

    async def delete(self, timer_id: int) -> None:
        await self.call(lambda db: _delete(db, timer_id))


def _load(db: Connection) -> list[TimerRecord]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM timer ORDER BY id")
    return [TimerRecord(*row) for row in rows]


def _save(db: Connection, timer: TimerRecord) -> TimerRecord:
    row = (
        timer.id or None,
        timer.name,
        timer.duration,
        timer.ends_at,
        timer.remaining,
        timer.area,
        timer.extended,
    )
    statement = f"INSERT OR REPLACE INTO timer ({_COLUMNS}) VALUES (?,?,?,?,?,?,?) RETURNING id"
    (found,) = db.execute(statement, row).fetchall()
    return TimerRecord(int(str(found[0])), *row[1:])


def _delete(db: Connection, timer_id: int) -> None:
    db.execute("DELETE FROM timer WHERE id = ?", (timer_id,))
