"""The example profiles are real ones, and state their limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from laresd.config import parse
from laresd.core.knowledge.profiles import Profile, profiles
from laresd.errors import Refused

PAGE = Path(__file__).parents[4] / "firmware-notes" / "documents.md"


@pytest.fixture(scope="module")
def examples() -> dict[str, Profile]:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return profiles(parse(block).profiles)


def test_there_is_a_medical_and_a_legal_one_that_quote_and_say_what_they_are_not(
    examples: dict[str, Profile],
) -> None:
    assert set(examples) == {"medical", "legal"}
    for each in examples.values():
        assert each.quotes_only and each.least > 0.5 and each.collections
    assert "no medical advice" in examples["medical"].notice
    assert "not what the law says" in examples["legal"].notice


@pytest.mark.parametrize(
    ("name", "question", "is_refused"),
    [
        ("medical", "What happens after an overdose?", True),
        ("medical", "I have chest pain, what do my papers say?", True),
        ("medical", "How often do I take the tablets?", False),
        ("legal", "Can I sue my landlord?", True),
        ("legal", "What is the issue date of the contract?", False),
    ],
)
def test_what_is_not_for_them_is_refused_by_whole_words(
    name: str, question: str, is_refused: bool, examples: dict[str, Profile]
) -> None:
    assert (examples[name].refuses(question) is not None) is is_refused


def test_a_profile_only_narrows(examples: dict[str, Profile]) -> None:
    assert examples["legal"].narrowed(()) == ("contracts",)
    with pytest.raises(Refused):
        examples["legal"].narrowed(("health",))
    assert Profile().narrowed(("a", "b")) == ("a", "b")
