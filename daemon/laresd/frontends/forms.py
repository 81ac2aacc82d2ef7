"""How replies, turns and devices are told to programs: plain JSON, times in milliseconds."""

from __future__ import annotations

from laresd.types import Entity, EntityState, Json, Outcome, Publication, Reply, Span, Turn


def turn_form(turn: Turn) -> dict[str, Json]:
    """A spoken turn; `reply` is null when there was nothing to answer."""
    heard, reply = turn.transcript, turn.reply
    return {
        "id": turn.id,
        "source": turn.source,
        "closing": turn.closing,
        "reason": turn.reason,
        "wake_word": turn.wake_word,
        "heard": heard.text if heard else "",
        "reply": reply_form(reply) if reply else None,
        "spans": [_span(span) for span in turn.spans],
    }


def reply_form(reply: Reply) -> dict[str, Json]:
    return {
        "id": reply.request_id,
        "kind": reply.kind.value,
        "text": reply.text,
        "understood_by": reply.understood_by,
        "intent": reply.intent,
        "outcomes": [_outcome(one) for one in reply.outcomes],
        "spans": [_span(span) for span in reply.spans],
    }


def device_form(entity: Entity, state: EntityState) -> dict[str, Json]:
    return {
        "entity_id": entity.entity_id,
        "name": entity.name,
        "domain": entity.domain,
        "area": entity.area,
        "aliases": list(entity.aliases),
        "state": state.state,
        "attributes": dict(state.attributes),
        "available": state.available,
    }


def _outcome(outcome: Outcome) -> dict[str, Json]:
    return {
        "entity_id": outcome.action.entity_id,
        "command": outcome.action.command.value,
        "params": dict(outcome.action.params),
        "status": outcome.status.value,
        "published": [_publication(sent) for sent in outcome.published],
        "echo": _publication(outcome.echo) if outcome.echo else None,
        "detail": outcome.detail,
    }


def _publication(sent: Publication) -> dict[str, Json]:
    return {"topic": sent.topic, "payload": sent.payload}


def _span(span: Span) -> dict[str, Json]:
    told: dict[str, Json] = {"name": span.name, "ms": round(span.ms, 1)}
    if "where" in span.detail:  # it was computed, and why there
        told |= {"where": span.detail["where"], "why": span.detail.get("why", "")}
    return told
