"""The JSON Schemas of what is asked of documents, and answered; tested against what is done."""

from __future__ import annotations

from laresd.frontends.http.audio import LANGUAGE
from laresd.frontends.http.knowledge import MAX_COLLECTIONS, MAX_TEXT, MAX_TITLE, NAME
from laresd.frontends.http.schemas import (
    COUNT,
    FLAG,
    TEXT,
    Schema,
    listed,
    object_of,
    only,
    optional,
)

_LANGUAGE: Schema = {
    "type": ["string", "null"],
    "pattern": f"{LANGUAGE}|^$",
    "description": "The box's language if it is not said.",
}
_QUESTION: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": "\\S"}
_COLLECTIONS: Schema = {
    "type": ["array", "null"],
    "maxItems": MAX_COLLECTIONS,
    "items": {"type": "string", "pattern": NAME},
    "description": "All that may be asked if none is named.",
}
_SOURCE_FIELDS: Schema = {
    "number": {"type": "integer", "minimum": 1},
    "document": {"type": "integer"},
    "title": TEXT,
    "uri": TEXT,
    "collection": TEXT,
    "page": {"type": ["integer", "null"], "minimum": 1},
    "sheet": TEXT,
    "cells": TEXT,
    "headings": listed(TEXT),
    "start": {**COUNT, "description": "First character, in the document's text."},
    "end": COUNT,
    "text": TEXT,
    "duplicates": listed({"type": "integer"}, description="Documents that say nearly the same."),
}
_CLAIM_FIELDS: Schema = {
    "text": TEXT,
    "sources": listed({"type": "integer", "minimum": 1}, minItems=1),
    "quoted": {**FLAG, "description": "It stands there word for word."},
}
_ANSWER_FIELDS: Schema = {
    "kind": {
        **only("answer", "refused"),
        "description": "refused: nothing in the documents says it.",
    },
    "text": TEXT,
    "claims": listed(object_of(_CLAIM_FIELDS, *_CLAIM_FIELDS)),
    "sources": listed({"$ref": "#/components/schemas/Source"}),
}

KNOWLEDGE_SCHEMAS: Schema = {
    "DocumentSearch": object_of(
        {"text": _QUESTION, "language": _LANGUAGE, "collections": _COLLECTIONS}, "text"
    ),
    "DocumentQuestion": object_of(
        {
            "text": _QUESTION,
            "language": _LANGUAGE,
            "collections": _COLLECTIONS,
            "profile": {"type": ["string", "null"], "pattern": f"{NAME}|^$"},
            "stream": optional(FLAG),
        },
        "text",
    ),
    "SummaryRequest": object_of(
        {
            "document": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_TITLE,
                "pattern": "\\S",
                "description": "Its number, or its title.",
            },
            "language": _LANGUAGE,
        },
        "document",
    ),
    "Source": object_of(_SOURCE_FIELDS, *_SOURCE_FIELDS),
    "Passages": object_of({"sources": listed({"$ref": "#/components/schemas/Source"})}, "sources"),
    "Cited": object_of(_ANSWER_FIELDS, *_ANSWER_FIELDS),
    "Summary": object_of({"text": TEXT}, "text"),
}
