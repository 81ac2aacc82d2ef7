"""Any server of the OpenAI API, and what the engines that speak it have in common."""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus

from laresd.backends.hosts import faults, reading, wire
from laresd.backends.hosts.answers import ChatReader, read_object
from laresd.backends.hosts.http import Answer, HttpClient
from laresd.backends.hosts.metrics import read_metrics
from laresd.errors import Permanent, Temporary
from laresd.generation import Ending, Finish, Generation, GrammarKind, Piece
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.types import Json, Vectors

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
EMBEDDINGS, MODELS = "/v1/embeddings", "/v1/models"


class OpenAi:
    """A server of which nothing else is known.

    The engines below it say what differs: `continued`, `with_grammar` and `extend` change a
    request, and `grammars`, `resumes` tell which requests there can be.
    """

    kind = HostKind.OPENAI
    grammars: frozenset[GrammarKind] = frozenset()
    resumes = False  # an answer to messages; plain text is gone on from anyway

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def probe(self, model: str, *, deadline: float) -> HostFacts:
        """Without a round trip, which the caller measures. `model`: the one that is wanted, "":
        the first. Raises Permanent where the host does not have it.
        """
        rows = await self.models(deadline)
        name = self.choose(model, [reading.text(row.get("id")) for row in rows])
        jobs = {JobKind.TEXT} | await self.embedding(name, deadline)
        return HostFacts(
            self.kind,
            frozenset(jobs),
            models=tuple(reading.text(row.get("id")) for row in rows),
            model=name,
            identity=name,
            tools=True,
        )

    async def answer(
        self, facts: HostFacts, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        """The answer of the model that `facts` names."""
        self.check(generation)
        if not wire.tokens_left(generation):
            yield nothing_left(generation)
            return
        if generation.messages:
            path, body = CHAT, wire.chat_body(generation, facts.model)
            if generation.said:
                self.continued(body, generation)
        else:
            path, body = COMPLETIONS, wire.completion_body(generation, facts.model)
        if generation.grammar is not None:
            self.with_grammar(body, generation)
        self.extend(body, generation)
        async with aclosing(self.read(path, body, generation, deadline)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, facts: HostFacts, texts: Sequence[str], *, deadline: float) -> Vectors:
        """Each text's vector, of length 1."""
        if not texts:
            return Vectors(0, b"")
        body: dict[str, Json] = {"model": facts.model, "input": [*texts]}
        answer = await self._http.post(EMBEDDINGS, body, deadline=deadline)
        rows = reading.objects(reading.an_object(self._http.json(answer)).get("data"))
        return _vectors(self._http.host, rows, len(texts))

    def check(self, generation: Generation) -> None:
        """Raises Permanent for what this engine cannot do."""
        grammar, host = generation.grammar, self._http.host
        if generation.adapter:
            raise Permanent(f"the host {host} does not have the adapter {generation.adapter}")
        if grammar is not None and grammar.kind not in self.grammars:
            raise Permanent(f"the host {host} cannot hold an answer to {grammar.kind}")
        if grammar is not None and generation.said:
            raise Permanent(f"the host {host} cannot go on in the middle of a grammar")
        if generation.said and generation.messages and not self.resumes:
            raise Permanent(f"the host {host} cannot go on from an answer that has begun")

    def continued(self, body: dict[str, Json], generation: Generation) -> None:
        """Have a chat go on from what is said; only where `resumes`."""

    def with_grammar(self, body: dict[str, Json], generation: Generation) -> None:
        """Hold the answer to its grammar, one of `grammars`."""

    def extend(self, body: dict[str, Json], generation: Generation) -> None:
        """Say what this engine knows beyond the API."""

    def echo(self, generation: Generation) -> str:
        """What the server may repeat before it goes on."""
        return ""

    async def read(
        self, path: str, body: Mapping[str, Json], generation: Generation, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        """The pieces of an answer that comes as chunks of the API."""
        echo = self.echo(generation) if path == CHAT else ""
        reader = ChatReader(self._http.host, generation, echo=echo)
        try:
            async with aclosing(self._http.events(path, body, deadline=deadline)) as events:
                async for event in events:
                    self.raise_error(event)
                    piece = reader.feed(event)
                    if piece is not None:
                        yield piece
                    if reader.over:
                        break
        except Temporary:
            if not reader.complete:  # else it is all there, but for what it cost
                raise
        yield reader.end()

    def raise_error(self, event: bytes) -> None:
        """Servers tell of an error in the middle of a stream as an event."""
        if event.startswith(b"{") and b'"error"' in event:
            error = read_object(self._http.host, event).get("error")
            if error is not None:
                raise self._http.reported(error)

    async def models(self, deadline: float) -> list[Mapping[str, Json]]:
        answer = await self._http.get(MODELS, deadline=deadline)
        rows = reading.objects(reading.an_object(self._http.json(answer)).get("data"))
        return [row for row in rows if reading.text(row.get("id"))]

    async def healthy(self, deadline: float) -> None:
        """Raises what its own word on its health means, where that is not good."""
        health = await self._http.get("/health", deadline=deadline)
        if not health.ok:
            raise self._http.refusal(health)

    async def figures(self, deadline: float) -> Mapping[str, float]:
        """Its metrics; none where they are switched off."""
        answer = await self._http.get("/metrics", deadline=deadline)
        return read_metrics(answer.body.decode("utf-8", "replace")) if answer.ok else {}

    def choose(self, wanted: str, names: Sequence[str]) -> str:
        """The model to ask for. Raises Permanent where it is not there."""
        host = self._http.host
        if not names:
            raise Permanent(f"the host {host} has no model", remedy="load one there")
        if wanted and wanted not in names:
            raise Permanent(
                f"the host {host} does not have the model {wanted}",
                remedy=f"it has {', '.join(names[:8])}; correct hosts.{host}.model",
            )
        return wanted or names[0]

    async def embedding(self, model: str, deadline: float) -> set[JobKind]:
        """EMBED where the server would make vectors: it is asked for those of no text at all."""
        body: dict[str, Json] = {"model": model, "input": []}
        answer = await self._http.post(EMBEDDINGS, body, deadline=deadline)
        return {JobKind.EMBED} if _embeds(answer) else set()


def nothing_left(generation: Generation, held: str = "") -> Piece:
    """The answer has all the tokens that it may have; `held`: what was not shown of them."""
    said = len(generation.said.tokens)
    return Piece(held, ending=Ending(Finish.LENGTH, answer_tokens=said))


def _embeds(answer: Answer) -> bool:
    """It refuses the request for its emptiness, not for its kind."""
    if answer.ok:
        return True
    refused = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    return answer.status in refused and "support" not in faults.saying(answer.body)


def _vectors(host: str, rows: Sequence[Mapping[str, Json]], count: int) -> Vectors:
    """Raises Temporary where they are not one vector for each text, all of one width."""
    found: dict[int, Sequence[Json]] = {}
    for place, row in enumerate(rows):
        index = row.get("index", place)
        found[index if isinstance(index, int) else place] = reading.a_list(row.get("embedding"))
    vectors = [found.get(n, ()) for n in range(count)]
    width = len(vectors[0])
    if len(rows) != count or not width or any(len(vector) != width for vector in vectors):
        raise faults.no_answer(host, "not one vector for each text")
    return Vectors(width, b"".join(_unit(host, vector) for vector in vectors))


def _unit(host: str, vector: Sequence[Json]) -> bytes:
    numbers = [float(n) for n in vector if isinstance(n, (int, float))]
    length = math.sqrt(math.fsum(n * n for n in numbers))
    if len(numbers) != len(vector) or not math.isfinite(length) or not length:
        raise faults.no_answer(host, "a vector that is not one of numbers")
    return struct.pack(f"<{len(numbers)}f", *(n / length for n in numbers))
