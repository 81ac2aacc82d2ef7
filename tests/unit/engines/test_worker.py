"""A worker's main loop: each call gets exactly one final answer, whatever the engine does."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.worker import MAX_QUEUED, Answer, Call, Channel, Handler, Loaded, Loop
from laresd.errors import Permanent, Refused
from laresd.frames import MAX_HEADER, Frame, encode
from laresd.types import Json


def channel(*frames: Frame, raw: bytes = b"") -> tuple[Channel, io.BytesIO]:
    sink = io.BytesIO()
    return Channel(io.BytesIO(b"".join(map(encode, frames)) + raw), sink), sink


def answers(sink: io.BytesIO) -> list[Frame]:
    replies, _ = channel(raw=sink.getvalue())
    found = []
    while (frame := replies.receive()) is not None:
        found.append(frame)
    return found


def run(handlers: Mapping[str, Handler], *frames: Frame) -> list[Frame]:
    """What a worker with these handlers answers to the frames, all sent before it works."""
    pipe, sink = channel(*frames)
    loop = Loop(pipe, Loaded(handlers))
    loop.read()
    loop.work()
    return answers(sink)


def test_a_call_is_answered_with_body_and_payload() -> None:
    def double(call: Call) -> Answer:
        return Answer({"n": call.body.integer("n") * 2}, call.payload * 2)

    assert run({"double": double}, Frame("double", 7, {"n": 21}, b"ab")) == [
        Frame("result", 7, {"n": 42}, b"abab")
    ]


def test_parts_and_progress_come_before_the_result() -> None:
    def count(call: Call) -> Answer:
        call.progress(step=1)
        call.part({"text": "one"}, b"1")
        return Answer()

    assert [frame.op for frame in run({"count": count}, Frame("count", 1))] == [
        "progress",
        "part",
        "result",
    ]


def test_calls_run_in_order() -> None:
    calls = [Frame("echo", number) for number in range(1, 6)]
    found = run({"echo": lambda call: Answer()}, *calls)
    assert [frame.id for frame in found] == [1, 2, 3, 4, 5]


def test_an_error_for_a_person_crosses_as_it_is() -> None:
    def refuse(call: Call) -> Answer:
        raise Refused("not that", remedy="ask for something else")

    body: dict[str, Json] = {
        "kind": "refused",
        "message": "not that",
        "remedy": "ask for something else",
    }
    assert run({"refuse": refuse}, Frame("refuse", 3)) == [Frame("error", 3, body)]


def test_a_bug_in_an_engine_is_an_error_of_one_call() -> None:
    def bug(call: Call) -> Answer:
        raise KeyError("x")

    handlers = {"bug": bug, "echo": lambda call: Answer()}
    found = run(handlers, Frame("bug", 1), Frame("echo", 2))
    assert [frame.op for frame in found] == ["error", "result"]
    assert found[0].body["message"] == "KeyError: 'x'"


def test_running_out_of_memory_ends_the_worker() -> None:
    def greedy(call: Call) -> Answer:
        raise MemoryError

    with pytest.raises(MemoryError):
        run({"greedy": greedy}, Frame("greedy", 1))


def test_an_unknown_operation_is_an_error() -> None:
    found = run({}, Frame("sing", 1))
    assert found[0].body["message"] == "this worker has no operation 'sing'"


def test_a_wrong_field_names_itself() -> None:
    found = run({"say": lambda call: Answer({"t": call.body.text("text")})}, Frame("say", 1))
    assert found[0].body["message"] == "field 'text' must be a text, not None"


def test_a_call_cancelled_before_it_began_is_not_run_but_answered() -> None:
    ran = []

    def note(call: Call) -> Answer:
        ran.append(call.op)
        return Answer()

    assert run({"note": note}, Frame("note", 1), Frame("cancel", 1)) == [Frame("result", 1)]
    assert ran == []


def test_a_call_sees_that_it_was_cancelled_while_it_runs() -> None:
    begun, cancelled = threading.Event(), threading.Event()
    seen = []

    class Source(io.BytesIO):
        """Gives the cancel frame only once the call runs."""

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size if size is not None else -1)
            if b"cancel" in line:
                begun.wait()
            if not line:
                cancelled.set()
            return line

    def wait(call: Call) -> Answer:
        begun.set()
        cancelled.wait()
        seen.append(call.cancelled)
        return Answer()

    sink = io.BytesIO()
    frames = encode(Frame("wait", 1)) + encode(Frame("cancel", 1))
    loop = Loop(Channel(Source(frames), sink), Loaded({"wait": wait}))
    reader = threading.Thread(target=loop.read)
    reader.start()
    loop.work()
    reader.join()
    assert seen == [True]
    assert answers(sink) == [Frame("result", 1)]


def test_a_call_may_go_on_beside_the_next_ones_and_ends_from_any_thread() -> None:
    going_on: list[Call] = []
    begin: Handler = going_on.append
    handlers: Mapping[str, Handler] = {"begin": begin, "echo": lambda call: Answer()}
    pipe, sink = channel(Frame("begin", 1), Frame("begin", 2), Frame("echo", 3))
    loop = Loop(pipe, Loaded(handlers))
    loop.read()
    loop.work()
    for call in reversed(going_on):
        ender = threading.Thread(target=call.end, args=(Answer({"late": True}),))
        ender.start()
        ender.join()
    late: dict[str, Json] = {"late": True}
    assert answers(sink) == [Frame("result", 3), Frame("result", 2, late), Frame("result", 1, late)]


def test_a_call_has_one_end_whoever_comes_second() -> None:
    ended: list[int] = []
    pipe, sink = channel()
    call = Call(Frame("begin", 5), pipe, ended.append)
    call.fail(Refused("no"))
    call.end(Answer())
    call.fail(Refused("again"))
    assert [frame.op for frame in answers(sink)] == ["error"]
    assert ended == [5]


@pytest.mark.parametrize("early", [True, False])
def test_a_call_that_goes_on_is_told_that_nobody_waits(early: bool) -> None:
    told: list[str] = []
    pipe, _ = channel()
    call = Call(Frame("begin", 1), pipe)
    if early:
        call.cancel()
    call.when_cancelled(lambda: told.append("cancelled"))
    if not early:
        assert told == []
        call.cancel()
    assert told == ["cancelled"]
    assert call.cancelled


def test_more_calls_than_may_wait_are_refused() -> None:
    calls = [Frame("echo", number) for number in range(1, MAX_QUEUED + 3)]
    found = run({"echo": lambda call: Answer()}, *calls)
    assert [frame.op for frame in found].count("error") == 2
    assert sorted(frame.id for frame in found) == list(range(1, MAX_QUEUED + 3))


@pytest.mark.parametrize(
    "raw", [b"nonsense\n", b'{"op": "x"}\n', b"x" * (MAX_HEADER + 1)], ids=["no", "no id", "long"]
)
def test_what_is_no_frame_is_said(raw: bytes) -> None:
    pipe, _ = channel(raw=raw)
    with pytest.raises(Permanent):
        pipe.receive()


@given(raw=st.binary(max_size=200) | st.text(max_size=100).map(str.encode), whole=st.booleans())
def test_whatever_comes_is_a_frame_the_end_or_one_clear_error(raw: bytes, whole: bool) -> None:
    before = encode(Frame("echo", 1, {"text": "before"}, b"payload"))
    pipe, _ = channel(raw=before + raw + (b"\n" if whole else b""))
    assert pipe.receive() == Frame("echo", 1, {"text": "before"}, b"payload")
    try:
        while pipe.receive() is not None:
            pass
    except Permanent as error:
        assert error.message


FRAMES = st.lists(
    st.builds(
        Frame,
        st.sampled_from(["echo", "begin", "cancel", "sing", ""]),
        st.integers(-2, 5),
        st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3)),
        st.binary(max_size=5),
    ),
    max_size=12,
)


@given(frames=FRAMES)
def test_each_request_is_answered_once_whatever_the_order_of_frames(frames: list[Frame]) -> None:
    going_on: list[Call] = []
    handlers: Mapping[str, Handler] = {"begin": going_on.append, "echo": lambda call: Answer()}
    pipe, sink = channel(*frames)
    loop = Loop(pipe, Loaded(handlers))
    loop.read()
    loop.work()
    for call in going_on:
        call.end(Answer())
    asked = [frame.id for frame in frames if frame.op != "cancel"]
    assert sorted(frame.id for frame in answers(sink)) == sorted(asked)


@pytest.mark.parametrize("cut", [1, 10, 40, -1])
def test_a_frame_cut_short_is_the_end(cut: int) -> None:
    pipe, _ = channel(raw=encode(Frame("say", 1, {"text": "hello"}, b"payload"))[:cut])
    assert pipe.receive() is None
