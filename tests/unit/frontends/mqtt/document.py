"""firmware-notes/mqtt-api.md as data: its fenced blocks by kind and name."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import jsonschema_rs

from laresd.types import Json

FILE = Path(__file__).parents[4] / "firmware-notes" / "mqtt-api.md"
_BLOCK = re.compile(r"^```(json|text) ([a-z]+)(?:=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Blocks = dict[tuple[str, str, str], Json]


@functools.cache
def blocks() -> Blocks:
    """(language, kind, name) -> the block; text without its last newline."""
    found: Blocks = {}
    for language, kind, name, body in _BLOCK.findall(FILE.read_text(encoding="utf-8")):
        assert (language, kind, name) not in found, (kind, name)
        found[language, kind, name] = json.loads(body) if language == "json" else body[:-1]
    return found


def names(kind: str) -> list[str]:
    return [name for language, k, name in blocks() if k == kind and language == "json"]


def rows(kind: str, name: str) -> list[Json]:
    found = blocks()["json", kind, name]
    assert isinstance(found, list)
    return found


@functools.cache
def validator(kind: str, name: str = "") -> jsonschema_rs.Validator:
    schema = blocks()["json", kind, name]
    assert isinstance(schema, dict)
    return jsonschema_rs.validator_for({**schema, "$defs": blocks()["json", "defs", ""]})


def is_documented_answer(answer: Json) -> bool:
    """Whether it fits the schema of one kind of answer."""
    return any(validator("answer", name).is_valid(answer) for name in names("answer"))
