"""What a batch computes: by class and age, never more than fits, and nobody for ever left out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.engines.llm.schedule import AGE_S, Ready, Share, plan, standing

VOICE, INTERACTIVE, AUTOMATION, BACKGROUND = range(4)
MOST, SLICE = 256, 48


def planned(*ready: Ready, most: int = MOST, slice_: int = SLICE) -> dict[int, Share]:
    return {share.key: share for share in plan(ready, most=most, slice_=slice_)}


readies = st.lists(
    st.builds(
        Ready,
        key=st.integers(0, 1_000_000),
        rank=st.integers(VOICE, BACKGROUND),
        waited=st.floats(0, 100),
        pending=st.integers(1, 600),
        draft=st.integers(0, 16),
    ),
    max_size=12,
    unique_by=lambda ready: ready.key,
)
sizes = st.tuples(st.integers(1, 512), st.integers(1, 512)).map(lambda two: (max(two), min(two)))


@given(ready=readies, size=sizes)
def test_a_batch_takes_what_there_is_and_no_more_than_fits(
    ready: list[Ready], size: tuple[int, int]
) -> None:
    most, slice_ = size
    by_key = {one.key: one for one in ready}
    shares = plan(ready, most=most, slice_=slice_)
    assert bool(shares) == bool(ready), "where there is work, some of it is done"
    assert sum(share.tokens + share.draft for share in shares) <= most
    assert len({share.key for share in shares}) == len(shares)
    for share in shares:
        one = by_key[share.key]
        assert 0 < share.tokens <= one.pending and 0 <= share.draft <= one.draft
        assert not share.draft or share.tokens == one.pending, "a draft follows what is known"


@given(ready=readies, size=sizes)
def test_nobody_is_taken_before_one_who_stands_higher(
    ready: list[Ready], size: tuple[int, int]
) -> None:
    shares = planned(*ready, most=size[0], slice_=size[1])
    stands = {one.key: standing(one.rank, one.waited) for one in ready}
    assert {stands[key] for key in shares} <= {min(stands.values(), default=0)}


def test_voice_goes_before_all_others_and_those_of_one_class_share_a_batch() -> None:
    shares = planned(
        Ready(1, BACKGROUND, 0, 1), Ready(2, VOICE, 0, 1), Ready(3, AUTOMATION, 0, 1),
        Ready(4, VOICE, 0, 5),
    )  # fmt: skip
    assert shares == {2: Share(2, 1), 4: Share(4, 5)}


def test_those_that_decode_come_before_prompts_and_of_those_the_first_is_finished_first() -> None:
    shares = planned(
        Ready(1, INTERACTIVE, 0, 30), Ready(2, INTERACTIVE, 0, 40), Ready(3, INTERACTIVE, 5, 300),
        Ready(4, INTERACTIVE, 0, 1),
    )  # fmt: skip
    assert shares == {1: Share(1, 30), 4: Share(4, 1), 2: Share(2, 40), 3: Share(3, 8)}


def test_a_voice_prompt_alone_has_the_whole_batch_and_others_a_slice() -> None:
    assert planned(Ready(1, VOICE, 0, 600)) == {1: Share(1, MOST)}
    assert planned(Ready(1, BACKGROUND, 0, 600)) == {1: Share(1, SLICE)}
    beside = planned(Ready(1, VOICE, 0, 600), Ready(2, VOICE, 0, 1))
    assert beside == {1: Share(1, SLICE), 2: Share(2, 1)}


def test_an_aged_prompt_takes_a_slice_of_the_batch_of_a_higher_class() -> None:
    old = Ready(1, BACKGROUND, 3 * AGE_S, 600)
    assert planned(old, Ready(2, VOICE, 0, 600)) == {1: Share(1, SLICE), 2: Share(2, MOST - SLICE)}


def test_drafts_take_what_is_left() -> None:
    ready = [Ready(n, VOICE, 0, 1, draft=16) for n in range(10)]
    shares = planned(*ready, most=64)
    assert all(share.tokens == 1 for share in shares.values())
    assert sum(share.draft for share in shares.values()) == 54
    beside = planned(*ready, Ready(10, VOICE, 0, 600), most=64)
    assert beside[10].tokens == SLICE


def test_what_does_not_fit_is_computed_in_parts_the_longest_waiting_first() -> None:
    ready = [Ready(1, VOICE, 0, 20), Ready(2, VOICE, 1, 20, draft=4)]
    assert planned(*ready, most=16) == {2: Share(2, 16)}
    assert planned(*ready, most=24) == {2: Share(2, 20), 1: Share(1, 4)}


@settings(max_examples=15)
@given(
    classes=st.lists(st.integers(VOICE, BACKGROUND), min_size=1, max_size=10),
    pending=st.lists(st.sampled_from([1, 5, 30, 400]), min_size=10, max_size=10),
    most=st.integers(16, 256),
    seconds=st.floats(1.0, 3.0),
)
def test_everybody_moves_within_a_bounded_time_however_long_the_others_go_on(
    classes: list[int], pending: list[int], most: int, seconds: float
) -> None:
    moved = dict.fromkeys(range(len(classes)), 0.0)
    longest = (BACKGROUND + 1) * AGE_S + len(classes) * len(classes) * seconds
    now = 0.0
    while now < 2 * longest:
        ready = [Ready(n, rank, now - moved[n], pending[n]) for n, rank in enumerate(classes)]
        shares = plan(ready, most=most, slice_=16)
        now += seconds
        moved.update(dict.fromkeys((share.key for share in shares), now))
        voiced = [n for n, rank in enumerate(classes) if rank > VOICE or pending[n] <= 32]
        assert all(now - moved[n] <= longest for n in voiced)


def test_a_class_is_worth_so_many_seconds() -> None:
    stands = {waited: standing(BACKGROUND, waited) for waited in (0, 19.9, 20, 40, 60, 600)}
    assert stands == {0: 3, 19.9: 3, 20: 2, 40: 1, 60: 0, 600: 0}
