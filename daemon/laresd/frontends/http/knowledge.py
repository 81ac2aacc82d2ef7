"""POST /lares/v1/kb/search, /lares/v1/kb/ask and /lares/v1/kb/summary: the box's documents.

A program that has the token asks as a program (`http`), never as a person: a collection that is for
certain people is not for it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from laresd.documents import Cited
from laresd.frontends.citations import cited_form, found_forms
from laresd.frontends.http.audio import LANGUAGE
from laresd.frontends.http.fields import Body
from laresd.frontends.http.services import Knowledge, Services, missing
from laresd.frontends.http.terms import Terms, read_terms
from laresd.frontends.http.text import read_body
from laresd.frontends.http.wire import Call, EventStream, Reply, encoded, event
from laresd.frontends.streaming import as_told
from laresd.types import Json, Request

MAX_TEXT = 1000  # characters of a question
MAX_TITLE = 200
MAX_COLLECTIONS = 16
NAME = r"^[a-z0-9_-]{1,40}$"


@dataclass(frozen=True, slots=True)
class _Asked:
    body: Body
    request: Request
    knowledge: Knowledge


class KnowledgeHandlers:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def search(self, call: Call) -> Reply:
        asked = await self._asked(call, "text", MAX_TEXT)
        found = await asked.knowledge.librarian.search(asked.request, _collections(asked.body))
        return Reply(body=encoded({"sources": found_forms(found)}))

    async def ask(self, call: Call) -> Reply | EventStream:
        asked = await self._asked(call, "text", MAX_TEXT)
        profile = _named(asked.body, "profile")
        ask = partial(
            asked.knowledge.librarian.answer,
            asked.request,
            _collections(asked.body),
            profile=profile,
        )
        if asked.body.flag("stream", False):
            return EventStream(_events(as_told(ask)))
        return Reply(body=encoded(cited_form(await ask())))

    async def summary(self, call: Call) -> Reply:
        asked = await self._asked(call, "document", MAX_TITLE)
        text = await asked.knowledge.librarian.summary(asked.request, asked.request.text)
        return Reply(body=encoded({"text": text}))

    async def _asked(self, call: Call, key: str, most: int) -> _Asked:
        terms: Terms = read_terms(call.headers)
        body = await read_body(call.body)
        text = body.text(key).strip()
        if not 0 < len(text) <= most:
            body.wrong(key, f"a text of 1 to {most} characters")
        language = body.text("language", "")
        if language and not re.match(LANGUAGE, language):
            body.wrong("language", "a language's tag: en, de, zh-CN")
        knowledge = self._services.knowledge
        if knowledge is None:
            raise missing("knowledge of documents", "add some: lares kb add")
        clock = self._services.clock
        request = Request(
            id=secrets.token_hex(8),
            text=text,
            language=language or knowledge.language,
            deadline=clock.now() + terms.seconds,
            source="http",
            priority=terms.priority,
        )
        return _Asked(body, request, knowledge)


async def _events(parts: AsyncGenerator[str | Cited, None]) -> AsyncGenerator[bytes, None]:
    told = 0
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, Cited):
                yield event(cited_form(part))
            else:
                told += 1
                yield event({"part": told, "text": part})


def _collections(body: Body) -> tuple[str, ...]:
    value: Json = body.get("collections")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_COLLECTIONS:
        body.wrong("collections", f"a list of at most {MAX_COLLECTIONS} names")
    names = tuple(name for name in value if isinstance(name, str) and re.fullmatch(NAME, name))
    if len(names) != len(value):
        body.wrong("collections", "a list of names, each 1 to 40 of a-z, 0-9, _ and -")
    return names


def _named(body: Body, key: str) -> str:
    name = body.text(key, "")
    if name and not re.fullmatch(NAME, name):
        body.wrong(key, "a name of 1 to 40 of a-z, 0-9, _ and -")
    return name
