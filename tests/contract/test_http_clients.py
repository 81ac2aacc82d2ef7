"""Programs that speak OpenAI's API find Lares as they expect it: the real clients, with the fake
language model, and one conversation with a real one.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Literal

import openai
import pytest
import schemathesis
from hypothesis import settings
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from pydantic import BaseModel, SecretStr
from schemathesis.checks import CheckFunction
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.config import Llm
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused, Temporary
from laresd.frontends.http.openapi import document
from laresd.generation import Choice, Generation, GrammarKind, Message, Piece, Role, ToolCall
from laresd.jobs import Policy, Reach
from laresd.ports import LanguageModel
from laresd.sound import wav_bytes
from laresd.types import Priority
from tests.fakes.audio import speech
from tests.fakes.embedder import WIDTH
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.librarian import FakeLibrarian
from tests.fakes.program_audio import FakeAudio, FakeEars
from tests.fakes.workers import running, soon
from tests.unit.frontends.http.served import serving

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How are you today?"}]
LAMP = '{"lamp": "kitchen", "brightness": 40}'
SWITCH: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "switch",
        "description": "Switch a lamp",
        "parameters": {"type": "object", "properties": {"lamp": {"type": "string"}}},
    },
}
CALL = ToolCall("switch", {"lamp": "küche"})


class Lamp(BaseModel):
    """A lamp as it should be."""

    lamp: str
    brightness: int


@asynccontextmanager
async def talking(model: LanguageModel) -> AsyncIterator[AsyncOpenAI]:
    async with serving(model) as address, openai_at(address) as client:
        yield client


def openai_at(address: str) -> AsyncOpenAI:
    return AsyncOpenAI(
        base_url=f"{address}/v1",
        api_key="none",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(trust_env=False, timeout=120.0),
    )


@asynccontextmanager
async def chained(model: LanguageModel) -> AsyncIterator[ChatOpenAI]:
    async with serving(model) as address, DefaultAsyncHttpxClient(trust_env=False) as client:
        yield ChatOpenAI(
            model="lares",
            base_url=f"{address}/v1",
            api_key=SecretStr("none"),
            max_retries=0,
            http_async_client=client,
        )


def function_calls(said: ChatCompletion) -> list[ChatCompletionMessageFunctionToolCall]:
    calls = said.choices[0].message.tool_calls or []
    return [call for call in calls if call.type == "function"]


async def test_openai_gets_an_answer_with_what_it_cost() -> None:
    model = FakeLanguageModel("I am well.")
    async with talking(model) as client:
        said = await client.chat.completions.create(
            model="lares", messages=QUESTION, max_tokens=2, temperature=0.5, seed=7, stop=["\n"]
        )
    assert (said.choices[0].message.content, said.choices[0].finish_reason) == ("I am", "length")
    assert said.usage is not None and said.usage.prompt_tokens_details is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (4, 2)
    asked = model.asked[0]
    assert (asked.max_tokens, asked.temperature, asked.seed, asked.stop) == (2, 0.5, 7, ("\n",))


async def test_openai_gets_a_stream_that_tells_its_usage_and_its_place_at_the_end() -> None:
    async with talking(FakeLanguageModel("I am well.")) as client:
        stream = await client.chat.completions.create(
            model="lares",
            messages=QUESTION,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks[:-1]]
    assert deltas == ["", "I", " am", " well.", ""]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 3
    assert [(c.model_extra or {})["lares"]["where"] for c in chunks[-2:]] == ["this box"] * 2


async def test_openai_gets_calls_of_tools_and_sends_their_results() -> None:
    model = FakeLanguageModel("", calls=(CALL,))
    async with talking(model) as client:
        first = await client.chat.completions.create(
            model="lares", messages=QUESTION, tools=[SWITCH], tool_choice="required"
        )
        (call,) = function_calls(first)
        assert first.choices[0].finish_reason == "tool_calls"
        assert json.loads(call.function.arguments) == CALL.arguments
        told: list[ChatCompletionMessageParam] = [
            *QUESTION,
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": "switch", "arguments": call.function.arguments},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": call.id, "content": "done"},
        ]
        await client.chat.completions.create(model="lares", messages=told)
    assert (model.asked[0].tools[0].name, model.asked[0].choice) == ("switch", Choice.REQUIRED)
    _, called, result = model.asked[1].messages
    assert called.calls == (ToolCall("switch", CALL.arguments, call.id),)
    assert (result.role, result.call, result.content) == (Role.TOOL, call.id, "done")


async def test_openai_gathers_the_calls_of_a_stream() -> None:
    model = FakeLanguageModel("Wait.", calls=(CALL, CALL))
    async with (
        talking(model) as client,
        client.chat.completions.stream(model="lares", messages=QUESTION, tools=[SWITCH]) as stream,
    ):
        said = await stream.get_final_completion()
    calls = said.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls] == [CALL.arguments] * 2
    assert len({call.id for call in calls}) == 2


async def test_openai_parses_an_answer_that_a_schema_binds() -> None:
    model = FakeLanguageModel(LAMP)
    async with talking(model) as client:
        said = await client.chat.completions.parse(
            model="lares", messages=QUESTION, response_format=Lamp
        )
    assert said.choices[0].message.parsed == Lamp(lamp="kitchen", brightness=40)
    grammar = model.asked[0].grammar
    assert grammar is not None and grammar.kind is GrammarKind.JSON_SCHEMA
    assert "brightness" in json.loads(grammar.text)["properties"]


async def test_openai_completes_a_text_whole_and_as_a_stream() -> None:
    model = FakeLanguageModel("upon a time")
    async with talking(model) as client:
        whole = await client.completions.create(model="lares", prompt="Once")
        stream = await client.completions.create(model="lares", prompt=["Once"], stream=True)
        pieces = [chunk.choices[0].text async for chunk in stream]
    assert whole.choices[0].text == "".join(pieces) == "upon a time"
    assert model.asked[0].prompt == "Once" and not model.asked[0].messages


async def test_openai_embeds_texts_in_both_encodings() -> None:
    async with talking(FakeLanguageModel()) as client:
        packed = await client.embeddings.create(model="minilm", input=["a lamp", "a door"])
        plain = await client.embeddings.create(
            model="minilm", input="a door", encoding_format="float"
        )
    assert [len(row.embedding) for row in packed.data] == [WIDTH, WIDTH]
    assert packed.data[1].embedding == plain.data[0].embedding


@asynccontextmanager
async def sounding(audio: FakeAudio) -> AsyncIterator[AsyncOpenAI]:
    served = serving(FakeLanguageModel(), audio=audio)
    async with served as address, openai_at(address) as client:
        yield client


async def test_openai_has_a_recording_written_down_in_every_form() -> None:
    file = ("said.wav", wav_bytes(speech(2000)))
    async with sounding(FakeAudio()) as client:
        create = client.audio.transcriptions.create
        plain = await create(model="lares", file=file, language="en", prompt="kitchen lamp")
        assert plain.text == "Turn on the light. And the fan."
        long = await create(model="lares", file=file, response_format="verbose_json")
        assert long.duration == pytest.approx(2.0, abs=0.1) and long.segments is not None
        assert [segment.id for segment in long.segments] == [0, 1]
        assert (await create(model="lares", file=file, response_format="text")).startswith("Turn")
        assert "-->" in await create(model="lares", file=file, response_format="srt")
        assert (await create(model="lares", file=file, response_format="vtt")).startswith("WEBVTT")


async def test_openai_gets_a_transcript_as_a_stream() -> None:
    file = ("said.wav", wav_bytes(speech(2000)))
    async with sounding(FakeAudio()) as client:
        stream = await client.audio.transcriptions.create(model="lares", file=file, stream=True)
        events = [event async for event in stream]
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    last = events[-1]
    assert last.type == "transcript.text.done" and last.text == "".join(deltas)


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_openai_gets_speech_as_it_is_made(
    form: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"],
) -> None:
    audio = FakeAudio()
    async with (
        sounding(audio) as client,
        client.audio.speech.with_streaming_response.create(
            model="lares", voice="alloy", input="Hello. How are you?", response_format=form
        ) as said,
    ):
        size = len(b"".join([piece async for piece in said.iter_bytes()]))
    assert size > 500 and len(audio.said) == 2


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the client's own
async def test_openai_is_told_what_the_ears_and_the_voice_cannot() -> None:
    async with sounding(FakeAudio()) as client:
        with pytest.raises(openai.BadRequestError, match="not plain wav"):
            await client.audio.transcriptions.create(model="lares", file=("a.ogg", b"OggS" * 9))
        with pytest.raises(openai.BadRequestError, match="not translated"):
            await client.audio.translations.create(model="lares", file=("a.wav", b""))
        with pytest.raises(openai.NotFoundError, match="tts-1"):
            await client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")


async def test_openai_lists_the_models_and_finds_one_with_a_slash_in_its_name() -> None:
    async with talking(FakeLanguageModel()) as client:
        ids = [model.id async for model in client.models.list()]
        assert ids == ["lares", "smollm2", "house-style", "tower/big", "minilm"]
        assert (await client.models.retrieve("tower/big")).owned_by == "tower"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-4o")
        with pytest.raises(openai.NotFoundError, match="gpt-4o"):
            await client.chat.completions.create(model="gpt-4o", messages=QUESTION)


async def test_the_headers_say_on_what_terms_a_request_is_computed() -> None:
    model = FakeLanguageModel()
    async with talking(model) as client:
        await client.chat.completions.create(
            model="lares",
            messages=QUESTION,
            extra_headers={
                "X-Lares-Priority": "background",
                "X-Lares-Reach": "device",
                "X-Lares-Policy": "greenest",
            },
        )
    asked = model.asked[0]
    assert asked.priority is Priority.BACKGROUND
    assert (asked.routing.reach, asked.routing.policy) == (Reach.DEVICE, Policy.GREENEST)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Refused("too long for the model"), 400, "refused"),
        (Permanent("the JSON Schema is faulty"), 400, "cannot_be_done"),
        (Temporary("the worker died"), 503, "temporarily_unavailable"),
        (DeadlineExceeded("not in time"), 504, "deadline_exceeded"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_openai_gets_a_failure_as_its_own_errors(
    failure: LaresError, status: int, code: str, stream: bool
) -> None:
    async with talking(FakeLanguageModel(error=failure)) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="", messages=QUESTION, stream=stream)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert failure.message in str(caught.value)


async def test_langchain_invokes_and_streams() -> None:
    model = FakeLanguageModel("I am well.")
    async with chained(model) as chain:
        said = await chain.ainvoke([SystemMessage("Be brief."), HumanMessage("How are you?")])
        pieces = [piece async for piece in chain.astream("How are you?")]
    assert said.content == "I am well." == "".join(str(piece.content) for piece in pieces)
    assert isinstance(said, AIMessage) and said.usage_metadata is not None
    assert said.usage_metadata["output_tokens"] == 3
    assert [message.role for message in model.asked[0].messages] == [Role.SYSTEM, Role.USER]


async def test_langchain_binds_tools_and_gives_back_their_results() -> None:
    model = FakeLanguageModel("", calls=(CALL,))
    async with chained(model) as chain:
        bound = chain.bind_tools([{**SWITCH}], tool_choice="switch")
        asked = HumanMessage("Switch on the kitchen lamp")
        said = await bound.ainvoke([asked])
        assert isinstance(said, AIMessage)
        (call,) = said.tool_calls
        assert (call["name"], call["args"]) == ("switch", CALL.arguments)
        await chain.ainvoke([asked, said, ToolMessage("done", tool_call_id=call["id"])])
    assert (model.asked[0].choice, model.asked[0].max_calls) == (Choice.REQUIRED, 1)
    assert model.asked[1].messages[-1].call == call["id"]


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
async def test_langchain_gets_structured_output(method: str) -> None:
    calls = (ToolCall("Lamp", json.loads(LAMP)),)
    async with chained(FakeLanguageModel(LAMP, calls=calls)) as chain:
        structured = chain.with_structured_output(Lamp, method=method)  # type: ignore[arg-type]
        assert await structured.ainvoke("The kitchen lamp, dim") == Lamp(
            lamp="kitchen", brightness=40
        )


@pytest.mark.slow
async def test_a_real_model_says_over_http_what_it_says_without_and_keeps_to_a_schema() -> None:
    async with running(specs.language_model(Llm(context=1024))) as worker:
        model = WorkerLanguageModel(worker)
        asked = Generation((Message(Role.USER, "Tell me of a lighthouse."),), max_tokens=20)
        direct = [piece.text async for piece in model.generate(asked, deadline=soon())]
        async with talking(model) as client:
            stream = await client.chat.completions.create(
                model="lares",
                messages=[{"role": "user", "content": "Tell me of a lighthouse."}],
                max_tokens=20,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
            lamp = await client.chat.completions.parse(
                model="lares",
                messages=[{"role": "user", "content": "The kitchen lamp at 40 percent, as JSON."}],
                response_format=Lamp,
                max_tokens=100,
            )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "".join(direct) != "" and len(texts) > 5
    usage = chunks[-1].usage
    assert usage is not None and usage.completion_tokens == 20 and usage.prompt_tokens > 5
    assert isinstance(lamp.choices[0].message.parsed, Lamp)


class Patient(FakeLanguageModel):
    """Says nothing of short deadlines, which a slow machine misses."""

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        return super().generate(generation, deadline=deadline + 3600.0)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a server in a thread of its own, for a client that is not asynchronous."""
    started: queue.Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def serve() -> None:
        stop = asyncio.Event()
        model, audio = Patient("a b", calls=(CALL,)), FakeAudio()
        served = serving(model, audio=audio, listening=FakeEars(), librarian=FakeLibrarian())
        async with served as address:
            started.put((address, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    where, loop, stop = started.get(timeout=60)
    yield where
    loop.call_soon_threadsafe(stop.set)
    thread.join()


API = schemathesis.openapi.from_dict(document())


@API.parametrize()
@settings(max_examples=60, derandomize=True, database=None)
def test_no_request_that_the_description_allows_or_forbids_is_a_fault_of_the_server(
    case: schemathesis.Case,  # type: ignore[type-arg]  # of what it is generic is its own
    address: str,
) -> None:
    """Nor is an answer other than described, or a body accepted that the description forbids.

    Left out: that all that the description allows is accepted (it cannot say that a chosen tool
    must be among the tools), and that a request with unknown headers is refused.
    """
    excluded: list[CheckFunction] = [positive_data_acceptance]
    if case.meta is None or not case.meta.is_negative_at(ParameterLocation.BODY):
        excluded.append(negative_data_rejection)
    case.validate_response(case.call(base_url=address), excluded_checks=excluded)
