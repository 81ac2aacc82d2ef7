"""What the control socket offers of documents.

    kb_add       {location, collection, site?, follow?, query?, key?, group?} -> the source
    kb_list      {}               -> a part for each source
    kb_watch     {id}             -> {"progress": ...} while it is read, then one part: the source
    kb_remove    {id}             -> one part: {id}
    kb_retry     {id?}            -> one part: {documents}: so many are read again
    kb_status    {}               -> a part for each collection
    kb_documents {collection, limit?, offset?} -> a part for each document
    kb_search    {text, collections?, language?}           -> one part: {found}, best first
    kb_ask       {text, collections?, language?, profile?} -> {"sentence": ...} as they are told,
                                                              then the answer
    kb_summary   {text: number or title, language?}        -> {"progress": ...}, then {text}
The forms of what is found and of answers are those of `citations`.
A source: id, collection, kind, location, follow, documents, passages, faults, read_at (wall seconds
or null), fault, notes, reading.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Protocol

from laresd.documents import Document, Progress, Source
from laresd.errors import LaresError, Permanent, Refused
from laresd.frames import Fields
from laresd.frontends.citations import cited_form, found_forms
from laresd.frontends.control import Handler
from laresd.frontends.streaming import as_told
from laresd.ports import Clock, Librarian, Library
from laresd.types import Json, Request

MAX_TEXT = 1000  # characters of a question
ASK_TIMEOUT = 110.0  # seconds
SUMMARY_TIMEOUT = 6 * 3600.0
SOON_S = 0.25  # between two looks at the progress
ALIVE_S = 30.0  # without progress, after which it is told again
MOST_DOCUMENTS = 1000  # of one list

Part = Mapping[str, Json]


class SourceOf(Protocol):
    """What was given as a source. Raises Refused for what is none."""

    def __call__(
        self,
        location: str,
        collection: str,
        *,
        whole_site: bool,
        follow: bool,
        query: str,
        key: str,
        group: str,
    ) -> Source: ...


@dataclass(frozen=True, slots=True)
class KnowledgeOperations:
    """`standing`: a row for each source; `retry`: of a source, or of all."""

    library: Library
    librarian: Librarian
    clock: Clock
    language: str
    source_of: SourceOf
    standing: Callable[[], Awaitable[Sequence[Part]]]
    retry: Callable[[int | None], Awaitable[int]]

    def handlers(self) -> dict[str, Handler]:
        numbers = itertools.count(1)
        return {
            "kb_add": lambda fields, payload: self._add(Fields(fields)),
            "kb_list": lambda fields, payload: self._list(),
            "kb_watch": lambda fields, payload: self._watch(Fields(fields).integer("id")),
            "kb_remove": lambda fields, payload: self._remove(Fields(fields).integer("id")),
            "kb_retry": lambda fields, payload: self._retry(Fields(fields)),
            "kb_status": lambda fields, payload: self._status(),
            "kb_documents": lambda fields, payload: self._documents(Fields(fields)),
            "kb_search": lambda fields, payload: self._search(Fields(fields), next(numbers)),
            "kb_ask": lambda fields, payload: self._ask(Fields(fields), next(numbers)),
            "kb_summary": lambda fields, payload: self._summary(Fields(fields), next(numbers)),
        }

    async def _add(self, fields: Fields) -> AsyncGenerator[Part, None]:
        source = self.source_of(
            fields.text("location"),
            fields.text("collection", "home"),
            whole_site=fields.flag("site", False),
            follow=fields.flag("follow", False),
            query=fields.text("query", ""),
            key=fields.text("key", ""),
            group=fields.text("group", ""),
        )
        added = await self.library.add(source)
        yield await self._row(added.id)

    async def _list(self) -> AsyncGenerator[Part, None]:
        for row in await self.standing():
            yield row

    async def _watch(self, source: int) -> AsyncGenerator[Part, None]:
        told: Progress | None = None
        due = 0.0
        while (now := self.library.progress().get(source)) is not None:
            if now != told or self.clock.now() >= due:
                told, due = now, self.clock.now() + ALIVE_S
                yield {"progress": _progress_form(now)}
            await self.clock.wait(asyncio.Event(), self.clock.now() + SOON_S)
        yield await self._row(source)

    async def _remove(self, source: int) -> AsyncGenerator[Part, None]:
        await self.library.remove(source)
        yield {"id": source}

    async def _retry(self, fields: Fields) -> AsyncGenerator[Part, None]:
        source = fields.integer("id", 0) or None
        if source is not None:
            await self._row(source)
        yield {"documents": await self.retry(source)}

    async def _status(self) -> AsyncGenerator[Part, None]:
        for collection in await self.library.collections():
            form: dict[str, Json] = asdict(collection)
            lists = ("sites", "users", "programs", "languages")
            yield {**form, **{name: [*getattr(collection, name)] for name in lists}}

    async def _documents(self, fields: Fields) -> AsyncGenerator[Part, None]:
        found = await self.library.documents(
            fields.text("collection", "home"),
            limit=min(max(fields.integer("limit", 100), 1), MOST_DOCUMENTS),
            offset=max(fields.integer("offset", 0), 0),
        )
        for document in found:
            yield document_form(document)

    async def _search(self, fields: Fields, number: int) -> AsyncGenerator[Part, None]:
        request = self._asked(fields, number)
        found = await self.librarian.search(request, fields.texts("collections"))
        yield {"found": found_forms(found)}

    async def _ask(self, fields: Fields, number: int) -> AsyncGenerator[Part, None]:
        request = self._asked(fields, number)
        ask = partial(
            self.librarian.answer,
            request,
            fields.texts("collections"),
            profile=fields.text("profile", ""),
        )
        async with aclosing(as_told(ask)) as parts:
            async for part in parts:
                yield {"sentence": part} if isinstance(part, str) else cited_form(part)

    async def _summary(self, fields: Fields, number: int) -> AsyncGenerator[Part, None]:
        request = self._asked(fields, number, seconds=SUMMARY_TIMEOUT)
        told = Progress()

        def tell(progress: Progress) -> None:
            nonlocal told
            told = progress

        summary = self.librarian.summary(request, request.text, tell)
        async with asyncio.TaskGroup() as group:
            summing = group.create_task(_outcome(summary), name="summary")
            try:
                while not summing.done():
                    yield {"progress": _progress_form(told)}
                    await asyncio.wait([summing], timeout=1.0)
            except GeneratorExit:  # the group would wrap it
                summing.cancel()
                return
        outcome = summing.result()
        if isinstance(outcome, LaresError):
            raise outcome
        yield {"text": outcome}

    def _asked(self, fields: Fields, number: int, *, seconds: float = ASK_TIMEOUT) -> Request:
        text = fields.text("text").strip()
        if not text or len(text) > MAX_TEXT:
            raise Refused(f"a question has 1 to {MAX_TEXT} characters, not {len(text)}")
        return Request(
            id=f"kb-{number}",
            text=text,
            language=fields.text("language", self.language),
            deadline=self.clock.now() + seconds,
            source="control",
        )

    async def _row(self, source: int) -> Part:
        for row in await self.standing():
            if row["id"] == source:
                return row
        raise Permanent(f"there is no source {source}", remedy="see: lares kb list")


async def _outcome(summary: Awaitable[str]) -> str | LaresError:
    """So that a group of tasks does not wrap the error."""
    try:
        return await summary
    except LaresError as error:
        return error


def document_form(document: Document) -> dict[str, Json]:
    notes: list[Json] = [*document.notes]
    return {
        "id": document.id,
        "source": document.source,
        "collection": document.collection,
        "uri": document.uri,
        "title": document.title,
        "language": document.language,
        "media_type": document.media_type,
        "size": document.size,
        "modified": document.modified,
        "fault": document.fault,
        "notes": notes,
    }


def _progress_form(progress: Progress) -> dict[str, Json]:
    return {
        "done": progress.done,
        "total": progress.total,
        "failed": progress.failed,
        "unchanged": progress.unchanged,
        "at": progress.at,
    }
