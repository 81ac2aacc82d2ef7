"""Reading a frame's body by type."""

from __future__ import annotations

from typing import Any

import pytest

from laresd.errors import Permanent
from laresd.frames import Fields


def test_fields_of_the_right_type_are_given() -> None:
    fields = Fields(
        {"t": "x", "n": 3, "r": 0.5, "b": True, "l": ["a"], "o": [{"t": "y"}], "m": {"k": 1}}
    )
    assert (fields.text("t"), fields.integer("n"), fields.real("r")) == ("x", 3, 0.5)
    assert (fields.flag("b"), fields.texts("l"), fields.mapping("m")) == (True, ("a",), {"k": 1})
    assert fields.rows("o")[0].text("t") == "y"
    assert fields.real("n") == 3.0


def test_what_is_absent_or_null_has_its_default() -> None:
    fields = Fields({"area": None})
    assert (fields.text("area", ""), fields.integer("n", 7), fields.flag("b", False)) == (
        "",
        7,
        False,
    )
    assert (fields.texts("l"), fields.rows("o"), fields.mapping("m")) == ((), (), {})


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", 1),
        ("text", None),
        ("integer", "1"),
        ("integer", True),
        ("integer", 1.5),
        ("real", "x"),
        ("real", False),
        ("flag", 1),
        ("texts", "abc"),
        ("texts", [1]),
        ("rows", ["x"]),
        ("mapping", []),
    ],
)
def test_a_wrong_type_names_the_field(method: str, value: Any) -> None:
    with pytest.raises(Permanent, match="field 'key' must be"):
        getattr(Fields({"key": value}), method)("key")
