"""What waits on disk while the broker is away, and which requests were begun: one SQLite file.

A message that is about to go out is marked as begun, and deleted when the broker has it. One that
is found begun at the start may have gone out before the power failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.backends.broker.messages import Outgoing
from laresd.backends.sqlite import Connection, Database, Migration
from laresd.errors import Temporary

MAX_MESSAGES = 1000
MAX_BYTES = 4 << 20  # of payloads and topics
MAX_SEEN = 1000  # request ids


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that waits. `kept_at` and `keep_until`: wall seconds. `id` 0: not on disk yet."""

    message: Outgoing
    keep_until: float
    kept_at: float
    repeatable: bool = True
    begun: bool = False
    id: int = 0

    @property
    def size(self) -> int:
        return len(self.message.topic.encode()) + len(self.message.payload)


def _create(db: Connection) -> None:
    db.execute(
        """CREATE TABLE message (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             topic TEXT NOT NULL,
             payload BLOB NOT NULL,
             keep_until REAL NOT NULL,
             kept_at REAL NOT NULL,
             qos INTEGER NOT NULL,
             retain INTEGER NOT NULL,
             response_topic TEXT NOT NULL,
             correlation BLOB NOT NULL,
             repeatable INTEGER NOT NULL,
             begun INTEGER NOT NULL
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE seen (
             number INTEGER PRIMARY KEY AUTOINCREMENT,
             id TEXT NOT NULL UNIQUE
           ) STRICT"""
    )
    db.execute("CREATE TABLE last_connection (at REAL NOT NULL) STRICT")


MIGRATIONS: tuple[Migration, ...] = (_create,)  # never change, only append

_COLUMNS = (
    "topic, payload, keep_until, kept_at, qos, retain, response_topic, correlation, repeatable, "
    "begun, id"
)


class Outbox(Database):
    """Port `Seen`, and the messages of one `MqttBus`."""

    def __init__(self, path: Path) -> None:
        loss = "what waited for the broker is lost"
        super().__init__(path, MIGRATIONS, holds="unsent messages", loss=loss)

    async def load(self) -> Sequence[Kept]:
        """Those that wait, in their order."""
        return await self.call(_load)

    async def add(self, message: Kept) -> Kept:
        """Raises Temporary when MAX_MESSAGES or MAX_BYTES wait already."""
        return await self.call(lambda db: _add(db, message))

    async def begin(self, ids: Sequence[int]) -> None:
        """They go out now."""
        await self.call(lambda db: _mark(db, ids, begun=True))

    async def settle(self, *, gone: Sequence[int], waiting: Sequence[int] = ()) -> None:
        """Forget those that are gone; the others did not go out after all."""

        def settle(db: Connection) -> None:
            db.executemany("DELETE FROM message WHERE id = ?", [(one,) for one in gone])
            _mark(db, waiting, begun=False)

        await self.call(settle)

    async def first(self, request_id: str) -> bool:
        return await self.call(lambda db: _first(db, request_id))

    async def forget(self, request_id: str) -> None:
        def forget(db: Connection) -> None:
            db.execute("DELETE FROM seen WHERE id = ?", (request_id,))

        await self.call(forget)

    async def last_connection(self) -> float | None:
        """When requests were last listened for (wall seconds), as it was noted."""
        return await self.call(_last_connection)

    async def note_connection(self, at: float) -> None:
        def note(db: Connection) -> None:
            db.execute("DELETE FROM last_connection")
            db.execute("INSERT INTO last_connection VALUES (?)", (at,))

        await self.call(note)


def _load(db: Connection) -> list[Kept]:
    found = []
    for row in db.execute(f"SELECT {_COLUMNS} FROM message ORDER BY id"):
        topic, payload, keep_until, kept_at, qos, retain, answer, correlation, *flags = row
        repeatable, begun, number = flags
        found.append(
            Kept(
                Outgoing(topic, payload, qos, bool(retain), None, answer, correlation),
                keep_until=keep_until,
                kept_at=kept_at,
                repeatable=bool(repeatable),
                begun=bool(begun),
                id=number,
            )
        )
    return found


def _add(db: Connection, message: Kept) -> Kept:
    what = message.message
    count = _number(db, "SELECT count(*) FROM message")
    size = _number(db, "SELECT sum(length(CAST(topic AS BLOB)) + length(payload)) FROM message")
    if count >= MAX_MESSAGES or size + message.size > MAX_BYTES:
        raise Temporary(
            f"{count} messages wait for the broker already, which is as many as are kept",
            remedy="bring the broker back",
        )
    db.execute(
        f"INSERT INTO message ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,NULL)",
        (
            what.topic,
            what.payload,
            message.keep_until,
            message.kept_at,
            what.qos,
            int(what.retain),
            what.response_topic,
            what.correlation,
            int(message.repeatable),
            int(message.begun),
        ),
    )
    return replace(message, id=db.last_insert_rowid())


def _mark(db: Connection, ids: Sequence[int], *, begun: bool) -> None:
    rows = [(int(begun), one) for one in ids]
    db.executemany("UPDATE message SET begun = ? WHERE id = ?", rows)


def _first(db: Connection, request_id: str) -> bool:
    db.execute("INSERT OR IGNORE INTO seen (id) VALUES (?)", (request_id,))
    if not db.changes():
        return False
    db.execute("DELETE FROM seen WHERE number <= ?", (db.last_insert_rowid() - MAX_SEEN,))
    return True


def _last_connection(db: Connection) -> float | None:
    rows = db.execute("SELECT at FROM last_connection").fetchall()
    return float(str(rows[0][0])) if rows else None


def _number(db: Connection, query: str) -> int:
    ((found,),) = db.execute(query).fetchall()
    return int(str(found or 0))
