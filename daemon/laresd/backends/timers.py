"""Timers in a SQLite file (APSW): durable when a call returns, and no lost file is silent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import apsw

from laresd.errors import LaresError, Permanent, Temporary
from laresd.types import TimerRecord

log = logging.getLogger(__name__)

T = TypeVar("T")


def _create(db: apsw.Connection) -> None:
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


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_create,)  # never change, only append

_COLUMNS = "id, name, duration, ends_at, remaining, area, extended"


class SqliteTimerStore:
    """Port `TimerStore`. Enter it to open the file, which is made when it is not there.

    A damaged file is moved aside (`moved_aside` says where) and a fresh one is begun. Raises
    Permanent when the file cannot be opened or was written by a newer Lares, Temporary when the
    disk is full or somebody else holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self.moved_aside: Path | None = None
        self._path = path
        self._db: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="timers")

    async def __aenter__(self) -> Self:
        try:
            await self._call(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._call(self._close)
        self._thread.shutdown(wait=False)

    async def load(self) -> Sequence[TimerRecord]:
        return await self._call(self._load)

    async def save(self, timer: TimerRecord) -> TimerRecord:
        return await self._call(lambda: self._save(timer))

    async def delete(self, timer_id: int) -> None:
        await self._call(lambda: self._delete(timer_id))

    async def _call(self, work: Callable[[], T]) -> T:
        """In the store's own thread: an fsync on an SD card can take a second."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._told(work)
        )

    def _told(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except apsw.Error as error:
            raise _explained(error, self._path) from error
        except OSError as error:
            raise Permanent(
                f"cannot use the timers' file {self._path}: {error.strerror}",
                remedy="check that the state directory exists and this user may write there",
            ) from error

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _opened(self._path)
        except (apsw.CorruptError, apsw.NotADBError) as error:
            self.moved_aside = _move_aside(self._path)
            log.error(
                "the timers' file %s is damaged (%s): it was moved to %s and its timers are not "
                "known; set them again",
                self._path,
                error,
                self.moved_aside,
            )
            self._db = _opened(self._path)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connection(self) -> apsw.Connection:
        if self._db is None:
            raise Permanent("the timers' file is not open")
        return self._db

    def _load(self) -> list[TimerRecord]:
        rows = self._connection().execute(f"SELECT {_COLUMNS} FROM timer ORDER BY id")
        return [TimerRecord(*row) for row in rows]

    def _save(self, timer: TimerRecord) -> TimerRecord:
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
        (found,) = self._connection().execute(statement, row).fetchall()
        return TimerRecord(int(str(found[0])), *row[1:])

    def _delete(self, timer_id: int) -> None:
        self._connection().execute("DELETE FROM timer WHERE id = ?", (timer_id,))


def _opened(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    try:
        db.set_busy_timeout(5000)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        if db.pragma("quick_check") != "ok":
            raise apsw.CorruptError("quick_check found damage")
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: apsw.Connection, path: Path) -> None:
    version = int(str(db.pragma("user_version")))
    if version > len(MIGRATIONS):
        raise Permanent(
            f"{path} was written by a newer Lares (layout {version}, this one knows "
            f"{len(MIGRATIONS)})",
            remedy="update Lares again, or move the file away to begin without timers",
        )
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        with db:
            migration(db)
            db.pragma("user_version", number)


def _move_aside(path: Path) -> Path:
    """The file and its journal under a new name; nothing is deleted."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _explained(error: apsw.Error, path: Path) -> LaresError:
    match error:
        case apsw.FullError():
            return Temporary(f"no space left for {path}", remedy="free some disk space")
        case apsw.BusyError() | apsw.LockedError():
            return Temporary(f"{path} is in use by another process", remedy="stop the other laresd")
        case apsw.ReadOnlyError() | apsw.CantOpenError():
            return Permanent(
                f"cannot write {path}",
                remedy="check that the disk is not read-only and this user may write there",
            )
        case apsw.CorruptError() | apsw.NotADBError():
            return Permanent(f"{path} is damaged", remedy="restart laresd: it moves the file aside")
        case _:
            return Permanent(f"the timers' file {path} failed: {error}", remedy="see lares doctor")
