"""One SQLite file (APSW) with one owner: durable when a call returns, and no lost file is silent.

The only file of the backends that imports apsw.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import apsw
import apsw.sqlite_extra

from laresd.errors import LaresError, Permanent, Temporary

log = logging.getLogger(__name__)

Connection = apsw.Connection
Migration = Callable[[Connection], None]
T = TypeVar("T")

_MAGIC = b"SQLite format 3\0"
_STEP = 1024  # pages that a copy takes at once

UNUSABLE: tuple[type[Exception], ...] = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError)
"""What a table raises that is damaged, not there, or of an extension that is not there."""


class Damaged(Permanent):
    """A part of the file cannot be used."""


class Database:
    """A store of one kind of thing: a port's methods are a subclass's, each one `call`. Enter it to
    open the file, which is made when it is not there.

    A damaged file is moved aside (`moved_aside` says where) and a fresh one is begun. Raises
    Permanent when the file cannot be opened or was written by a newer Lares, Temporary when the
    disk is full or somebody else holds the lock. `migrations` are never changed, only appended to.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        holds: str,
        loss: str,
        prepare: Callable[[Connection], None] = lambda db: None,
        salvage: Callable[[Connection], None] | None = None,
        readers: int = 1,
    ) -> None:
        """`holds`: whose file it is ("timers"); `loss`: what its damage means to a person;
        `prepare`: loads into each new connection what the layout needs. `salvage`: takes into a
        fresh file what can still be read of a damaged one, which is attached as `damaged`; it
        raises one of UNUSABLE when nothing can. `readers`: `read`s that go on at once.
        """
        self.moved_aside: Path | None = None
        self._path = path
        self._migrations = tuple(migrations)
        self._holds, self._loss = holds, loss
        self._prepare, self._salvage = prepare, salvage
        self._db: Connection | None = None
        self._reading: queue.SimpleQueue[Connection] = queue.SimpleQueue()  # those that are idle
        self._readers = ThreadPoolExecutor(
            max_workers=readers, thread_name_prefix=f"{holds} reader"
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=holds)

    async def __aenter__(self) -> Self:
        try:
            await self._in_thread(self._open)
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
        await asyncio.to_thread(self._close_reading)
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """`work` on a connection that can only read, beside a `call` that goes on: it sees what was
        durable when it began, all of it or nothing.
        """

        def snapshot() -> T:
            db = self._reading_connection()
            try:
                with db:
                    done = work(db)
            finally:
                self._reading.put(db)
            return done  # as in `call`

        return await asyncio.get_running_loop().run_in_executor(
            self._readers, lambda: self._told(snapshot)
        )

    async def call(self, work: Callable[[Connection], T]) -> T:
        """`work` in one transaction, in the file's own thread: an fsync on an SD card can take a
        second. Once it has begun it is not cut short by a cancellation.
        """

        def transaction() -> T:
            db = self._connection()
            with db:
                done = work(db)
            return done  # noqa: RET504  # for all that types know, leaving `db` may end an error

        return await self._in_thread(transaction)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._told(work)
        )

    def _told(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except apsw.Error as error:
            first = error.__context__  # SQLite rolls back by itself, then there is nothing to
            raise self._explained(first if isinstance(first, apsw.Error) else error) from error
        except OSError as error:
            raise Permanent(
                f"cannot use the {self._holds}' file {self._path}: {error.strerror}",
                remedy="check that the state directory exists and this user may write there",
            ) from error

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._opened()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            self.moved_aside = _move_aside(self._path)
            self._db = self._opened()
            log.error(
                "the %s' file %s is damaged (%s): it was moved to %s and %s",
                self._holds,
                self._path,
                error,
                self.moved_aside,
                "what it held was read from there" if self._salvaged() else self._loss,
            )

    def _salvaged(self) -> bool:
        """Whether all of what counts could be read of the file that was moved aside."""
        if self._salvage is None:
            return False
        db = self._connection()
        try:
            db.execute("ATTACH ? AS damaged", (str(self.moved_aside),))
            try:
                with db:
                    self._salvage(db)
            finally:
                db.execute("DETACH damaged")
        except UNUSABLE:
            return False
        return True

    def _opened(self) -> Connection:
        db = Connection(str(self._path))
        try:
            db.set_busy_timeout(5000)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            self._prepare(db)
            if db.pragma("quick_check") != "ok":
                raise apsw.CorruptError("quick_check found damage")
            self._migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate(self, db: Connection) -> None:
        version, known = int(str(db.pragma("user_version"))), len(self._migrations)
        if version > known:
            raise Permanent(
                f"{self._path} was written by a newer Lares (layout {version}, this one knows "
                f"{known})",
                remedy=f"update Lares again, or move the file away to begin without {self._holds}",
            )
        for number, migration in enumerate(self._migrations[version:], version + 1):
            with db:
                migration(db)
                db.pragma("user_version", number)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connection(self) -> Connection:
        if self._db is None:
            raise Permanent(f"the {self._holds}' file is not open")
        return self._db

    def _reading_connection(self) -> Connection:
        self._connection()  # raises when the file is not open
        try:
            return self._reading.get_nowait()
        except queue.Empty:
            db = Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            db.set_busy_timeout(5000)
            self._prepare(db)
            return db

    def _close_reading(self) -> None:
        self._readers.shutdown(wait=True)
        while not self._reading.empty():
            self._reading.get_nowait().close()

    def _explained(self, error: apsw.Error) -> LaresError:
        path = self._path
        match error:
            case apsw.FullError():
                return Temporary(f"no space left for {path}", remedy="free some disk space")
            case apsw.BusyError() | apsw.LockedError():
                return Temporary(
                    f"{path} is in use by another process", remedy="stop the other laresd"
                )
            case apsw.ReadOnlyError() | apsw.CantOpenError():
                return Permanent(
                    f"cannot write {path}",
                    remedy="check that the disk is not read-only and this user may write there",
                )
            case apsw.CorruptError() | apsw.NotADBError():
                return Damaged(
                    f"{path} is damaged", remedy="restart laresd: it moves the file aside"
                )
            case apsw.SQLError():
                return Damaged(
                    f"the {self._holds}' file {path} failed: {error}", remedy="see lares doctor"
                )
            case _:
                return Permanent(
                    f"the {self._holds}' file {path} failed: {error}", remedy="see lares doctor"
                )


def load_extension(db: Connection, path: str) -> None:
    """An extension's library into one connection, which then loads no others. Raises apsw.Error."""
    db.enable_load_extension(True)
    try:
        db.load_extension(path)
    finally:
        db.enable_load_extension(False)


def load_extra(db: Connection, name: str) -> bool:
    """An extension that travels with APSW, into one connection; whether it is there."""
    try:
        apsw.sqlite_extra.load(db, name)
    except (apsw.Error, apsw.sqlite_extra.NotAvailable, ImportError, OSError):
        return False
    finally:
        db.enable_load_extension(False)
    return True


def memory() -> Connection:
    """A database of its own, that is gone when it is closed."""
    return Connection(":memory:")


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do (sqlite.org/fileformat.html). Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def copy_database(source: Path, target: Path) -> None:
    """What was durable at one moment, while others write; `target`, whose journal is no part of
    it, must not be there. Blocks. Raises Temporary or Permanent.
    """
    try:
        with _closing(source, apsw.SQLITE_OPEN_READWRITE) as db:
            made = Connection(str(target))
            try:
                with db:  # one snapshot: a copy is not begun anew whenever somebody writes
                    db.execute("SELECT count(*) FROM sqlite_schema").fetchall()
                    with made.backup("main", db, "main") as copying:
                        while not copying.done:
                            copying.step(_STEP)
                made.pragma("journal_mode", "delete")
            finally:
                made.close()
    except apsw.FullError as error:
        raise Temporary(f"no space left for {target}", remedy="free some disk space") from error
    except apsw.Error as error:
        raise Permanent(
            f"{source} cannot be copied: {error}", remedy="restart laresd, and see its log"
        ) from error


def thinned(path: Path, work: Callable[[Connection], None]) -> None:
    """Have `work` drop what can be made again out of a copy that nobody else uses. Zeros take its
    place: they pack to nothing, and what stays does not move. Blocks. Raises Permanent.
    """
    try:
        with _closing(path, apsw.SQLITE_OPEN_READWRITE) as db:
            db.pragma("journal_mode", "memory")
            db.pragma("synchronous", "off")
            db.pragma("secure_delete", True)
            with db:
                work(db)
    except apsw.Error as error:
        raise Permanent(f"{path} cannot be made smaller: {error}") from error


def layout_of(path: Path) -> int:
    """The layout of a database that nobody uses, when it is whole. Blocks. Raises Permanent for
    one that is damaged.
    """
    try:
        with _closing(path, apsw.SQLITE_OPEN_READONLY) as db:
            if (told := db.pragma("quick_check")) != "ok":
                raise apsw.CorruptError(str(told))
            return int(str(db.pragma("user_version")))
    except apsw.Error as error:
        raise Permanent(f"{path} is damaged: {error}") from error


@contextlib.contextmanager
def _closing(path: Path, flags: int) -> Iterator[Connection]:
    db = Connection(str(path), flags=flags)
    try:
        db.set_busy_timeout(5000)
        yield db
    finally:
        db.close()


def _move_aside(path: Path) -> Path:
    """The file and its journal under a new name; nothing is deleted."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
