"""How answers are told to programs: OpenAI's forms, and the simple one of /generate. Pure."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from laresd.frontends.http.wire import DONE
from laresd.generation import Ending, Finish, ToolCall
from laresd.types import Json, Vectors


class TextForm(Protocol):
    """One answer, whole or as a stream. `last`: what its stream ends with after the events."""

    @property
    def last(self) -> bytes: ...

    def whole(self, text: str, ending: Ending) -> Json: ...

    def begin(self) -> Sequence[Json]:
        """Before the first text."""
        ...

    def piece(self, text: str) -> Json: ...

    def end(self, ending: Ending) -> Sequence[Json]: ...


@dataclass(frozen=True, slots=True)
class Head:
    """What all parts of an answer have in common. `created`: seconds since the epoch."""

    id: str
    model: str
    created: int
    include_usage: bool = False

    def form(self, kind: str, choices: list[Json]) -> dict[str, Json]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


class ChatForm:
    """chat.completion and chat.completion.chunk. The chunk with the finish_reason has `lares`, and
    so has the one with the usage.
    """

    last = DONE

    def __init__(self, head: Head) -> None:
        self._head = head

    def whole(self, text: str, ending: Ending) -> Json:
        message: dict[str, Json] = {
            "role": "assistant",
            "content": None if ending.calls and not text else text,
            "refusal": None,
        }
        if ending.calls:
            message["tool_calls"] = [*self._calls(ending.calls)]
        choice = _choice({"message": message}, finish_reason(ending))
        return {**self._head.form("chat.completion", [choice]), "usage": usage(ending)}

    def begin(self) -> Sequence[Json]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def piece(self, text: str) -> Json:
        return self._chunk({"content": text})

    def end(self, ending: Ending) -> Sequence[Json]:
        calls = self._calls(ending.calls)
        found: list[Json] = []
        if calls:
            numbered: list[Json] = [{"index": n, **call} for n, call in enumerate(calls)]
            found.append(self._chunk({"tool_calls": numbered}))
        found.append({**self._chunk({}, finish_reason(ending)), "lares": lares(ending)})
        return [*found, *_usage_chunk(self._head, "chat.completion.chunk", ending)]

    def _chunk(self, delta: dict[str, Json], finish: str | None = None) -> dict[str, Json]:
        return self._head.form("chat.completion.chunk", [_choice({"delta": delta}, finish)])

    def _calls(self, calls: Sequence[ToolCall]) -> list[dict[str, Json]]:
        """A call that the engine did not name gets a name, by which its result can answer it."""
        return [
            {
                "id": call.id or f"call_{self._head.id.rpartition('-')[2]}_{number}",
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(dict(call.arguments), ensure_ascii=False),
                },
            }
            for number, call in enumerate(calls)
        ]


class CompletionForm:
    """text_completion, whole and in parts."""

    last = DONE

    def __init__(self, head: Head) -> None:
        self._head = head

    def whole(self, text: str, ending: Ending) -> Json:
        return {**self._part(text, finish_reason(ending)), "usage": usage(ending)}

    def begin(self) -> Sequence[Json]:
        return []

    def piece(self, text: str) -> Json:
        return self._part(text)

    def end(self, ending: Ending) -> Sequence[Json]:
        last: Json = {**self._part("", finish_reason(ending)), "lares": lares(ending)}
        return [last, *_usage_chunk(self._head, "text_completion", ending)]

    def _part(self, text: str, finish: str | None = None) -> dict[str, Json]:
        return self._head.form("text_completion", [_choice({"text": text}, finish)])


class SimpleForm:
    """{"text"}, and what it cost."""

    last = b""

    def whole(self, text: str, ending: Ending) -> Json:
        return {"text": text, "finish": finish_reason(ending), **_cost(ending), **lares(ending)}

    def begin(self) -> Sequence[Json]:
        return []

    def piece(self, text: str) -> Json:
        return {"text": text}

    def end(self, ending: Ending) -> Sequence[Json]:
        return [self.whole("", ending)]


def finish_reason(ending: Ending) -> str:
    """OpenAI's word."""
    return "tool_calls" if ending.calls else "length" if ending.finish is Finish.LENGTH else "stop"


def usage(ending: Ending) -> dict[str, Json]:
    return {
        "prompt_tokens": ending.prompt_tokens,
        "completion_tokens": ending.answer_tokens,
        "total_tokens": ending.prompt_tokens + ending.answer_tokens,
        "prompt_tokens_details": {"cached_tokens": ending.cached_tokens},
    }


def lares(ending: Ending) -> dict[str, Json]:
    """Who computed it and why there: what a stream has instead of X-Lares-Where and -Why."""
    return {"where": ending.where, "why": ending.why}


def embeddings_form(vectors: Vectors, model: str, *, packed: bool) -> Json:
    """`packed`: base64 of float32, little endian. Tokens are not counted, and told as 0."""
    size = 4 * vectors.width
    rows = [vectors.rows[n : n + size] for n in range(0, len(vectors.rows), size)] if size else []
    data: list[Json] = [
        {
            "object": "embedding",
            "index": number,
            "embedding": base64.b64encode(row).decode() if packed else _floats(row),
        }
        for number, row in enumerate(rows)
    ]
    return {
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": 0, "total_tokens": 0},
    }


def _floats(row: bytes) -> list[Json]:
    return [*struct.unpack(f"<{len(row) // 4}f", row)]


def _cost(ending: Ending) -> dict[str, Json]:
    return {
        "prompt_tokens": ending.prompt_tokens,
        "cached_tokens": ending.cached_tokens,
        "answer_tokens": ending.answer_tokens,
    }


def _choice(said: dict[str, Json], finish: str | None) -> dict[str, Json]:
    return {"index": 0, **said, "logprobs": None, "finish_reason": finish}


def _usage_chunk(head: Head, kind: str, ending: Ending) -> list[Json]:
    if not head.include_usage:
        return []
    return [{**head.form(kind, []), "usage": usage(ending), "lares": lares(ending)}]
