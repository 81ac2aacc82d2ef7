"""The JSON Schemas of the box's ears and voice for programs; see `schemas`.

Sources: OpenAI's API reference (audio: transcriptions, speech), as far as it is served here.
"""

from __future__ import annotations

from laresd.frontends.http.audio import AUTO, FORMATS, LANGUAGE, MAX_CHARACTERS, MAX_PROMPT
from laresd.frontends.http.encoding import Encoding
from laresd.types import Json

Schema = dict[str, Json]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_MODEL: Schema = {"type": "string", "description": "`lares`: the box's choice."}
_USAGE: Schema = {
    "type": "object",
    "properties": {"type": {"const": "duration"}, "seconds": _NUMBER},
    "required": ["type", "seconds"],
}
_SEGMENT: Schema = {
    "type": "object",
    "description": "What was said between two pauses.",
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "seek": {"type": "integer", "minimum": 0},
        "start": _NUMBER,
        "end": _NUMBER,
        "text": _TEXT,
        "tokens": {"type": "array", "maxItems": 0, "description": "Not told."},
        "temperature": {"const": 0.0},
        "avg_logprob": {"type": "number"},
        "compression_ratio": _NUMBER,
        "no_speech_prob": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["id", "start", "end", "text"],
}

AUDIO_SCHEMAS: Schema = {
    "TranscriptionRequest": {
        "type": "object",
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "A wav file of any rate, width and channels, at most 10 minutes.",
            },
            "model": _MODEL,
            "language": {
                "type": "string",
                "pattern": f"{LANGUAGE}|^$|^{AUTO}$",
                "description": f"The box's own if it is not said; {AUTO}: it is found out.",
            },
            "prompt": {
                "type": "string",
                "maxLength": MAX_PROMPT,
                "description": "Names and phrases that may be said, with commas between them.",
            },
            "response_format": {"type": "string", "enum": [*FORMATS], "default": "json"},
            "stream": {
                "type": "string",
                "enum": ["true", "false"],
                "description": "Server-sent events: a part of the transcript after each pause.",
            },
            "temperature": {
                "type": "string",
                "pattern": "^(0(\\.[0-9]{0,9})?|1(\\.0{0,9})?)$",
                "description": "Ignored: it is always 0 here.",
            },
        },
        "required": ["file"],
    },
    "Transcription": {
        "type": "object",
        "properties": {
            "text": _TEXT,
            "usage": _USAGE,
            "task": {"const": "transcribe"},
            "language": _TEXT,
            "duration": _NUMBER,
            "segments": {"type": "array", "items": _SEGMENT},
        },
        "required": ["text", "usage"],
    },
    "SpeechRequest": {
        "type": "object",
        "properties": {
            "input": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
            "model": {**_MODEL, "type": ["string", "null"]},
            "voice": {
                "type": ["string", "null"],
                "description": "Ignored: the box has one voice for each language.",
            },
            "language": {
                "type": ["string", "null"],
                "pattern": f"{LANGUAGE}|^$",
                "description": "Lares' own field; the box's language if it is not said.",
            },
            "response_format": {"enum": [*Encoding, None], "default": Encoding.MP3},
            "speed": {"enum": [1, None], "description": "Only 1."},
            "stream_format": {"enum": ["audio", None], "description": "Only audio."},
        },
        "required": ["input"],
    },
    "ListenRequest": {
        "type": "object",
        "properties": {
            "seconds": {
                "type": ["number", "null"],
                "minimum": 0.1,
                "maximum": 60,
                "default": 5,
                "description": "How long the ear stays open while nobody speaks.",
            },
            "site": {
                "type": ["string", "null"],
                "maxLength": 64,
                "description": "Of the ear; the box's own if it is not said.",
            },
        },
    },
}
