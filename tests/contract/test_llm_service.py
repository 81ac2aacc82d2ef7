"""The language model's ops, whatever they are asked: one final answer each, and the next one works.

In this process, with the real SmolLM2, so that a crash would be this test's own.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

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
from tests.fakes.lora import write_lora

pytestmark = pytest.mark.slow

CELLS = 512
ADAPTERS = {"pirate": 0.22, "poet": 0.3}
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
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    model = NativeModel(embedded_model(), use_mmap=True)
    context = NativeContext(model, Settings(CELLS, 16, 64, 1, 2))
    for name, spread in ADAPTERS.items():
        path = tmp_path_factory.mktemp(name) / "lora.gguf"
        context.add_adapter(name, write_lora(path, seed=0, spread=spread))
    made = Service(model, context, adapters=[*ADAPTERS])
    made.start()
    yield made  # its threads end with the process, as in the worker


def frames_of(service: Service, op: str, body: Mapping[str, Json]) -> list[Frame]:
    """All frames of a call, the final one last; what a handler raises is one, too."""
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
    assert asking.frames[-1] is finals[0]
    return asking.frames


def asked(service: Service, op: str, body: Mapping[str, Json]) -> Frame:
    """The final frame."""
    return frames_of(service, op, body)[-1]


def test_an_answer_says_what_it_cost(service: Service) -> None:
    final = asked(service, "generate", {"messages": HELLO, "max_tokens": 5})
    assert final.op == "result"
    assert final.body["finish"] in ("length", "stop")
    assert isinstance(final.body["sampled"], int)
    assert 0 < final.body["sampled"] <= 5


def text_of(service: Service, body: Mapping[str, Json]) -> str:
    frames = frames_of(service, "generate", body)
    return "".join(str(frame.body["text"]) for frame in frames if frame.op == "part")


LAMP: Json = {
    "name": "set_lamp",
    "description": "Switches the lamp.",
    "parameters": {
        "type": "object",
        "properties": {"state": {"enum": ["on", "off"]}},
        "required": ["state"],
    },
}


def test_an_answer_that_must_be_a_call_is_one_of_the_tools_and_told_at_the_end(
    service: Service,
) -> None:
    body: dict[str, Json] = {"messages": HELLO, "tools": [LAMP], "tool_choice": "required"}
    body["max_calls"] = 1
    *parts, final = frames_of(service, "generate", {**body, "max_tokens": 60})
    assert not [frame for frame in parts if frame.op == "part"]
    possible: list[Json] = [
        {"name": "set_lamp", "arguments": {"state": state}} for state in ("on", "off")
    ]
    calls = final.body["calls"]
    assert isinstance(calls, list)
    assert calls
    assert all(call in possible for call in calls)


def test_what_a_tool_returned_can_be_told_to_the_model(service: Service) -> None:
    call: Json = {"id": "x1", "name": "set_lamp", "arguments": {"state": "on"}}
    messages: list[Json] = [
        *HELLO,
        {"role": "assistant", "content": "", "calls": [call]},
        {"role": "tool", "content": "done", "call": "x1"},
    ]
    body: dict[str, Json] = {"messages": messages, "tools": [LAMP], "max_tokens": 5}
    assert asked(service, "generate", body).op == "result"


def test_an_adapter_is_of_its_request_alone(service: Service) -> None:
    """Also where all of them are asked for side by side, and share the beginnings of prompts."""
    sea: list[Json] = [{"role": "user", "content": "Tell me about the sea."}]
    body: dict[str, Json] = {"messages": sea, "max_tokens": 5}
    wanted = ("", *ADAPTERS)
    alone = [text_of(service, {**body, "adapter": name}) for name in wanted]
    assert len(set(alone)) == len(alone)
    with ThreadPoolExecutor(3) as threads:
        together = [*threads.map(lambda n: text_of(service, {**body, "adapter": n}), wanted)]
    assert together == alone


def test_a_file_that_is_no_adapter_of_the_model_is_an_error(tmp_path: Path) -> None:
    model = NativeModel(embedded_model(), use_mmap=True)
    context = NativeContext(model, Settings(CELLS, 2, 64, 1, 1))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF nonsense")
    write_lora(tmp_path / "other.gguf", seed=1, width=64)
    for name in ("broken", "other", "missing"):
        with pytest.raises(ValueError, match="cannot load it for this model"):
            context.add_adapter(name, tmp_path / f"{name}.gguf")
    context.close()
    model.close()


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
        ({"messages": HELLO, "adapter": "baker"}, "known: pirate, poet"),
        ({"messages": HELLO, "tools": [{"name": "a b"}]}, "tool name"),
        ({"messages": HELLO, "tools": [LAMP], "tool_choice": "never"}, "choice of tools"),
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
        "adapter": st.sampled_from(["", *ADAPTERS]),
        "tools": st.just([LAMP]),
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
