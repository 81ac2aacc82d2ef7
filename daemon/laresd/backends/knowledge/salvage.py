"""What is taken over from a damaged library.db: the truth, where it can be read to its end. The
indexes are made again.
"""

from __future__ import annotations

from laresd.backends.sqlite import Connection

TABLES = ("source", "document", "passage", "model", "embedding", "unused", "visit", "page")


def truth(db: Connection) -> None:
    """Into a fresh file from the one attached as `damaged`. Raises what SQLite raises where a table
    cannot be read.
    """
    for table in TABLES:
        columns = ", ".join(f'"{row[1]}"' for row in db.execute(f"PRAGMA main.table_info({table})"))
        db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM damaged.{table}")
    db.execute("DELETE FROM derived")
