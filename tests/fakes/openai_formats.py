"""The formats of servers of the OpenAI API, for the fake ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

from aiohttp import web

from laresd.types import Json

Body = dict[str, Json]

TURN = "<assistant>"  # the model answers what stands before the last of these


class Fault(StrEnum):
    """What goes wrong. The last six do after `after` pieces of an answer."""

    BUSY = "busy"
    DENIED = "denied"
    LOADING = "loading"
    CRASHED = "crashed"
    MOVED = "moved"
    PAGE = "page"  # 200, and a page of HTML
    PLAIN_ERROR = "plain error"  # 200, and JSON that tells of an error
    RESET = "reset"
    CLOSED = "closed"  # the stream ends in good order, the answer does not
    HANG = "hang"
    GARBAGE = "garbage"
    NOT_JSON = "not JSON"
    ERROR = "error"  # told as an event


AT_ONCE: Mapping[Fault, tuple[int, str, str]] = {
    Fault.BUSY: (503, "application/json", '{"error": {"code": 503, "message": "no free slot"}}'),
    Fault.DENIED: (401, "application/json", '{"error": {"message": "Invalid API Key"}}'),
    Fault.LOADING: (503, "application/json", '{"error": {"message": "Loading model"}}'),
    Fault.CRASHED: (500, "application/json", '{"error": {"message": "out of memory"}}'),
    Fault.PAGE: (200, "text/html", "<html><h1>Welcome to your router</h1></html>"),
    Fault.PLAIN_ERROR: (200, "application/json", '{"error": {"message": "something else"}}'),
}


def ids(question: str) -> tuple[int, ...]:
    """The prompt of a question as this model's tokens."""
    return tuple(f"{question}{TURN}".encode())


def template(messages: Sequence[Body]) -> str:
    return "".join(f"<{m['role']}>{m['content']}" for m in messages) + TURN


def continues(body: Body) -> bool:
    messages = cast("list[Body]", body.get("messages", []))
    return bool(messages) and messages[-1]["role"] == "assistant"


def said_in(body: Body) -> str:
    return str(cast("list[Body]", body["messages"])[-1]["content"])


def prompt_of(body: Body) -> str:
    if "messages" not in body:
        return str(body["prompt"])
    if continues(body):
        return template(cast("list[Body]", body["messages"])[:-1]) + said_in(body)
    return template(cast("list[Body]", body["messages"]))


def chunk(choice: Body) -> str:
    whole: Body = {"index": 0, "finish_reason": None}
    return event({"choices": [whole | choice]})


def last(finish: str) -> Body:
    return {"text": "", "finish_reason": finish}


def usage_event(prompt: int, cached: int, answer: int) -> Body:
    details: Body = {"cached_tokens": cached}
    counts: Body = {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "prompt_tokens_details": details,
    }
    return {"choices": [], "usage": counts}


def event(value: Body) -> str:
    return f"data: {json.dumps(value)}\n\n"


def refuse(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message}}, status=status)
