"""The models that a program can name."""

from __future__ import annotations

import pytest

from laresd.frontends.http.cards import ModelCard, chosen, listed, narrowed
from laresd.frontends.http.faults import Rejected
from laresd.jobs import ANYWHERE, JobKind, Policy, Reach, Routing

TOWER = ModelCard("big", routing=Routing(hosts=frozenset({"tower"})))
OWN = ModelCard("small", routing=Routing(Reach.DEVICE))
EMBEDDER = ModelCard("minilm", kind=JobKind.EMBED)
CARDS = (TOWER, OWN, EMBEDDER)


@pytest.mark.parametrize("name", ["", "lares"])
def test_without_a_name_the_box_chooses(name: str) -> None:
    assert chosen(CARDS, name, JobKind.TEXT) == ModelCard("lares")


def test_a_model_is_found_by_its_name_and_for_its_kind_of_work() -> None:
    assert chosen(CARDS, "big", JobKind.TEXT) is TOWER
    for name, kind in (("minilm", JobKind.TEXT), ("big", JobKind.EMBED), ("gpt-4o", JobKind.TEXT)):
        with pytest.raises(Rejected, match="there is no model") as caught:
            chosen(CARDS, name, kind)
        assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_the_box_choice_is_listed_first() -> None:
    assert [card.id for card in listed(CARDS)] == ["lares", "big", "small", "minilm"]


def test_a_model_narrows_where_a_request_may_go_and_never_widens_it() -> None:
    private = Routing(Reach.DEVICE, policy=Policy.GREENEST)
    assert narrowed(ANYWHERE, TOWER) == Routing(hosts=frozenset({"tower"}))
    assert narrowed(ANYWHERE, OWN).reach is Reach.DEVICE
    assert narrowed(private, ModelCard("lares")) == private
    both = Routing(hosts=frozenset({"tower", "attic"}))
    assert narrowed(both, TOWER).hosts == {"tower"}


@pytest.mark.parametrize(
    ("routing", "card"),
    [
        (Routing(Reach.DEVICE), TOWER),
        (Routing(hosts=frozenset({"attic"})), TOWER),
        (Routing(hosts=frozenset({"attic"})), OWN),
    ],
)
def test_a_request_that_could_go_nowhere_is_refused(routing: Routing, card: ModelCard) -> None:
    with pytest.raises(Rejected, match="no place") as caught:
        narrowed(routing, card)
    assert caught.value.code == "nowhere"
