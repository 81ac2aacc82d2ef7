"""The reply for each way in which a request can end."""

from __future__ import annotations

import logging
from dataclasses import replace

from laresd.core import replies
from laresd.core.input_filter import Refusal
from laresd.core.permission import Decision
from laresd.core.replies import consents
from laresd.errors import DeadlineExceeded, LaresError
from laresd.language import main_language
from laresd.types import Reply, ReplyKind, Request

log = logging.getLogger(__name__)


def reply(request: Request, kind: ReplyKind, text: str) -> Reply:
    return Reply(request.id, kind, text)


def with_rest(done: Reply, decision: Decision) -> Reply:
    """What was done, and after it what is asked or refused of the same sentence."""
    if decision.kind is None:
        return done
    kind = decision.kind
    if kind is not ReplyKind.QUESTION:
        kind = ReplyKind.PARTIAL if done.kind is not ReplyKind.FAILED else ReplyKind.FAILED
    return replace(done, kind=kind, text=f"{done.text} {decision.said}")


def filtered(request: Request, refusal: Refusal) -> Reply:
    log.info("turn %s refused by input rule %s", request.id, refusal.rule)
    main = main_language(request.language)
    said = refusal.says.get(main, refusal.says.get("en", ""))
    text = said or consents.filtered(refusal.kind, request.language)
    return replace(reply(request, ReplyKind.REFUSED, text), intent=f"input_{refusal.kind}")


def not_understood(request: Request) -> Reply:
    text = replies.not_understood(request.text, request.language)
    return reply(request, ReplyKind.NOT_UNDERSTOOD, text)


def failed(request: Request, error: LaresError) -> Reply:
    if isinstance(error, DeadlineExceeded):
        return reply(request, ReplyKind.FAILED, replies.out_of_time(request.language))
    return reply(request, ReplyKind.FAILED, replies.failure(error, request.language))
