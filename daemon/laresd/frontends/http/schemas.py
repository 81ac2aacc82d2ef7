"""The JSON Schemas of what the API takes and gives, as data; tested against what it does.

Sources: OpenAI's API reference (chat completions, completions, embeddings, models), as far as it is
served here. Fields that are not listed are ignored.
"""

from __future__ import annotations

from laresd.frontends.http.bodies import (
    DEFAULT_TOKENS,
    MAX_STOPS,
    MAX_TEXTS,
    MOST_TEMPERATURE,
    MOST_TOKENS,
)
from laresd.frontends.http.messages import CHOICES, MAX_TOOLS
from laresd.types import Json

Schema = dict[str, Json]


def object_of(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": list(required)} if required else found


def optional(schema: Schema) -> Schema:
    """null is as good as not there."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def listed(items: Schema, **bounds: Json) -> Schema:
    return {"type": "array", "items": items, **bounds}


def only(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"}
NO: Schema = {"enum": [False, None], "description": "Only false: it is not supported."}
MODEL: Schema = optional(
    {"type": "string", "description": "`lares` (the box's choice), or an id of GET /v1/models."}
)

_TOKENS: Schema = optional(
    {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_TOKENS,
        "description": f"Of the answer, {DEFAULT_TOKENS} if it is not said; the prompt and it must "
        "fit into the model's context.",
    }
)
_ONE: Schema = optional({"type": "integer", "minimum": 1, "maximum": 1})

SAMPLING: Schema = {
    "model": MODEL,
    "max_tokens": _TOKENS,
    "temperature": optional(
        {
            "type": "number",
            "minimum": 0,
            "maximum": MOST_TEMPERATURE,
            "description": "0, the default: the likeliest answer, the same each time.",
        }
    ),
    "seed": optional({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}),
    "stop": {"anyOf": [optional(FILLED), listed(FILLED, maxItems=MAX_STOPS)]},
    "stream": optional(FLAG),
    "stream_options": optional(object_of({"include_usage": optional(FLAG)})),
    "n": _ONE,
}

_PART = object_of({"type": only("text"), "text": TEXT}, "type", "text")
_CONTENT: Schema = {"anyOf": [TEXT, listed({"$ref": "#/components/schemas/TextPart"})]}
_TOOL_CALL = object_of(
    {
        "id": TEXT,
        "type": optional(only("function")),
        "function": object_of(
            {
                "name": TEXT,
                "arguments": {"type": "string", "description": "A JSON object, in a text."},
            },
            "name",
            "arguments",
        ),
    },
    "id",
    "function",
)


def _said_by(*roles: str) -> Schema:
    return object_of({"role": only(*roles), "content": _CONTENT}, "role", "content")


_ASSISTANT = object_of({"role": only("assistant"), "content": _CONTENT}, "role", "content")
_CALLER = object_of(
    {
        "role": only("assistant"),
        "content": {"anyOf": [_CONTENT, {"type": "null"}]},
        "tool_calls": listed({"$ref": "#/components/schemas/ToolCall"}, minItems=1),
    },
    "role",
    "tool_calls",
)
_RESULT = object_of(
    {"role": only("tool"), "content": _CONTENT, "tool_call_id": TEXT},
    "role",
    "content",
    "tool_call_id",
)
_TOOL = object_of(
    {
        "type": only("function"),
        "function": object_of(
            {
                "name": NAME,
                "description": optional(TEXT),
                "parameters": optional(
                    {"type": "object", "description": "The JSON Schema of an object."}
                ),
            },
            "name",
        ),
    },
    "type",
    "function",
)
_CHOSEN = object_of(
    {"type": only("function"), "function": object_of({"name": NAME}, "name")}, "type", "function"
)
_FORM: Schema = {
    "oneOf": [
        object_of({"type": only("text", "json_object")}, "type"),
        object_of(
            {
                "type": only("json_schema"),
                "json_schema": object_of({"name": optional(TEXT), "schema": optional(ANY_OBJECT)}),
            },
            "type",
            "json_schema",
        ),
    ]
}

_CHAT_REQUEST = object_of(
    {
        "messages": listed({"$ref": "#/components/schemas/Message"}, minItems=1),
        **SAMPLING,
        "max_completion_tokens": _TOKENS,
        "tools": optional(listed({"$ref": "#/components/schemas/Tool"}, maxItems=MAX_TOOLS)),
        "tool_choice": {"anyOf": [only(*CHOICES), _CHOSEN, {"type": "null"}]},
        "parallel_tool_calls": optional(FLAG),
        "response_format": optional(_FORM),
        "logprobs": NO,
    },
    "messages",
)
_COMPLETION_REQUEST = object_of(
    {
        "prompt": {"anyOf": [FILLED, listed(FILLED, minItems=1, maxItems=1)]},
        **SAMPLING,
        "echo": NO,
        "best_of": _ONE,
        "logprobs": NO,
    },
    "prompt",
)
_SIMPLE_REQUEST = object_of({"prompt": FILLED, **SAMPLING}, "prompt")
_EMBEDDING_REQUEST = object_of(
    {
        "input": {"anyOf": [TEXT, listed(TEXT, minItems=1, maxItems=MAX_TEXTS)]},
        "model": MODEL,
        "encoding_format": optional(only("float", "base64")),
        "dimensions": optional(
            {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_TOKENS,
                "description": "Only what the model has.",
            }
        ),
    },
    "input",
)

_USAGE = object_of(
    {
        "prompt_tokens": COUNT,
        "completion_tokens": COUNT,
        "total_tokens": COUNT,
        "prompt_tokens_details": object_of({"cached_tokens": COUNT}, "cached_tokens"),
    },
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
)
_FINISH = only("stop", "length", "tool_calls")


def _answer(kind: str, choice: Schema) -> Schema:
    properties: Schema = {
        "id": TEXT,
        "object": only(kind),
        "created": COUNT,
        "model": TEXT,
        "choices": listed(choice, minItems=1, maxItems=1),
        "usage": {"$ref": "#/components/schemas/Usage"},
    }
    return object_of(properties, *properties)


def _choice_of(said: Schema) -> Schema:
    properties: Schema = {
        "index": COUNT,
        **said,
        "logprobs": {"type": "null"},
        "finish_reason": _FINISH,
    }
    return object_of(properties, *properties)


_SAID = object_of(
    {
        "role": only("assistant"),
        "content": optional(TEXT),
        "refusal": {"type": "null"},
        "tool_calls": listed({"$ref": "#/components/schemas/ToolCall"}, minItems=1),
    },
    "role",
    "content",
)
_SIMPLE_ANSWER: Schema = {
    "text": TEXT,
    "finish": _FINISH,
    "prompt_tokens": COUNT,
    "cached_tokens": COUNT,
    "answer_tokens": COUNT,
    "where": {"type": "string", "description": "Who computed it."},
    "why": {"type": "string", "description": "Why there."},
}
_EMBEDDING = object_of(
    {
        "object": only("embedding"),
        "index": COUNT,
        "embedding": {"anyOf": [listed({"type": "number"}), TEXT]},
    },
    "object",
    "index",
    "embedding",
)
_EMBEDDINGS = object_of(
    {
        "object": only("list"),
        "data": listed(_EMBEDDING),
        "model": TEXT,
        "usage": object_of(
            {"prompt_tokens": COUNT, "total_tokens": COUNT}, "prompt_tokens", "total_tokens"
        ),
    },
    "object",
    "data",
    "model",
    "usage",
)
_MODEL = object_of(
    {"id": TEXT, "object": only("model"), "created": COUNT, "owned_by": TEXT},
    "id",
    "object",
    "created",
    "owned_by",
)
_ERROR = object_of(
    {
        "error": object_of(
            {"message": TEXT, "type": TEXT, "param": optional(TEXT), "code": TEXT},
            "message",
            "type",
            "param",
            "code",
        )
    },
    "error",
)

SCHEMAS: Schema = {
    "TextPart": _PART,
    "ToolCall": _TOOL_CALL,
    "Message": {"anyOf": [_said_by("system", "developer", "user"), _ASSISTANT, _CALLER, _RESULT]},
    "Tool": _TOOL,
    "ChatRequest": _CHAT_REQUEST,
    "CompletionRequest": _COMPLETION_REQUEST,
    "GenerateRequest": _SIMPLE_REQUEST,
    "EmbeddingRequest": _EMBEDDING_REQUEST,
    "Usage": _USAGE,
    "ChatCompletion": _answer("chat.completion", _choice_of({"message": _SAID})),
    "Completion": _answer("text_completion", _choice_of({"text": TEXT})),
    "Generated": object_of(_SIMPLE_ANSWER, *_SIMPLE_ANSWER),
    "Embeddings": _EMBEDDINGS,
    "Model": _MODEL,
    "Models": object_of(
        {"object": only("list"), "data": listed({"$ref": "#/components/schemas/Model"})},
        "object",
        "data",
    ),
    "Status": object_of({"status": TEXT}, "status"),
    "Error": _ERROR,
}
