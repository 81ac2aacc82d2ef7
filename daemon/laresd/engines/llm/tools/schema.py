"""JSON Schemas of arguments, as the grammar takes them."""

from __future__ import annotations

from collections.abc import Mapping

from laresd.errors import Permanent
from laresd.generation import Tool
from laresd.types import Json

# With blanks, as json.dumps and hence every chat template writes it: then a call that is part of
# the next prompt has the tokens that are in the KV cache already.
SPACED: dict[str, Json] = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
}

# Beside one of these, "no other properties" would not mean what it says.
_COMBINING = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "$ref", "patternProperties", "unevaluatedProperties"}
)
_DEFINITIONS = ("$defs", "definitions")
_PLAIN_TEXT = frozenset({"type", "enum", "const", "title", "description", "default", "examples"})


def arguments_schema(tool: Tool) -> dict[str, Json]:
    """The schema of all arguments. Objects that list their properties take no others.

    Raises Permanent where it is not the schema of an object, or asks for what it does not describe.
    """
    schema = {"type": "object", **tool.parameters}
    properties = schema.setdefault("properties", {})
    if schema["type"] != "object" or not isinstance(properties, Mapping):
        raise Permanent(f"the parameters of the tool {tool.name} are not the schema of an object")
    missing = sorted(required(schema) - properties.keys())
    if missing and "additionalProperties" not in schema and not _COMBINING & schema.keys():
        raise Permanent(
            f"the tool {tool.name} requires {missing[0]!r}, which is not among its properties"
        )
    return _closed_object(schema)


def property_schemas(schema: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    """The schema of each argument, each complete in itself.

    Raises Permanent where the arguments depend on each other.
    """
    combining = sorted(_COMBINING & schema.keys())
    if combining:
        raise Permanent(
            f"{combining[0]!r} cannot be at the top of a tool's parameters for this model",
            remedy="put it into one of the properties",
        )
    properties = schema.get("properties")
    shared = {key: schema[key] for key in _DEFINITIONS if key in schema}
    if not isinstance(properties, Mapping):
        return {}
    return {
        name: {**shared, **part} if isinstance(part, Mapping) else shared
        for name, part in properties.items()
        if part is not False
    }


def required(schema: Mapping[str, Json]) -> frozenset[str]:
    """The arguments that must be there."""
    names = schema.get("required")
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def bare_texts(schema: Mapping[str, Json], end: str) -> tuple[str, ...] | None:
    """The values of an argument that is written bare, without quotes, up to `end`.

    (): it may be any text. None: it is not text, or bound to more than a choice of texts, and is
    written as JSON.
    """
    if schema.keys() - _PLAIN_TEXT - set(_DEFINITIONS) or schema.get("type", "string") != "string":
        return None
    if "enum" not in schema and "const" not in schema:
        return () if "type" in schema else None
    values = [schema["const"]] if "const" in schema else schema["enum"]
    if not isinstance(values, list) or {"enum", "const"} <= schema.keys():
        return None
    texts = tuple(
        value for value in values if isinstance(value, str) and end not in f"{value}{end[:-1]}"
    )
    return texts if texts and len(texts) == len(values) else None


def _closed(schema: Json) -> Json:
    return _closed_object(schema) if isinstance(schema, Mapping) else schema


def _closed_object(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Nested schemas that combine others are left as they are."""
    found = dict(schema)
    if _COMBINING & found.keys():
        return found
    properties, items = found.get("properties"), found.get("items")
    if isinstance(properties, Mapping):
        found["properties"] = {name: _closed(part) for name, part in properties.items()}
        found.setdefault("additionalProperties", False)
    if isinstance(items, Mapping):
        found["items"] = _closed(items)
    return found


def spaced(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The schema, and how its JSON is written."""
    return {**schema, "x-guidance": dict(SPACED)}
