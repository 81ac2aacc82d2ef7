"""A collection is there only for those whom it is for."""

from __future__ import annotations

import pytest

from laresd.core.knowledge.access import askable, may_ask
from laresd.documents import Collection
from laresd.errors import Refused
from tests.fakes.papers import asking

HOUSE = Collection("house")
ADA = Collection("ada", users=("ada", "bob-*"))
STUDY = Collection("study", sites=("study",), programs=("voice",))
ALL = (HOUSE, ADA, STUDY)


@pytest.mark.parametrize(
    ("user", "site", "source", "names"),
    [
        ("", "", "voice", ("house",)),
        ("ada", "", "voice", ("house", "ada")),
        ("bob-2", "", "http", ("house", "ada")),
        ("Ada", "", "voice", ("house",)),
        ("", "study", "voice", ("house", "study")),
        ("", "study", "mqtt", ("house",)),
    ],
)
def test_each_pattern_that_there_is_must_fit(
    user: str, site: str, source: str, names: tuple[str, ...]
) -> None:
    assert askable(ALL, asking("x", user=user, site=site, source=source)) == names


def test_the_star_is_for_everybody_and_a_name_for_nobody_unknown() -> None:
    assert may_ask(Collection("c", users=("*",)), asking("x"))
    assert not may_ask(Collection("c", users=("?*",)), asking("x"))


def test_what_is_not_for_somebody_looks_as_if_it_were_not_there() -> None:
    told = set()
    for name in ("ada", "no-such"):
        with pytest.raises(Refused) as refused:
            askable(ALL, asking("x"), ("house", name))
        told.add(str(refused.value))
    assert len(told) == 1 and "ada" not in told.pop()
