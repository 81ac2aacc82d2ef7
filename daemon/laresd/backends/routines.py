"""Routines that were made by voice or text, in a SQLite file: durable when a call returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from laresd.backends.sqlite import Connection, Database, Migration
from laresd.types import RoutineRecord


def _create(db: Connection) -> None:
    db.execute(
        """CREATE TABLE routine (
             phrase TEXT PRIMARY KEY,
             steps TEXT NOT NULL, -- JSON: a list of sentences
             language TEXT NOT NULL,
             area TEXT
           ) STRICT"""
    )


MIGRATIONS: tuple[Migration, ...] = (_create,)  # never change, only append


class SqliteRoutineStore(Database):
    """Port `RoutineStore`."""

    def __init__(self, path: Path) -> None:
        loss = "the routines in it are not known; make them again"
        super().__init__(path, MIGRATIONS, holds="routines", loss=loss)

    async def load(self) -> Sequence[RoutineRecord]:
        return await self.call(_load)

    async def save(self, routine: RoutineRecord) -> None:
        await self.call(lambda db: _save(db, routine))

    async def delete(self, phrase: str) -> None:
        await self.call(lambda db: _delete(db, phrase))


def _load(db: Connection) -> list[RoutineRecord]:
    rows = db.execute("SELECT phrase, steps, language, area FROM routine ORDER BY rowid")
    return [
        RoutineRecord(str(phrase), tuple(json.loads(str(steps))), str(language), _text(area))
        for phrase, steps, language, area in rows
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _save(db: Connection, routine: RoutineRecord) -> None:
    steps = json.dumps(list(routine.steps), ensure_ascii=False)
    db.execute(
        "INSERT OR REPLACE INTO routine (phrase, steps, language, area) VALUES (?,?,?,?)",
        (routine.phrase, steps, routine.language, routine.area),
    )


def _delete(db: Connection, phrase: str) -> None:
    db.execute("DELETE FROM routine WHERE phrase = ?", (phrase,))
