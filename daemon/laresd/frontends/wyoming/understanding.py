"""Sentences of a client: what they mean, and, where that is allowed, done and answered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import aclosing

from laresd.errors import Refused
from laresd.frames.wyoming import Event
from laresd.frontends.streaming import streamed
from laresd.frontends.wyoming.doors import Connection
from laresd.frontends.wyoming.services import Services
from laresd.language import main_language
from laresd.ports import Assistant
from laresd.types import Json, Reply, ReplyKind, Request

GRACE_S = 1.0  # beyond the request's deadline, for an assistant that answers at the last moment
HANDLED = (ReplyKind.DONE, ReplyKind.PARTIAL, ReplyKind.ANSWER, ReplyKind.QUESTION)


class Understanding:
    """Raises, from all of its methods, what the client is to be told."""

    def __init__(self, services: Services, client: Connection) -> None:
        self._services = services
        self._client = client

    async def recognize(self, event: Event) -> None:
        """Nothing is done."""
        grammar = self._services.grammar
        if grammar is None:
            raise Refused("no sentences are understood here")
        text, kept = self._text(event), _context(event)
        found = await grammar.recognize(
            text,
            language=self._language(event),
            area=None,
            deadline=self._services.clock.now() + self._services.config.actions.grammar_timeout_s,
        )
        if not found:
            await self._client.send(Event("not-recognized", kept))
            return
        entities: list[Json] = [
            {"name": name, "value": value} for name, value in found[0].slots.items()
        ]
        data: dict[str, Json] = {"name": found[0].intent, "entities": entities}
        await self._client.send(Event("intent", {**data, **kept}))

    async def handle(self, event: Event) -> None:
        """Do it and answer; where nothing is carried out, say what it means."""
        assistant = self._services.assistant
        if assistant is None and self._services.grammar is not None:
            await self.recognize(event)
        elif assistant is None:
            raise Refused(
                "commands of other machines are not carried out",
                remedy='set wyoming.commands = "always"',
            )
        else:
            await self._answer(assistant, event)

    async def structured(self, event: Event) -> None:
        """An intent that another program has recognized: sentences are asked for here."""
        await self._client.send(Event("not-handled", _context(event)))

    async def _answer(self, assistant: Assistant, event: Event) -> None:
        kept, request = _context(event), self._request(event)
        begun, reply = False, None
        until = request.deadline + GRACE_S
        try:
            async with aclosing(streamed(assistant, request, until=until)) as parts:
                async for part in parts:
                    if isinstance(part, Reply):
                        reply = part
                        break
                    await self._part(part, kept, first=not begun)
                    begun = True
        except TimeoutError:
            reply = None
        await self._end(reply, kept, begun=begun)

    async def _part(self, text: str, kept: Mapping[str, Json], *, first: bool) -> None:
        if first:
            await self._client.send(Event("handled-start", kept))
        await self._client.send(Event("handled-chunk", {"text": text if first else f" {text}"}))

    async def _end(self, reply: Reply | None, kept: Mapping[str, Json], *, begun: bool) -> None:
        said: dict[str, Json] = {"text": reply.text} if reply is not None else {}
        if reply is None or reply.kind not in HANDLED:
            await self._client.send(Event("not-handled", {**said, **kept}))
            if begun:
                await self._client.send(Event("handled-stop"))
            return
        if not begun:
            await self._part(reply.text, kept, first=True)
        await self._client.send(Event("handled", {**said, **kept}), Event("handled-stop"))

    def _request(self, event: Event) -> Request:
        context = event.fields.row("context")
        told = {
            key: context.text(key, "") if context is not None else ""
            for key in ("conversation_id", "satellite_id", "device_id")
        }
        site = told["satellite_id"] or told["device_id"] or f"wyoming {self._client.peer}".strip()
        return Request(
            id=f"wyoming-{secrets.token_hex(4)}",
            text=self._text(event),
            language=self._language(event),
            deadline=self._services.clock.now() + self._services.answer_seconds,
            source="wyoming",
            site=site[:200],
            conversation=told["conversation_id"][:200],
        )

    def _text(self, event: Event) -> str:
        text, most = event.fields.text("text").strip(), self._client.limits.text
        if len(text) > most:
            raise Refused(f"a text of more than {most} characters")
        return text

    def _language(self, event: Event) -> str:
        """As the box writes it: a client may name the country that the box does not."""
        own, asked = self._services.language, event.fields.text("language", "").replace("_", "-")
        return own if not asked or main_language(asked) == main_language(own) else asked


def _context(event: Event) -> dict[str, Json]:
    """Goes back as it came, so that the client knows what the answer belongs to."""
    context = event.data.get("context")
    return {"context": context} if isinstance(context, dict) else {}
