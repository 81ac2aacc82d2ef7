"""What is asked of a host, as the OpenAI API has it (platform.openai.com/docs/api-reference)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from laresd.errors import Permanent
from laresd.generation import AnswerGrammar, Choice, Generation, Message, Role
from laresd.types import Json

CHARACTERS_PER_TOKEN = 4  # of English text; what is left of an answer is estimated by it
MOST_STOPS = 4  # that the API takes; the others are looked for here only


def chat_body(generation: Generation, model: str) -> dict[str, Json]:
    """A request to /v1/chat/completions, with what every server of the API knows."""
    body = _body(generation, model)
    body["messages"] = wire_messages(generation.messages)
    if generation.tools:
        body["tools"] = [tool.definition() for tool in generation.tools]
        body["tool_choice"] = "required" if generation.choice is Choice.REQUIRED else "auto"
        body["parallel_tool_calls"] = generation.max_calls > 1
    return body


def completion_body(generation: Generation, model: str) -> dict[str, Json]:
    """A request to /v1/completions: plain text to go on from."""
    return {**_body(generation, model), "prompt": generation.prompt + generation.said.text}


def tokens_left(generation: Generation) -> int:
    """How many tokens the answer may still have; of text that was said they are estimated."""
    said = generation.said
    known = len(said.tokens) or math.ceil(len(said.text) / CHARACTERS_PER_TOKEN)
    return max(generation.max_tokens - known, 0)


def wire_messages(messages: Sequence[Message]) -> list[Json]:
    """Calls without a name get one, since each result must name its call."""
    rows: list[Json] = []
    open_calls: list[str] = []
    named = 0
    for message in messages:
        row: dict[str, Json] = {"role": str(message.role), "content": message.content}
        if message.role is Role.TOOL:
            call = message.call or (open_calls[0] if open_calls else "call_0")
            if call in open_calls:
                open_calls.remove(call)
            row["tool_call_id"] = call
        if message.calls:
            ids = [call.id or f"call_{named + n}" for n, call in enumerate(message.calls)]
            named += len(ids)
            open_calls += ids
            row["content"] = message.content or None
            row["tool_calls"] = [
                {
                    "id": id_,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
                }
                for id_, call in zip(ids, message.calls, strict=True)
            ]
        rows.append(row)
    return rows


def schema_format(grammar: AnswerGrammar) -> dict[str, Json]:
    """`response_format` for an answer that is JSON of a schema."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema_of(grammar)},
    }


def schema_of(grammar: AnswerGrammar) -> Json:
    """Raises Permanent where it is no JSON."""
    try:
        schema: Json = json.loads(grammar.text)
    except (ValueError, RecursionError):
        raise Permanent("the JSON Schema of the answer is not JSON") from None
    return schema


def _body(generation: Generation, model: str) -> dict[str, Json]:
    body: dict[str, Json] = {
        "model": model,
        "max_tokens": tokens_left(generation),
        "temperature": generation.temperature,
        "seed": generation.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if generation.stop:
        body["stop"] = list(generation.stop[:MOST_STOPS])
    return body
