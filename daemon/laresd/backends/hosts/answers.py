"""What a host answers in a stream of the OpenAI API, checked as it comes. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from laresd.backends.hosts import faults, reading
from laresd.backends.hosts.stops import Stops
from laresd.errors import Temporary
from laresd.generation import Choice, Ending, Finish, Generation, Piece, ToolCall
from laresd.types import Json

MOST_CALLS = 64  # that are read at all
_DONE = b"[DONE]"
_ENDS = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.STOP,
    "function_call": Finish.STOP,
    "content_filter": Finish.STOP,
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens; 0 where it was not told."""

    prompt: int = 0
    cached: int = 0
    answer: int = 0


def read_object(host: str, event: bytes) -> Mapping[str, Json]:
    """The JSON object of an event. Raises Temporary for anything else."""
    try:
        value: Json = json.loads(event)
    except (ValueError, RecursionError):
        raise faults.no_answer(host, "an event that is not JSON") from None
    if not isinstance(value, dict):
        raise faults.no_answer(host, "an event that is no object")
    return value


class ChatReader:
    """Chunks of /v1/chat/completions or /v1/completions, to pieces of the answer.

    `complete`: the model has ended; `over`: nothing of use follows. Every method raises Temporary
    for what cannot be an answer.
    """

    def __init__(self, host: str, generation: Generation, *, echo: str = "") -> None:
        """`echo`: what the server may repeat at the beginning, which is not new."""
        self.complete = self.over = False
        self._host = host
        self._generation = generation
        self._calls = _Calls(host)
        self._echo = _Echo(echo)
        self._stops = Stops(generation.stop)
        self._finish = Finish.STOP
        self._usage = Usage()
        self._chunks = 0

    def feed(self, event: bytes) -> Piece | None:
        """What is new and certain. An `error` in the stream is left to `error_in`."""
        if event.strip() == _DONE:
            self.over = True
            return None
        message = read_object(self._host, event)
        self._usage = _usage(message, self._usage)
        choices = message.get("choices")
        if not isinstance(choices, list):
            raise faults.no_answer(self._host, "an event without choices")
        text = self._choice(reading.an_object(choices[0])) if choices else ""
        shown = self._stops.feed(self._echo.feed(text))
        if self._stops.stopped:
            self._finish, self.complete, self.over = Finish.STOP, True, True
        wordless = self._generation.choice is Choice.REQUIRED and self._generation.tools
        return Piece(shown) if shown and not wordless else None

    def end(self) -> Piece:
        """The last piece. Raises Temporary where the model had not ended."""
        if not self.complete:
            raise faults.broke_off(self._host)
        calls = self._calls.end(self._generation)
        required = self._generation.tools and self._generation.choice is Choice.REQUIRED
        if required and not calls:
            raise faults.no_answer(self._host, "words where a call was asked for")
        rest = self._stops.feed(self._echo.end()) + self._stops.end()
        said = len(self._generation.said.tokens)
        ending = Ending(
            self._finish,
            calls[: self._generation.max_calls],
            prompt_tokens=self._usage.prompt,
            cached_tokens=self._usage.cached,
            answer_tokens=said + (self._usage.answer or self._chunks),
        )
        return Piece("" if required else rest, ending=ending)

    def _choice(self, choice: Mapping[str, Json]) -> str:
        finish = choice.get("finish_reason")
        if finish is not None:
            if finish not in _ENDS:
                raise faults.no_answer(self._host, f"an end for the reason {str(finish)[:40]!r}")
            self._finish, self.complete = _ENDS[str(finish)], True
        if "text" in choice:
            text = reading.text(choice["text"])
        else:
            delta = reading.an_object(choice.get("delta"))
            self._calls.feed(delta.get("tool_calls"))
            text = reading.text(delta.get("content"))
        self._chunks += bool(text)
        return text


def _usage(message: Mapping[str, Json], before: Usage) -> Usage:
    """As the API tells it at the end, and llama-server's `timings` with each chunk."""
    timings = reading.an_object(message.get("timings"))
    if timings:
        cached = reading.count(timings.get("cache_n"))
        prompt = cached + reading.count(timings.get("prompt_n"))
        before = Usage(prompt, cached, reading.count(timings.get("predicted_n")))
    usage = reading.an_object(message.get("usage"))
    if not usage:
        return before
    details = reading.an_object(usage.get("prompt_tokens_details"))
    return replace(
        before,
        prompt=reading.count(usage.get("prompt_tokens")) or before.prompt,
        cached=reading.count(details.get("cached_tokens")) or before.cached,
        answer=reading.count(usage.get("completion_tokens")) or before.answer,
    )


class _Echo:
    """Takes a text off the beginning of a stream, where it is there."""

    def __init__(self, expected: str) -> None:
        self._expected = expected
        self._held = ""

    def feed(self, text: str) -> str:
        if not self._expected:
            return text
        self._held += text
        if self._held.startswith(self._expected):
            rest, self._held = self._held[len(self._expected) :], ""
        elif self._expected.startswith(self._held):
            return ""
        else:
            rest, self._held = self._held, ""
        self._expected = ""
        return rest

    def end(self) -> str:
        held, self._held = self._held, ""
        return held


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


class _Calls:
    """Calls of functions, which come in parts."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._calls: dict[int, _Call] = {}

    def feed(self, deltas: Json) -> None:
        for delta in map(reading.an_object, reading.a_list(deltas)):
            index = delta.get("index", len(self._calls))
            if not isinstance(index, int) or not 0 <= index < MOST_CALLS:
                raise faults.no_answer(self._host, f"a call of the number {str(index)[:20]}")
            call = self._calls.setdefault(index, _Call())
            function = reading.an_object(delta.get("function"))
            call.id = call.id or reading.text(delta.get("id"))
            call.name += reading.text(function.get("name"))
            arguments = function.get("arguments")
            whole = isinstance(arguments, dict)  # some servers send the object itself
            call.arguments += json.dumps(arguments) if whole else reading.text(arguments)

    def end(self, generation: Generation) -> tuple[ToolCall, ...]:
        known = {tool.name for tool in generation.tools}
        calls = [call for _, call in sorted(self._calls.items())]
        for call in calls:
            if call.name not in known:
                what = f"a call of {call.name[:64]!r}, which there is not"
                raise faults.no_answer(self._host, what)
        return tuple(ToolCall(call.name, self._arguments(call), call.id) for call in calls)

    def _arguments(self, call: _Call) -> Mapping[str, Json]:
        try:
            arguments: Json = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            raise self._garbage(call)
        return arguments

    def _garbage(self, call: _Call) -> Temporary:
        return faults.no_answer(self._host, f"a call of {call.name} whose arguments are not JSON")
