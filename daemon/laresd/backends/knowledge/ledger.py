"""What the ingest keeps beside the documents, in library.db: when a source was looked at, and what
a web server said of each page, so that it need not be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Visit:
    """The last look at a source. `at`: wall seconds at which all of it was compared, None: never
    yet. `fault`: why it could not be looked at since.
    """

    at: float | None = None
    fault: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a server said of an address. `links`: where the page leads to, on the same site."""

    etag: str = ""
    modified: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of a source, in numbers."""

    documents: int
    passages: int
    faults: int


class Ledger:
    """Each method is one transaction."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store

    async def visits(self) -> Mapping[int, Visit]:
        def work(db: Connection) -> dict[int, Visit]:
            found = db.execute("SELECT source, at, fault, notes FROM visit")
            return {
                int(str(source)): Visit(
                    None if at is None else float(str(at)),
                    str(fault),
                    tuple(json.loads(str(notes))),
                )
                for source, at, fault, notes in found
            }

        return await self._store.read(work)

    async def visited(self, source: int, at: float, notes: Sequence[str]) -> None:
        """All of it was compared."""
        await self._keep_visit(source, at, "", notes)

    async def not_visited(self, source: int, fault: str) -> None:
        await self._keep_visit(source, None, fault, ())

    async def moved(
        self, document: int, uri: str, title: str, title_before: str, modified: float
    ) -> None:
        """The same bytes under another name, or of another time. A title that was the name follows
        it; one that the document has in itself stays.
        """
        await self._store.call(
            lambda db: db.execute(
                "UPDATE document SET uri = ?, modified = ?, "
                "title = CASE title WHEN ? THEN ? ELSE title END WHERE id = ?",
                (uri, modified, title_before, title, document),
            )
        )

    async def faulty(self, source: int | None) -> Sequence[int]:
        """The documents of a source, or of all, that could not be read."""

        def work(db: Connection) -> list[int]:
            found = db.execute(
                "SELECT id FROM document WHERE fault != '' AND source = coalesce(?, source)",
                (source,),
            )
            return [int(str(number)) for (number,) in found]

        return await self._store.read(work)

    async def held(self) -> Mapping[int, Held]:
        """By source."""

        def work(db: Connection) -> dict[int, Held]:
            found = db.execute(
                "SELECT source, count(*), sum(fault != ''), sum((SELECT count(*) FROM passage "
                "WHERE passage.document = document.id)) FROM document GROUP BY source"
            )
            return {
                int(str(source)): Held(int(str(count)), int(str(passages)), int(str(faults)))
                for source, count, faults, passages in found
            }

        return await self._store.read(work)

    async def pages(self, source: int) -> Mapping[str, Page]:
        """By address."""

        def work(db: Connection) -> dict[str, Page]:
            found = db.execute(
                "SELECT uri, etag, modified, links FROM page WHERE source = ?", (source,)
            )
            return {
                str(uri): Page(str(etag), str(modified), tuple(json.loads(str(links))))
                for uri, etag, modified, links in found
            }

        return await self._store.read(work)

    async def keep_page(self, source: int, uri: str, page: Page) -> None:
        await self._store.call(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO page (source, uri, etag, modified, links) "
                "SELECT id, ?, ?, ?, ? FROM source WHERE id = ?",
                (uri, page.etag, page.modified, json.dumps(page.links), source),
            )
        )

    async def _keep_visit(
        self, source: int, at: float | None, fault: str, notes: Sequence[str]
    ) -> None:
        await self._store.call(
            lambda db: db.execute(
                "INSERT INTO visit (source, at, fault, notes) SELECT id, ?, ?, ? FROM source "
                "WHERE id = ? ON CONFLICT DO UPDATE SET at = coalesce(excluded.at, at), "
                "fault = excluded.fault, notes = excluded.notes",
                (at, fault, json.dumps(notes, ensure_ascii=False), source),
            )
        )
