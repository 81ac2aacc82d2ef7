"""Which index is made, filled, measured or dropped next."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.knowledge.derived import ALL, Derived, Kind
from laresd.backends.knowledge.embeddings import Model
from laresd.backends.knowledge.plan import (
    MANY,
    Begin,
    Counted,
    Discard,
    DropModel,
    Fill,
    Measure,
    State,
    is_refused,
    next_job,
)

WORDS = Derived(1, Kind.WORDS, 0, 1, ALL, 0, None)
EXACT = Derived(2, Kind.VEC0, 7, 1, ALL, 0, None)
APPROXIMATE = Derived(3, Kind.VEC1, 7, 1, ALL, 25_000, 0.99)
MODEL = Model(7, "minilm", 384)


def a_state(*indexes: Derived, vectors: int = 100, model: Model = MODEL, **more: object) -> State:
    state = State((WORDS, *indexes), (Counted(model, vectors),), 5000, is_vec1_usable=True)
    return replace(state, **more)  # type: ignore[arg-type]


def test_nothing_is_done_when_all_is_there() -> None:
    assert next_job(a_state(EXACT)) is None


def test_words_come_first_when_nothing_is_there() -> None:
    assert next_job(replace(a_state(), derived=())) == Begin(Kind.WORDS)


def test_an_index_that_is_not_whole_is_filled() -> None:
    half = replace(EXACT, filled=300)
    assert next_job(a_state(half)) == Fill(half)
    few_words = replace(WORDS, filled=300)
    assert next_job(replace(a_state(EXACT), derived=(few_words, EXACT))) == Fill(few_words)


def test_vectors_without_an_index_get_the_exact_one_first_however_many_they_are() -> None:
    assert next_job(a_state(vectors=100_000)) == Begin(Kind.VEC0, MODEL, 100_000)


def test_many_vectors_get_the_approximate_one_beside_the_exact_one() -> None:
    assert next_job(a_state(EXACT, vectors=MANY)) is None
    assert next_job(a_state(EXACT, vectors=25_000)) == Begin(Kind.VEC1, MODEL, 25_000)


def test_the_approximate_one_is_measured_before_it_is_searched() -> None:
    new = replace(APPROXIMATE, filled=2000, recall=None)
    assert next_job(a_state(EXACT, new, vectors=25_000)) == Fill(new)
    new = replace(new, filled=5000)
    assert next_job(a_state(EXACT, new, vectors=25_000)) == Measure(new, Counted(MODEL, 25_000))
    new = replace(new, recall=0.99)
    assert next_job(a_state(EXACT, new, vectors=25_000)) == Fill(new)


def test_the_exact_one_goes_when_the_approximate_one_is_whole() -> None:
    model = replace(MODEL, checked=25_000, recall=0.99)
    state = a_state(EXACT, APPROXIMATE, vectors=25_000, model=model)
    assert next_job(state) == Discard(EXACT)


def test_where_the_extension_cannot_be_used_all_are_searched_exactly() -> None:
    state = a_state(EXACT, vectors=500_000, is_vec1_usable=False)
    assert next_job(state) is None


def test_an_approximate_index_that_found_too_little_is_not_tried_again_soon() -> None:
    model = replace(MODEL, checked=25_000, recall=0.5, refused=25_000)
    assert next_job(a_state(EXACT, vectors=30_000, model=model)) is None
    assert next_job(a_state(EXACT, vectors=51_000, model=model)) == Begin(Kind.VEC1, model, 51_000)


def test_a_refused_one_in_use_makes_room_for_the_exact_one() -> None:
    model = replace(MODEL, checked=25_000, recall=0.5, refused=25_000)
    state = a_state(APPROXIMATE, vectors=25_000, model=model)
    assert next_job(state) == Begin(Kind.VEC0, model, 25_000)


def test_the_recall_is_measured_again_after_large_changes() -> None:
    model = replace(MODEL, checked=25_000, recall=0.99)
    assert next_job(a_state(APPROXIMATE, vectors=30_000, model=model)) is None
    assert next_job(a_state(APPROXIMATE, vectors=32_000, model=model)) == Measure(
        APPROXIMATE, Counted(model, 32_000)
    )


def test_an_index_that_was_trained_for_another_library_is_made_anew() -> None:
    drifted = replace(MODEL, checked=32_000, recall=0.9)
    assert not is_refused(APPROXIMATE, 32_000, 0.9)
    assert next_job(a_state(APPROXIMATE, vectors=32_000, model=drifted)) == Begin(
        Kind.VEC1, drifted, 32_000
    )
    grown = replace(MODEL, checked=80_000, recall=0.99)
    assert next_job(a_state(APPROXIMATE, vectors=80_000, model=grown)) == Begin(
        Kind.VEC1, grown, 80_000
    )


def test_another_model_is_dropped_when_the_one_in_use_is_whole() -> None:
    old, new = Model(1, "old", 384), Model(7, "new", 384)
    state = State((WORDS, EXACT), (Counted(old, 10), Counted(new, 10)), 50, is_vec1_usable=True)
    assert next_job(state) == Begin(Kind.VEC0, old, 10)
    assert next_job(replace(state, current="new")) == DropModel(old)


def test_an_index_of_a_model_that_is_gone_is_discarded() -> None:
    state = replace(a_state(EXACT), models=())
    assert next_job(state) == Discard(EXACT)


@given(st.lists(st.integers(MANY - 4000, MANY), min_size=2, max_size=50))
def test_a_library_below_the_border_does_not_change_its_index_to_and_fro(sizes: list[int]) -> None:
    """Once it is over it, it must shrink by a quarter before the exact index is wanted again."""
    model = replace(MODEL, checked=MANY, recall=0.99)
    used = replace(APPROXIMATE, trained=MANY)
    assert all(next_job(a_state(EXACT, vectors=size)) is None for size in sizes)
    assert all(next_job(a_state(used, vectors=size, model=model)) is None for size in sizes)
    shrunk = next_job(a_state(used, vectors=14_000, model=model))
    assert shrunk == Begin(Kind.VEC0, model, 14_000)
