"""What the box says of itself: models, health, readiness, metrics, its own description."""

from __future__ import annotations

from collections.abc import Callable

from laresd.frontends.http.cards import listed
from laresd.frontends.http.faults import RETRY_S, Rejected
from laresd.frontends.http.openapi import document
from laresd.frontends.http.services import Services
from laresd.frontends.http.wire import Call, Reply, encoded

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class StatusHandlers:
    """`traffic`: the server's own metrics, told after the box's."""

    def __init__(self, services: Services, traffic: Callable[[], str]) -> None:
        self._services = services
        self._traffic = traffic
        self._document = encoded(document())

    async def models(self, call: Call) -> Reply:
        cards = listed(self._services.models())
        return Reply(body=encoded({"object": "list", "data": [card.form() for card in cards]}))

    async def model(self, call: Call) -> Reply:
        name = call.variables["model"]
        for card in listed(self._services.models()):
            if card.id == name:
                return Reply(body=encoded(card.form()))
        raise Rejected(
            f"there is no model {name[:80]!r} here",
            status=404,
            code="model_not_found",
            param="model",
            remedy="GET /v1/models lists them",
        )

    async def alive(self, call: Call) -> Reply:
        return Reply(body=encoded({"status": "ok"}))

    async def ready(self, call: Call) -> Reply:
        why = self._services.ready()
        if why:
            raise Rejected(why, status=503, code="not_ready", retry_s=5 * RETRY_S)
        return Reply(body=encoded({"status": "ready"}))

    async def metrics(self, call: Call) -> Reply:
        text = self._services.metrics() + self._traffic()
        return Reply(body=text.encode("utf-8", "replace"), content_type=PROMETHEUS)

    async def description(self, call: Call) -> Reply:
        return Reply(body=self._document)
