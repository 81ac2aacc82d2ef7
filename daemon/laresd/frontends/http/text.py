"""The handler of every endpoint that has text generated, whole or as a stream."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from laresd.errors import Temporary
from laresd.frontends.http.bodies import TextAsked
from laresd.frontends.http.cards import ModelCard
from laresd.frontends.http.fields import Body, parse
from laresd.frontends.http.forms import Head, TextForm
from laresd.frontends.http.services import Services, missing
from laresd.frontends.http.terms import Terms, read_terms
from laresd.frontends.http.wire import (
    Account,
    Call,
    EventStream,
    Reply,
    encoded,
    event,
    header_text,
)
from laresd.generation import Ending, Finish, Piece

LARGE = 32 << 10  # bytes of a body that are read beside the event loop

Read = Callable[[Body, Terms, Sequence[ModelCard], int], TextAsked]


class TextHandler:
    """`read`: the body as what is asked; `form`: how it is told; `prefix`: of the answers' ids."""

    def __init__(
        self, services: Services, read: Read, form: Callable[[Head], TextForm], prefix: str = ""
    ) -> None:
        self._services = services
        self._read = read
        self._form = form
        self._prefix = prefix

    async def __call__(self, call: Call) -> Reply | EventStream:
        terms = read_terms(call.headers)
        body = await read_body(call.body)
        asked = self._read(body, terms, self._services.models(), secrets.randbits(63))
        form = self._form(
            Head(
                f"{self._prefix}-{secrets.token_hex(12)}",
                asked.model,
                int(self._services.clock.wall()),
                asked.include_usage,
            )
        )
        pieces = self._pieces(asked)
        if asked.stream:
            return EventStream(_events(pieces, form, call.account))
        return await _whole(pieces, form, call.account)

    def _pieces(self, asked: TextAsked) -> AsyncGenerator[Piece, None]:
        model, clock = self._services.language_model, self._services.clock
        if model is None:
            raise missing("language model", "set llm.enabled, or name a host under [hosts.NAME]")
        return model.generate(asked.generation, deadline=clock.now() + asked.seconds)


async def read_body(raw: bytes) -> Body:
    """A large one beside the loop, which voice needs."""
    return await asyncio.to_thread(parse, raw) if len(raw) > LARGE else parse(raw)


async def _whole(pieces: AsyncGenerator[Piece, None], form: TextForm, account: Account) -> Reply:
    texts: list[str] = []
    ending: Ending | None = None
    async with aclosing(pieces):
        async for piece in pieces:
            texts.append(piece.text)
            ending = piece.ending
    if ending is None:
        raise _unended()
    _note(ending, account)
    headers = {
        "X-Lares-Where": header_text(ending.where),
        "X-Lares-Why": header_text(ending.why),
    }
    return Reply(body=encoded(form.whole("".join(texts), ending)), headers=headers)


async def _events(
    pieces: AsyncGenerator[Piece, None], form: TextForm, account: Account
) -> AsyncGenerator[bytes, None]:
    """Nothing is told before the first piece is there: until then an error is still a status."""
    begun, ending = False, None
    async with aclosing(pieces):
        async for piece in pieces:
            if not begun:
                begun = True
                for part in form.begin():
                    yield event(part)
            if piece.text:
                yield event(form.piece(piece.text))
            ending = piece.ending
    if ending is None:
        raise _unended()
    _note(ending, account)
    for part in form.end(ending):
        yield event(part)
    if form.last:
        yield form.last


def _note(ending: Ending, account: Account) -> None:
    account.where, account.tokens = ending.where, ending.answer_tokens
    if ending.finish is Finish.CANCELLED:
        raise Temporary("the answer was given up before its end", remedy="ask again")


def _unended() -> Temporary:
    return Temporary("the answer broke off", remedy="ask again")
