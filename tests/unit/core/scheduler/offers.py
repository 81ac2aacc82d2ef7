"""Offers, jobs and weather of any shape, and a home's usual ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from laresd.core.scheduler.offers import Box, Job, Offer
from laresd.core.scheduler.speeds import Observation, Speeds
from laresd.core.scheduler.thermal import FAIR, Heat, Weather
from laresd.jobs import JobKind, Policy, Reach, Routing
from laresd.types import Priority

ALL = frozenset(JobKind)
TEXT = frozenset({JobKind.TEXT})
ANYTHING = Box()
NAMES = ("tower", "nas", "laptop")
HOT = Weather(heat=Heat.HOT, threads=0.5, slowdown=2.0, urgent_only=True, why="this box is hot")


def able(offer: Offer) -> Offer:
    return replace(
        offer, tools=True, resumes=True, same_model=True, grammars=frozenset({"json_schema"})
    )


def this_box(decode_s: float = 0.2, prefill_s: float = 0.02) -> Offer:
    """5 tokens a second, 50 of a prompt."""
    speeds = Speeds.of(latency_s=0.1, prefill_s=prefill_s, decode_s=decode_s)
    return able(Offer("lares", True, TEXT, speeds, watts=8.0))


def host(name: str = "tower", decode_s: float = 0.01, *, wake_s: float | None = None) -> Offer:
    """100 tokens a second, 2000 of a prompt, 4 at a time."""
    speeds = Speeds.of(latency_s=0.1, prefill_s=0.0005, decode_s=decode_s)
    return able(Offer(name, False, TEXT, speeds, watts=250.0, wake_s=wake_s, slots=4))


def text(routing: Routing | None = None, *, seconds_left: float = 60.0, tokens: float = 50) -> Job:
    return Job(
        JobKind.TEXT,
        prompt_tokens=200,
        output_tokens=tokens,
        seconds_left=seconds_left,
        routing=routing or Routing(),
    )


def preferring(policy: Policy) -> Routing:
    return Routing(policy=policy)


PRIVATE = Routing(reach=Reach.DEVICE)

seconds = st.floats(0.0, 1e4)
counts = st.integers(0, 20)

observations = st.builds(
    Observation,
    tokens=st.floats(0, 1e5),
    first_token_s=seconds,
    answer_tokens=st.integers(0, 1000),
    answer_s=seconds,
    beside=st.floats(0, 8),
    round_trip_s=st.floats(0, 1),
    waited_s=st.floats(0, 10),
    slowdown=st.floats(1, 4),
)


@st.composite
def speeds(draw: st.DrawFn) -> Speeds:
    """As they begin, and after some observations."""
    one = Speeds.of(
        latency_s=draw(seconds), prefill_s=draw(st.floats(0, 10)), decode_s=draw(st.floats(0, 10))
    )
    for seen in draw(st.lists(observations, max_size=3)):
        one = one.observed(seen)
    return one


def offers_of(name: str, *, local: bool) -> st.SearchStrategy[Offer]:
    return st.builds(
        Offer,
        name=st.just(name),
        local=st.just(local),
        jobs=st.sampled_from([ALL, TEXT, frozenset({JobKind.IMAGE})]),
        speeds=speeds(),
        excluded=st.sampled_from(["", "", "", "it broke off"]),
        wake_s=st.none() | seconds,
        cached_tokens=st.floats(0, 1e5),
        running=counts,
        waiting=counts,
        slots=counts,
        round_trip_s=seconds,
        watts=seconds,
        price=seconds,
        context=st.sampled_from([0, 0, 4096]),
        grammars=st.sampled_from([frozenset[str](), frozenset({"json_schema"})]),
        tools=st.booleans(),
        resumes=st.booleans(),
        same_model=st.booleans(),
    )


@st.composite
def many_offers(draw: st.DrawFn) -> list[Offer]:
    """Up to one of this box and three hosts, in any order."""
    found = [draw(offers_of("lares", local=True))] if draw(st.booleans()) else []
    found += [
        draw(offers_of(name, local=False))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    return draw(st.permutations(found))


routings = st.builds(
    Routing,
    reach=st.sampled_from(Reach),
    hosts=st.frozensets(st.sampled_from(NAMES), max_size=2),
    policy=st.none() | st.sampled_from(Policy),
)
boxes = st.builds(Box, policy=st.sampled_from(Policy), reach=st.sampled_from(Reach))
weathers = st.sampled_from([FAIR, HOT])
jobs = st.builds(
    Job,
    kind=st.sampled_from([JobKind.TEXT, JobKind.TEXT, JobKind.IMAGE]),
    priority=st.sampled_from(Priority),
    prompt_tokens=st.floats(0, 1e5),
    output_tokens=st.floats(0, 1e4),
    seconds_left=st.floats(0, 1e5) | st.just(float("inf")),
    routing=routings,
    grammars=st.sampled_from(
        [frozenset(), frozenset({"json_schema"}), frozenset({"lark", "gbnf"})]
    ),
    tools=st.booleans(),
    resume=st.booleans(),
    same_model=st.booleans(),
)
