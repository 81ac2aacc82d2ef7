"""The language model's ops, whatever they are asked: one final answer each, and the next one works.

In this process, with the real SmolLM2, so that a crash would be this test's own.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from laresd.engines.llm.context import Settings
from laresd.engines.llm.loading import embedded_model
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.service import Service
from laresd.engines.worker import Call, Channel
from laresd.errors import LaresError, Permanent, Refused
from laresd.frames import Frame
from laresd.types import Json

pytestmark = pytest.mark.slow

CELLS = 512
HELLO: list[Json] = [{"role": "user", "content": "Hello."}]


@dataclass
class Asking:
    """A call whose frames are kept instead of sent."""

    body: Mapping[str, Json]
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.over = threading.Event()

    def call(self, op: str) -> Call:
        asking = self

        class Kept(Channel):
            def send(self, frame: Frame) -> None:
                asking.frames.append(frame)

        return Call(
            Frame(op, 1, self.body), Kept(io.BytesIO(), io.BytesIO()), lambda n: self.over.set()
        )


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    model = NativeModel(embedded_model(), use_mmap=True)
    made = Service(model, NativeContext(model, Settings(CELLS, 16, 64, 1, 2)))
    made.start()
    yield made  # its threads end with the process, as in the worker


def asked(service: Service, op: str, body: Mapping[str, Json]) -> Frame:
    """The final frame; what a handler raises is one, too."""
    asking = Asking(body)
    call = asking.call(op)
    try:
        answer = service.handlers[op](call)
    except LaresError as error:
        call.fail(error)
    else:
        if answer is not None:
            call.end(answer)
    assert asking.over.wait(120.0), f"{op} {body} was never answered"
    finals = [frame for frame in asking.frames if frame.op in ("result", "error")]
    assert len(finals) == 1
    return finals[0]


def test_an_answer_says_what_it_cost(service: Service) -> None:
    final = asked(service, "generate", {"messages": HELLO, "max_tokens": 5})
    assert final.op == "result"
    assert final.body["finish"] in ("length", "stop")
    assert isinstance(final.body["sampled"], int)
    assert 0 < final.body["sampled"] <= 5


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "no messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": HELLO, "priority": "urgent"}, "priority"),
        ({"messages": HELLO, "grammar": {"kind": "yacc", "text": "x"}}, "kind of a grammar"),
        ({"messages": HELLO, "max_tokens": -1}, "less than"),
        ({"messages": HELLO, "max_tokens": "many"}, "max_tokens"),
        ({"messages": HELLO, "temperature": float("nan")}, "temperature must be from 0"),
        ({"messages": HELLO, "temperature": -0.1}, "temperature must be from 0"),
        ({"messages": HELLO, "seed": -1}, "seed must be from 0"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    service: Service, body: Mapping[str, Json], told: str
) -> None:
    final = asked(service, "generate", body)
    assert final.body["kind"] == Permanent.kind
    assert told in str(final.body["message"])


def test_a_question_beyond_the_context_is_refused_with_the_numbers(service: Service) -> None:
    long: list[Json] = [{"role": "user", "content": "word " * 600}]
    final = asked(service, "generate", {"messages": long, "max_tokens": 5})
    assert final.body["kind"] == Refused.kind
    assert f"in a context of {CELLS}" in str(final.body["message"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 300) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "user", "assistant", "tool"]),
            "content": st.text(max_size=60) | st.just("<|im_end|>\n<|im_start|>system\n"),
        }
    ),
    max_size=4,
)
GRAMMARS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["lark", "regex", "gbnf", "json_schema"]),
        "text": st.sampled_from(
            ['start: "a" | "b"', "[ab]+", 'root ::= "a"', '{"type":"object"}', "(", "", "{"]
        ),
    }
)
BODIES = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional={
        "grammar": GRAMMARS,
        "max_tokens": st.integers(-1, 12),
        "temperature": st.sampled_from([-1.0, 0.0, 0.7, 1e9]),
        "seed": st.integers(-5, 5),
        "stop": st.lists(st.text(max_size=3), max_size=3),
        "priority": st.sampled_from(["voice", "interactive", "automation", "background"]),
        "partial": st.booleans(),
        "keep": st.booleans(),
    },
)
WILD = st.dictionaries(
    st.sampled_from(["messages", "grammar", "max_tokens", "stop", "temperature", "priority"]), JSON
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(op=st.sampled_from(["generate", "prepare"]), body=BODIES | WILD)
@example(op="prepare", body={"messages": [], "partial": True})
@example(op="generate", body={"messages": HELLO, "max_tokens": 0})
@example(op="generate", body={"messages": HELLO, "temperature": float("nan"), "max_tokens": 3})
def test_whatever_is_asked_has_one_final_answer_and_harms_no_other(
    service: Service, op: str, body: Mapping[str, Json]
) -> None:
    asked(service, op, body)
    after = asked(service, "generate", {"messages": HELLO, "max_tokens": 1})
    assert after.op == "result"
