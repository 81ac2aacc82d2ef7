"""What people call the things and rooms of their home: the corrections to what devices say.

They come from the configuration, from a TOML file of its own and over MQTT, each as the tables
`names`, `aliases`, `areas` and `rooms`; the later of these three wins. See
firmware-notes/learning-the-house.md.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping

from laresd.backends.home import text
from laresd.backends.home.discovery import json_object
from laresd.config import HomeNames
from laresd.errors import Permanent
from laresd.types import Json

MAX_ENTRIES = 2000  # of one table
MAX_ALIASES = 16  # of one thing
MAX_BYTES = 256 * 1024
TABLES = ("names", "aliases", "areas", "rooms")


def from_toml(source: str, name: str) -> HomeNames:
    """Raises Permanent, which names the file, the table and the entry that is wrong."""
    if len(source) > MAX_BYTES:
        raise Permanent(f"{name} is longer than the {MAX_BYTES} bytes allowed")
    try:
        tables = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise Permanent(f"{name}: {error}") from error
    return checked(tables, name)


def from_json(payload: bytes, name: str) -> HomeNames:
    """An empty payload takes all corrections back. Raises Permanent as `from_toml`."""
    return checked(json_object(payload) if payload.strip() else {}, name)


def checked(tables: Mapping[str, object], name: str) -> HomeNames:
    for table, entries in tables.items():
        if table not in TABLES:
            raise Permanent(f"{name} has a table {table!r}", remedy=f"known: {', '.join(TABLES)}")
        if not isinstance(entries, dict) or len(entries) > MAX_ENTRIES:
            raise Permanent(f"{name}: {table} must be a table of at most {MAX_ENTRIES} entries")
    return HomeNames(
        names=_texts(tables, "names", name, text.NAME),
        areas=_texts(tables, "areas", name, text.AREA),
        rooms=_texts(tables, "rooms", name, text.AREA),
        aliases=_aliases(tables.get("aliases"), name),
    )


def _texts(tables: Mapping[str, object], table: str, name: str, limit: int) -> Mapping[str, str]:
    entries = tables.get(table)
    return {
        key: _text(value, f"{name}: {table}.{key}", limit)
        for key, value in (entries.items() if isinstance(entries, dict) else ())
    }


def _aliases(entries: object, name: str) -> Mapping[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for key, value in entries.items() if isinstance(entries, dict) else ():
        where = f"{name}: aliases.{key}"
        if not isinstance(value, list) or len(value) > MAX_ALIASES:
            raise Permanent(f"{where} must be a list of at most {MAX_ALIASES} texts")
        result[key] = tuple(_text(item, where, text.NAME) for item in value)
    return result


def _text(value: object, where: str, limit: int) -> str:
    if not isinstance(value, str):
        raise Permanent(f"{where} must be text, not {value!r:.40}")
    plain = text.name(value, limit)
    if plain != value.strip():
        signs = "a name is one line without control characters and the signs <>{}|`$\\"
        raise Permanent(f"{where} must be at most {limit} plain characters", remedy=signs)
    return plain


def joined(*layers: HomeNames) -> HomeNames:
    """All corrections; of two for the same thing, the later layer's."""
    first, *others = layers
    for layer in others:
        first = dataclasses.replace(
            first,
            names={**first.names, **layer.names},
            aliases={**first.aliases, **layer.aliases},
            areas={**first.areas, **layer.areas},
            rooms={**first.rooms, **layer.rooms},
        )
    return first


def answer(error: Permanent | None, things: int) -> Json:
    """What is published after corrections came in over MQTT."""
    if error is None:
        return {"ok": True, "entities": things}
    return {"ok": False, "error": error.message, "remedy": error.remedy}
