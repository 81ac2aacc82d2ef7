"""Questions to documents over MQTT: an answer with its sources, passages, or a summary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial

from laresd.documents import Cited
from laresd.errors import Refused
from laresd.frontends.citations import cited_form, found_forms
from laresd.frontends.mqtt.faults import Expired
from laresd.frontends.mqtt.requests import AskDocuments, OfDocuments, SearchDocuments, SumUp
from laresd.frontends.streaming import as_told
from laresd.ports import Librarian
from laresd.types import Json, Request

LATE = "the documents gave no answer within the deadline"

Form = Mapping[str, Json]


class Documents:
    """`librarian` None: the box has no documents. `grace`: seconds after its deadline that an
    answer is still waited for.
    """

    def __init__(self, librarian: Librarian | None, grace: float) -> None:
        self._librarian = librarian
        self._grace = grace

    async def answers(
        self, wanted: OfDocuments, request: Request, number: str, *, in_parts: bool
    ) -> AsyncGenerator[Form, None]:
        """The answer, after its sentences where they are wanted. Raises what went wrong."""
        librarian = self._librarian
        if librarian is None:
            raise Refused("this box knows no documents", remedy="see: lares kb add")
        until = request.deadline + self._grace
        try:
            match wanted:
                case AskDocuments():
                    ask = partial(
                        librarian.answer,
                        request,
                        wanted.asker.collections,
                        profile=wanted.profile,
                    )
                    told = 0
                    async with aclosing(as_told(ask, until=until)) as parts:
                        async for part in parts:
                            if isinstance(part, Cited):
                                yield {"id": number, **cited_form(part)}
                            elif in_parts:
                                told += 1
                                yield {"id": number, "part": told, "text": part}
                case SearchDocuments():
                    async with asyncio.timeout_at(until):
                        found = await librarian.search(request, wanted.asker.collections)
                    yield {"id": number, "kind": "found", "sources": found_forms(found)}
                case SumUp():
                    async with asyncio.timeout_at(until):
                        text = await librarian.summary(request, wanted.document)
                    yield {"id": number, "kind": "summary", "text": text}
        except TimeoutError:
            raise Expired(LATE) from None


def text_of(wanted: OfDocuments) -> str:
    """What is asked, for the request."""
    return wanted.document if isinstance(wanted, SumUp) else wanted.text
