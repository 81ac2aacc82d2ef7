"""POST /v1/embeddings."""

from __future__ import annotations

from laresd.frontends.http.bodies import read_embeddings
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.forms import embeddings_form
from laresd.frontends.http.services import Services, missing
from laresd.frontends.http.terms import HOSTS, read_terms
from laresd.frontends.http.text import read_body
from laresd.frontends.http.wire import Call, Reply, encoded


class EmbeddingsHandler:
    """The port of the embedder carries no routing: its texts stay on the device."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, call: Call) -> Reply:
        terms = read_terms(call.headers)
        asked = read_embeddings(await read_body(call.body), self._services.models())
        if terms.routing.hosts:
            raise Rejected("embeddings are computed on the box alone", code="nowhere", param=HOSTS)
        if self._services.embedder is None:
            raise missing("embedder", "embed the texts elsewhere")
        deadline = self._services.clock.now() + terms.seconds
        vectors = await self._services.embedder.embed(asked.texts, deadline=deadline)
        if asked.width not in (0, vectors.width):
            raise Rejected(
                f"the vectors of this model have {vectors.width} dimensions", param="dimensions"
            )
        return Reply(body=encoded(embeddings_form(vectors, asked.model, packed=asked.base64)))
