"""Tools with schemas of many kinds, answers that wander where a grammar lets them, and a judge."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from laresd.engines.llm.tools.format import Format
from laresd.engines.llm.tools.json_calls import BareJson, Hermes, Llama3, OldMistral
from laresd.engines.llm.tools.mistral import Mistral
from laresd.engines.llm.tools.tagged import END, Tagged
from laresd.generation import Tool
from laresd.types import Json

LONGEST = 3000  # steps of a walk; each is a token


def families(special: Mapping[str, int]) -> dict[str, Format]:
    """One of each, for a vocabulary in which these are tokens."""
    return {
        "hermes": Hermes(special),
        "llama 3.2": Llama3(special, tagged=False),
        "llama 3.1": Llama3(special, tagged=True),
        "mistral": Mistral(special),
        "old mistral": OldMistral(special),
        "old mistral, with a blank": OldMistral(special, blank=True),
        "qwen 3.5": Tagged(special),
        "none": BareJson(special),
    }


_WORDS = st.sampled_from(["on", "off", "Küche", 'a "b" \\', "1", "true", "<b>", "two\nlines", ""])


def _object(parts: Mapping[str, Json], needed: Sequence[str]) -> Json:
    return {"type": "object", "properties": dict(parts), "required": list(needed)}


def _objects(schemas: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    names = st.sampled_from(["room", "level", "when", "a b", "ü"])
    parts = st.dictionaries(names, schemas, max_size=3)
    return parts.flatmap(
        lambda found: st.sets(st.sampled_from(sorted(found)) if found else st.nothing()).map(
            lambda needed: _object(found, sorted(needed))
        )
    )


_LEAVES: st.SearchStrategy[Json] = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "string", "description": "Any text"}),
    st.just({"type": "string", "maxLength": 3}),
    st.just({"type": "string", "pattern": "^[a-c]{2}$"}),
    st.lists(_WORDS, min_size=1, max_size=3, unique=True).map(lambda w: {"enum": list(w)}),
    _WORDS.map(lambda word: {"const": word}),
    st.just({"type": "integer", "minimum": -3, "maximum": 120}),
    st.just({"type": "number", "minimum": 0, "maximum": 1}),
    st.just({"type": "boolean"}),
    st.just({"enum": ["auto", 1, None]}),
    st.just({"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}]}),
)
_VALUES: st.SearchStrategy[Json] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda part: {"type": "array", "items": part, "maxItems": 2}), _objects(inner)
    ),
    max_leaves=3,
)


@st.composite
def some_tools(draw: st.DrawFn) -> list[Tool]:
    """One to three, with names that begin alike."""
    names = draw(
        st.lists(
            st.sampled_from(["set", "set_lamp", "set_lamps", "get-it", "a.b"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    tools: list[Tool] = []
    for name in names:
        arguments = st.dictionaries(
            st.sampled_from(["room", "level", "mode", "x-1"]), _VALUES, max_size=3
        )
        parts = draw(arguments)
        needed = [part for part in parts if draw(st.booleans())]
        schema = _object(parts, needed)
        assert isinstance(schema, dict)
        tools.append(Tool(name, "", schema if parts else {}))
    return tools


def allows(schema: Json, value: Json) -> bool:
    """Whether a value is one of the schema's; knows the schemas of `some_tools` and no others."""
    if not isinstance(schema, dict):
        return schema is True
    if "anyOf" in schema:
        either = schema["anyOf"]
        assert isinstance(either, list)
        return any(allows(part, value) for part in either)
    if "const" in schema or "enum" in schema:
        choices = [schema["const"]] if "const" in schema else schema["enum"]
        assert isinstance(choices, list)
        return any(value == one and type(value) is type(one) for one in choices)
    return _of_type(schema, value)


def _of_type(schema: Mapping[str, Json], value: Json) -> bool:
    kind = schema["type"]
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, (int, float)):
        in_range = float(str(schema["minimum"])) <= value <= float(str(schema["maximum"]))
        return in_range and (kind == "number" or (kind == "integer" and isinstance(value, int)))
    if isinstance(value, str):
        fits = "pattern" not in schema or (len(value) == 2 and set(value) <= set("abc"))
        return (
            kind == "string" and fits and len(value) <= int(str(schema.get("maxLength", LONGEST)))
        )
    if isinstance(value, list):
        few = len(value) <= 2
        return kind == "array" and few and all(allows(schema["items"], part) for part in value)
    if isinstance(value, dict):
        return kind == "object" and allows_arguments(schema, value)
    return kind == "null"


def allows_arguments(schema: Mapping[str, Json], value: Mapping[str, Json]) -> bool:
    parts, needed = schema.get("properties", {}), schema.get("required", [])
    assert isinstance(parts, dict)
    assert isinstance(needed, list)
    known = all(name in parts and allows(parts[name], part) for name, part in value.items())
    return known and all(name in value for name in needed)


class Bound(Protocol):
    """A constraint, as laresd.engines.llm.constraint.Constraint is one."""

    def mask(self) -> NDArray[np.bool_]: ...
    def accept(self, tokens: Sequence[int]) -> None: ...
    def accepted_prefix(self, tokens: Sequence[int]) -> int: ...
    @property
    def may_end(self) -> bool: ...
    @property
    def finished(self) -> bool: ...


def walk(
    bound: Bound, ends: frozenset[int], hints: Sequence[Sequence[int]], seed: int
) -> list[int] | None:
    """An answer of tokens chosen blindly among those that the mask allows, but often those of a
    hint: what begins a call, or ends a text. None when it got too long.
    """
    chance = random.Random(seed)
    said: list[int] = []
    while len(said) < LONGEST:
        if bound.finished or (bound.may_end and chance.random() < 0.3):
            return said
        allowed = np.setdiff1d(np.flatnonzero(bound.mask()), list(ends), assume_unique=True)
        if not len(allowed):
            return said
        step: Sequence[int] = [int(allowed[chance.randrange(len(allowed))])]
        for hint in hints:
            if chance.random() < 0.3 and bound.accepted_prefix(hint) == len(hint):
                step = hint
        bound.accept(step)
        said += step
    return None


def hints_of(form: Format) -> list[str]:
    return [form.opening or "{", '"', END]
