"""The layout of library.db. Text, passages and embeddings are the truth; the tables that `derived`
names are made from them, and can be made again (derived.py).
"""

from __future__ import annotations

from laresd.backends.knowledge import derived
from laresd.backends.sqlite import Connection, Migration


def _truth(db: Connection) -> None:
    db.execute(
        """CREATE TABLE source (
             id INTEGER PRIMARY KEY,
             collection TEXT NOT NULL,
             kind TEXT NOT NULL,
             location TEXT NOT NULL,
             options TEXT NOT NULL, -- JSON: pairs
             UNIQUE (collection, kind, location)
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE document (
             id INTEGER PRIMARY KEY,
             source INTEGER NOT NULL REFERENCES source,
             uri TEXT NOT NULL,
             title TEXT NOT NULL,
             digest TEXT NOT NULL, -- SHA-256 of its bytes, hex
             size INTEGER NOT NULL,
             modified REAL NOT NULL,
             language TEXT NOT NULL,
             media_type TEXT NOT NULL,
             fault TEXT NOT NULL, -- why nothing of it is known; '' when all is
             notes TEXT NOT NULL, -- JSON: a list of texts
             text TEXT NOT NULL,
             UNIQUE (source, uri)
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE passage (
             id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: indexes are filled by it
             document INTEGER NOT NULL REFERENCES document,
             ordinal INTEGER NOT NULL, -- in its document, from 0
             text TEXT, -- NULL: the document's from `start` to `end`
             start INTEGER NOT NULL,
             "end" INTEGER NOT NULL,
             headings TEXT NOT NULL, -- JSON: a list of texts
             page INTEGER,
             sheet TEXT NOT NULL,
             cells TEXT NOT NULL,
             tokens INTEGER NOT NULL,
             content BLOB NOT NULL -- hash of the text that is embedded
           ) STRICT"""
    )
    db.execute("CREATE INDEX passage_document ON passage (document, ordinal)")
    db.execute("CREATE INDEX passage_content ON passage (content)")
    db.execute("CREATE INDEX document_digest ON document (digest)")
    _embeddings(db)
    derived.create(db)


def _embeddings(db: Connection) -> None:
    db.execute(
        """CREATE TABLE model ( -- of embeddings
             id INTEGER PRIMARY KEY,
             key TEXT NOT NULL UNIQUE,
             width INTEGER NOT NULL,
             checked INTEGER, -- vectors that there were when the recall was measured
             recall REAL, -- of the approximate index then
             refused INTEGER -- vectors that there were when its recall was too low
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE embedding (
             id INTEGER PRIMARY KEY,
             model INTEGER NOT NULL REFERENCES model,
             content BLOB NOT NULL,
             vector BLOB NOT NULL, -- int8
             UNIQUE (model, content)
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE unused ( -- contents whose last passage is gone: a moved one comes back
             content BLOB PRIMARY KEY,
             since REAL -- wall seconds; NULL: not looked at yet
           ) STRICT, WITHOUT ROWID"""
    )


def _visits(db: Connection) -> None:
    """What the ingest keeps of a source (ledger.py); it goes with the source."""
    db.execute(
        """CREATE TABLE visit (
             source INTEGER PRIMARY KEY,
             at REAL, -- wall seconds at which all of it was compared
             fault TEXT NOT NULL,
             notes TEXT NOT NULL -- JSON: a list of texts
           ) STRICT"""
    )
    db.execute(
        """CREATE TABLE page (
             source INTEGER NOT NULL,
             uri TEXT NOT NULL,
             etag TEXT NOT NULL,
             modified TEXT NOT NULL, -- as the server wrote it
             links TEXT NOT NULL, -- JSON: a list of addresses
             PRIMARY KEY (source, uri)
           ) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TRIGGER source_gone AFTER DELETE ON source BEGIN
             DELETE FROM visit WHERE source = old.id;
             DELETE FROM page WHERE source = old.id;
           END"""
    )


MIGRATIONS: tuple[Migration, ...] = (_truth, _visits)  # never change, only append
