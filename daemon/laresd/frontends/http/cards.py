"""The models that a program can name, and what naming one means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.frontends.http.faults import Rejected
from laresd.jobs import ANYWHERE, JobKind, Reach, Routing
from laresd.types import Json

ANY = "lares"  # the model is the box's choice


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model of the box or of a host. Who names it has `adapter` and may go no further than
    `routing`. `created`: seconds since the epoch, 0 where it is unknown.
    """

    id: str
    kind: JobKind = JobKind.TEXT
    owned_by: str = "lares"
    created: int = 0
    adapter: str = ""
    routing: Routing = ANYWHERE

    def form(self) -> dict[str, Json]:
        """As OpenAI lists it."""
        return {
            "id": self.id,
            "object": "model",
            "created": self.created,
            "owned_by": self.owned_by,
        }


def listed(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """All that can be named, ANY first."""
    return [ModelCard(ANY), *cards]


def chosen(cards: Sequence[ModelCard], name: str, kind: JobKind) -> ModelCard:
    """The card of that name; "" and ANY leave it to the box. Raises Rejected (404) for no such."""
    if name in ("", ANY):
        return ModelCard(ANY, kind)
    for card in cards:
        if card.id == name and card.kind is kind:
            return card
    known = ", ".join([ANY, *(card.id for card in cards if card.kind is kind)])
    raise Rejected(
        f"there is no model {name[:80]!r} here",
        status=404,
        code="model_not_found",
        param="model",
        remedy=f"known: {known}"[:500],
    )


def narrowed(asked: Routing, card: ModelCard) -> Routing:
    """Both what the request and what its model allow. Raises Rejected where that is nowhere."""
    own = card.routing
    reach = Reach.DEVICE if Reach.DEVICE in (asked.reach, own.reach) else Reach.LAN
    hosts = asked.hosts & own.hosts if asked.hosts and own.hosts else asked.hosts or own.hosts
    if (asked.hosts and own.hosts and not hosts) or (hosts and reach is Reach.DEVICE):
        raise Rejected(
            f"the model {card.id!r} and the headers leave no place for the request",
            code="nowhere",
            param="model",
            remedy="ask for the model `lares`, or allow more by X-Lares-Reach and X-Lares-Hosts",
        )
    return Routing(reach, hosts, asked.policy or own.policy)
