"""The OpenAPI 3.1 document of this API."""

from __future__ import annotations

from collections.abc import Sequence

from laresd import __version__
from laresd.frontends.http.audio_schemas import AUDIO_SCHEMAS
from laresd.frontends.http.encoding import CONTENT_TYPES
from laresd.frontends.http.knowledge_schemas import KNOWLEDGE_SCHEMAS
from laresd.frontends.http.schemas import SCHEMAS, Schema
from laresd.frontends.http.terms import (
    DEADLINE,
    DEFAULT_SECONDS,
    HOSTS,
    HOSTS_PATTERN,
    LEAST_SECONDS,
    MOST_SECONDS,
    POLICY,
    PRIORITIES,
    PRIORITY,
    REACH,
)
from laresd.jobs import Policy, Reach
from laresd.types import Json

_ERRORS = {
    "400": "The request is wrong, or cannot be done; the message says what.",
    "401": "The token is missing or wrong.",
    "403": "The request came from a page of another site.",
    "404": "There is no such model.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "429": "Too many requests of this client.",
    "503": "Not now: the box is busy, or an engine is away.",
    "504": "The deadline passed before the answer was there.",
}
_EVERYWHERE = ("400", "401", "403", "429")
_WORK = (*_EVERYWHERE, "404", "408", "413", "503", "504")


_EVENTS = (
    "Server-sent events, each with a part of the answer as JSON (of OpenAI's endpoints: their "
    "chunks, and [DONE] at the end). The last part but the usage has `lares`: who computed it and "
    'why there. An event {"error": ...} ends an answer that cannot go on. Comments mean that it '
    "is still being computed."
)


def document() -> dict[str, Json]:
    """JSON, complete in itself."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lares",
            "version": __version__,
            "description": "OpenAI-compatible, computed at home. How a request is computed is said "
            "by its X-Lares- headers.",
        },
        "paths": {
            "/v1/models": {"get": _read("The models that can be named", "Models")},
            "/v1/models/{model}": {
                "get": {
                    **_read("One of them", "Model", "404"),
                    "parameters": [
                        {
                            "name": "model",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "minLength": 1},
                        }
                    ],
                }
            },
            "/v1/chat/completions": {
                "post": _work("Answer a conversation", "ChatRequest", "ChatCompletion")
            },
            "/v1/completions": {
                "post": _work("Go on from a text", "CompletionRequest", "Completion")
            },
            "/v1/embeddings": {
                "post": _work("Texts as vectors", "EmbeddingRequest", "Embeddings", stream=False)
            },
            "/v1/audio/transcriptions": {"post": _transcription()},
            "/v1/audio/translations": {"post": _translation()},
            "/v1/audio/speech": {"post": _speech()},
            "/lares/v1/listen": {"post": _listen()},
            "/lares/v1/kb/search": {
                "post": _work(
                    "Find passages of documents", "DocumentSearch", "Passages", stream=False
                )
            },
            "/lares/v1/kb/ask": {
                "post": _work("Answer from documents, with sources", "DocumentQuestion", "Cited")
            },
            "/lares/v1/kb/summary": {
                "post": _work("Sum up a document", "SummaryRequest", "Summary", stream=False)
            },
            "/generate": {"post": _work("Answer a sentence", "GenerateRequest", "Generated")},
            "/healthz": {"get": {**_read("Whether the daemon lives", "Status"), "security": []}},
            "/readyz": {"get": _read("Whether it can answer", "Status", "503")},
            "/metrics": {"get": _read("Metrics in Prometheus' text form", "")},
            "/openapi.json": {"get": _read("This document", "*")},
        },
        "components": {
            "schemas": {**SCHEMAS, **AUDIO_SCHEMAS, **KNOWLEDGE_SCHEMAS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _read(summary: str, schema: str, *more: str) -> dict[str, Json]:
    """`schema` "" for plain text, "*" for any object."""
    content: Schema = {"text/plain": {"schema": {"type": "string"}}}
    if schema:
        shape: Schema = {"type": "object"} if schema == "*" else _reference(schema)
        content = {"application/json": {"schema": shape}}
    return {"summary": summary, "responses": _responses(content, (*_EVERYWHERE, *more))}


def _work(summary: str, asked: str, said: str, *, stream: bool = True) -> dict[str, Json]:
    content: Schema = {"application/json": {"schema": _reference(said)}}
    if stream:
        content["text/event-stream"] = {"schema": {"description": _EVENTS}}
    return {
        "summary": summary,
        "parameters": _terms(),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference(asked)}},
        },
        "responses": _responses(content, _WORK),
    }


def _transcription() -> dict[str, Json]:
    content: Schema = {
        "application/json": {"schema": _reference("Transcription")},
        "text/event-stream": {"schema": {"description": _EVENTS}},
        "text/plain": {"schema": {"type": "string"}},
        "text/vtt": {"schema": {"type": "string"}},
    }
    return {
        "summary": "Write down what is said in a recording",
        "parameters": _terms(),
        "requestBody": _form("TranscriptionRequest"),
        "responses": _responses(content, _WORK),
    }


def _translation() -> dict[str, Json]:
    return {
        "summary": "Not offered: transcribe it, and have the text translated",
        "requestBody": {
            "content": {"multipart/form-data": {"schema": {"type": "object"}}},
        },
        "responses": _errors((*_EVERYWHERE, "408", "413", "503")),
    }


def _speech() -> dict[str, Json]:
    kinds = sorted({*CONTENT_TYPES.values()})
    content: Schema = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {
        "summary": "Say a text; the sound comes sentence by sentence",
        "parameters": _terms(),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference("SpeechRequest")}},
        },
        "responses": _responses(content, _WORK),
    }


def _listen() -> dict[str, Json]:
    content: Schema = {"application/json": {"schema": _reference("Status")}}
    return {
        "summary": "Open the box's ear, as the wake word would; answered when it is open",
        "requestBody": {
            "content": {"application/json": {"schema": _reference("ListenRequest")}},
        },
        "responses": _responses(content, (*_EVERYWHERE, "408", "413", "503")),
    }


def _form(schema: str) -> dict[str, Json]:
    return {
        "required": True,
        "content": {"multipart/form-data": {"schema": _reference(schema)}},
    }


def _responses(content: Schema, errors: Sequence[str]) -> dict[str, Json]:
    return {"200": {"description": "As asked.", "content": content}, **_errors(errors)}


def _errors(statuses: Sequence[str]) -> dict[str, Json]:
    told: Schema = {"application/json": {"schema": _reference("Error")}}
    return {one: {"description": _ERRORS[one], "content": told} for one in sorted(statuses)}


def _terms() -> list[Json]:
    """The headers of laresd.frontends.http.terms."""
    return [
        _header(
            PRIORITY,
            {"type": "string", "enum": [*PRIORITIES], "default": "interactive"},
            "Who is waiting for it.",
        ),
        _header(
            DEADLINE,
            {
                "type": "number",
                "minimum": LEAST_SECONDS,
                "maximum": MOST_SECONDS,
                "default": DEFAULT_SECONDS,
            },
            "Seconds until the whole answer must be there.",
        ),
        _header(
            REACH,
            {"type": "string", "enum": [*Reach], "default": "lan"},
            "device: the request never leaves the box. lan: trusted hosts may compute it.",
        ),
        _header(
            HOSTS,
            {"type": "string", "pattern": HOSTS_PATTERN},
            "The only hosts that may compute it: names, with commas between them.",
        ),
        _header(
            POLICY,
            {"type": "string", "enum": [*Policy]},
            "What counts where there is a choice; the box's own if it is not said.",
        ),
    ]


def _header(name: str, schema: Schema, description: str) -> Json:
    return {"name": name, "in": "header", "schema": schema, "description": description}


def _reference(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}
