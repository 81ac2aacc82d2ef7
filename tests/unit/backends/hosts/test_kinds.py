"""Which engine a host runs, and what a probe finds out of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from laresd.backends.hosts.audio import OpenAiSynthesizer, OpenAiTranscriber
from laresd.backends.hosts.host import Beside, HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.images import OpenAiPainter
from laresd.backends.hosts.kinds import engine_of, kind_of
from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.backends.hosts.vllm import SIDE_BY_SIDE
from laresd.errors import Permanent, Temporary
from laresd.generation import (
    AnswerGrammar,
    Choice,
    Finish,
    Generation,
    GrammarKind,
    Message,
    Role,
    Said,
    Tool,
    ToolCall,
)
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.types import Vectors
from tests.fakes.openai_formats import Body, Fault, ids
from tests.fakes.openai_host import ANSWER, CALL, FACTS, OpenAiHost, Traits
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.workers import soon

SPEAKING = [kind for kind in HostKind if kind is not HostKind.WYOMING]
CHAT = "/v1/chat/completions"
ASKED = Generation((Message(Role.USER, "Is it warm?"),), max_tokens=200)
OTHER = LocalModelFacts(tensor_bytes=1001, parameters=500, vocabulary=257)


class Started:
    """Fake servers, each with a host for it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(
        self,
        kind: HostKind,
        traits: Traits | None = None,
        *,
        local: LocalModelFacts | None = FACTS,
        beside: Beside | None = None,
    ) -> tuple[OpenAiHost, HttpHost]:
        server = await self._stack.enter_async_context(OpenAiHost(kind, traits or Traits()))
        http = HttpClient(Address("gpu", server.url))
        host = HttpHost(http, local=lambda: local, beside=beside)
        return server, await self._stack.enter_async_context(host)


@pytest.fixture
async def start() -> AsyncIterator[Started]:
    async with AsyncExitStack() as stack:
        yield Started(stack)


async def said_by(host: HttpHost, asked: Generation) -> str:
    return "".join([piece.text async for piece in host.generate(asked, deadline=soon())])


async def probe(host: HttpHost) -> HostFacts:
    return await host.probe(deadline=soon())


@pytest.mark.parametrize("kind", SPEAKING)
async def test_each_engine_tells_itself_apart(start: Started, kind: HostKind) -> None:
    server, _ = await start(kind)
    async with HttpClient(Address("gpu", server.url)) as http:
        assert await kind_of(http, deadline=soon()) is kind


async def test_speech_servers_do_not_speak_http() -> None:
    with pytest.raises(Permanent, match="does not speak HTTP"):
        engine_of(HostKind.WYOMING, HttpClient(Address("gpu", "http://gpu:1")), None)


async def test_a_kind_that_was_configured_is_not_asked_for(start: Started) -> None:
    server, _ = await start(HostKind.OPENAI)
    async with HttpHost(HttpClient(Address("gpu", server.url)), kind=HostKind.VLLM) as host:
        with pytest.raises(Permanent, match="does not have what was asked for"):
            await probe(host)  # its /health is not there


async def test_llama_server_tells_its_slots_speeds_and_model(start: Started) -> None:
    server, host = await start(HostKind.LLAMA_SERVER)
    server.running, server.waiting = 1, 3
    facts = await probe(host)
    assert (facts.slots, facts.running, facts.waiting, facts.context) == (2, 1, 3, 512)
    assert (facts.decode_speed, facts.prefill_speed) == (12.5, 100.0)
    assert facts.grammars == {"gbnf", "json_schema"}
    assert facts.same_model and facts.tools and facts.resumes


async def test_llama_server_without_figures_is_known_by_its_model(start: Started) -> None:
    _, host = await start(HostKind.LLAMA_SERVER, Traits(metrics=False))
    facts = await probe(host)
    assert (facts.slots, facts.decode_speed) == (2, 0.0)


@pytest.mark.parametrize("local", [None, OTHER])
async def test_another_model_is_never_taken_for_the_boxs_own(
    start: Started, local: LocalModelFacts | None
) -> None:
    server, host = await start(HostKind.LLAMA_SERVER, local=local)
    assert not (await probe(host)).same_model
    assert await said_by(host, replace(ASKED, ids=ids("Is it warm?"))) == ANSWER
    assert server.bodies("/completion") == []  # where the tokens would have gone


@pytest.mark.parametrize("kind", [HostKind.LLAMA_SERVER, HostKind.OLLAMA, HostKind.VLLM])
async def test_a_model_that_is_swapped_under_its_name_shows(start: Started, kind: HostKind) -> None:
    server, host = await start(kind)
    before = await probe(host)
    server.swap(FACTS, "sha256:2")
    after = await probe(host)
    assert before.model == after.model
    assert before.identity != after.identity


async def test_tokens_never_go_to_a_model_that_was_swapped_since_the_probe(start: Started) -> None:
    server, host = await start(HostKind.LLAMA_SERVER)
    await probe(host)
    server.swap(OTHER, "sha256:2")
    with pytest.raises(Temporary, match="another model than before"):
        await said_by(host, replace(ASKED, ids=ids("Is it warm?")))
    assert server.bodies("/completion") == []


async def test_llama_server_is_asked_for_the_likeliest_tokens_only(start: Started) -> None:
    server, host = await start(HostKind.LLAMA_SERVER)
    await said_by(host, replace(ASKED, ids=(*ids("Is it warm?"),), stop=("never",)))
    (body,) = server.bodies("/completion")
    assert (body["samplers"], body["top_k"], body["temperature"]) == (["top_k"], 1, 0.0)
    assert (body["n_predict"], body["cache_prompt"], body["return_tokens"]) == (200, True, True)
    assert "stop" not in body
    await said_by(host, replace(ASKED, temperature=0.7, seed=5))
    (body,) = server.bodies(CHAT)
    assert (body["samplers"], body["seed"]) == (["min_p", "temperature"], 5)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("echoes", [True, False])
async def test_llama_server_goes_on_with_tools_whether_or_not_it_repeats(
    start: Started, echoes: bool
) -> None:
    _, host = await start(HostKind.LLAMA_SERVER, Traits(echoes=echoes, calls=False))
    asked = replace(ASKED, tools=(Tool("read", "", {}),), said=Said(ANSWER[:10]))
    assert await said_by(host, asked) == ANSWER[10:]


async def test_vllm_tells_its_queue(start: Started) -> None:
    server, host = await start(HostKind.VLLM)
    facts = await probe(host)
    assert (facts.slots, facts.context) == (SIDE_BY_SIDE, 2048)
    assert facts.grammars == {"json_schema", "regex", "gbnf"}
    server.running, server.waiting = 7, 2
    facts = await probe(host)
    assert (facts.slots, facts.running, facts.waiting) == (7, 7, 2)


@pytest.mark.parametrize(
    ("version", "field", "value"),
    [
        ("0.12.1", "structured_outputs", {"regex": "a+"}),
        ("0.11.0", "structured_outputs", {"regex": "a+"}),
        ("0.1.dev1+g123", "structured_outputs", {"regex": "a+"}),
        ("0.10.2", "guided_regex", "a+"),
    ],
)
async def test_vllm_is_told_of_a_grammar_as_its_version_reads_it(
    start: Started, version: str, field: str, value: object
) -> None:
    server, host = await start(HostKind.VLLM, Traits(version=version))
    await said_by(host, replace(ASKED, grammar=AnswerGrammar(GrammarKind.REGEX, "a+")))
    (body,) = server.bodies(CHAT)
    assert body[field] == value


async def test_vllm_goes_on_with_the_last_message(start: Started) -> None:
    server, host = await start(HostKind.VLLM)
    assert await said_by(host, replace(ASKED, said=Said(ANSWER[:10]))) == ANSWER[10:]
    (body,) = server.bodies(CHAT)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


async def test_ollama_tells_what_its_model_can(start: Started) -> None:
    _, host = await start(HostKind.OLLAMA, Traits(calls=False, vectors=True))
    facts = await probe(host)
    assert facts.jobs == {JobKind.TEXT, JobKind.EMBED}
    assert (facts.identity, facts.context) == ("sha256:1", 8192)
    assert not facts.tools and not facts.resumes


async def test_models_of_ollama_that_run_in_a_cloud_are_not_there(start: Started) -> None:
    """What goes to a host of the LAN must not leave the LAN behind its back."""
    server, host = await start(HostKind.OLLAMA)
    assert (await probe(host)).models == ("tiny",)
    async with HttpHost(HttpClient(Address("gpu", server.url)), model="big:cloud") as cloud:
        with pytest.raises(Permanent, match="does not have the model"):
            await said_by(cloud, ASKED)
    assert server.bodies(CHAT) == []


@pytest.mark.parametrize("kind", SPEAKING)
async def test_calls_of_functions_come_with_the_ending(start: Started, kind: HostKind) -> None:
    _, host = await start(kind)
    tools = (Tool("read", "Reads a room.", {"type": "object"}),)
    for choice in Choice:
        asked = replace(ASKED, tools=tools, choice=choice)
        pieces = [piece async for piece in host.generate(asked, deadline=soon())]
        assert "".join(piece.text for piece in pieces) == ("Well. " if choice == "auto" else "")
        assert pieces[-1].ending is not None
        assert pieces[-1].ending.calls == (ToolCall("read", CALL, "call_7"),)


LATE = [Fault.RESET, Fault.CLOSED, Fault.GARBAGE, Fault.NOT_JSON, Fault.ERROR]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", SPEAKING)
@pytest.mark.parametrize("fault", LATE)
async def test_an_answer_that_goes_wrong_keeps_what_came_before(
    start: Started, kind: HostKind, fault: Fault, exact: bool
) -> None:
    server, host = await start(kind)
    server.fault, server.after = fault, 4
    asked = replace(ASKED, ids=ids("Is it warm?") if exact else ())
    text = ""
    with pytest.raises(Temporary, match="the host gpu"):
        async for piece in host.generate(asked, deadline=soon()):
            assert piece.ending is None
            text += piece.text
    assert text and ANSWER.startswith(text)


@pytest.mark.parametrize("kind", SPEAKING)
async def test_a_connection_that_is_lost_behind_the_end_loses_nothing(
    start: Started, kind: HostKind
) -> None:
    server, host = await start(kind, Traits(answer="Yes."))
    server.fault, server.after = Fault.RESET, 3  # its role, its text, and the end of it
    pieces = [piece async for piece in host.generate(ASKED, deadline=soon())]
    assert "".join(piece.text for piece in pieces) == "Yes."
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.finish is Finish.STOP


async def test_usage_is_told_where_the_server_tells_it(start: Started) -> None:
    for usage, prompt, cached in ((True, 9, 4), (False, 0, 0)):
        _, host = await start(HostKind.OPENAI, Traits(usage=usage))
        *_, last = [piece async for piece in host.generate(ASKED, deadline=soon())]
        assert last.ending is not None
        assert (last.ending.prompt_tokens, last.ending.cached_tokens) == (prompt, cached)
        assert last.ending.answer_tokens == -(-len(ANSWER) // 4)


@pytest.mark.parametrize("kind", SPEAKING)
async def test_vectors_come_in_order_and_with_length_1(start: Started, kind: HostKind) -> None:
    server, host = await start(kind, Traits(vectors=True))
    assert JobKind.EMBED in (await probe(host)).jobs
    vectors = await host.embed(["a", "b"], deadline=soon())
    row = b"\x9a\x99\x19?\x00\x00\x00\x00\xcd\xccL?"  # 0.6, 0.0, 0.8
    assert vectors == Vectors(3, row + row)
    assert server.bodies("/v1/embeddings")[-1]["input"] == ["a", "b"]


@pytest.mark.parametrize("kind", SPEAKING)
async def test_a_server_without_vectors_is_not_asked_for_any(
    start: Started, kind: HostKind
) -> None:
    _, host = await start(kind)
    assert (await probe(host)).jobs == {JobKind.TEXT}
    with pytest.raises(Permanent, match="no work of the kind embed"):
        await host.embed(["a"], deadline=soon())


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"embedding": []}, {"embedding": []}],
        [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}],
        [{"embedding": [1.0]}, {"embedding": ["x"]}],
        [{"embedding": [1.0]}, {"embedding": [0.0]}],
        [{"embedding": [1.0], "index": 1}, {"embedding": [1.0], "index": 1}],
    ],
)
async def test_vectors_that_are_none_are_told(
    start: Started, monkeypatch: pytest.MonkeyPatch, data: list[Body]
) -> None:
    server, host = await start(HostKind.OPENAI, Traits(vectors=True))
    await probe(host)
    monkeypatch.setattr(type(server), "vectors", lambda self, texts: data)
    with pytest.raises(Temporary, match="no answer"):
        await host.embed(["a", "b"], deadline=soon())


async def test_what_stands_beside_the_model_is_done_by_it(start: Started) -> None:
    ears = FakeTranscriber({})
    _, host = await start(HostKind.OPENAI, beside=Beside(transcriber=ears))
    assert (await probe(host)).jobs == {JobKind.TEXT, JobKind.TRANSCRIBE}
    await host.transcribe(b"", language="en", deadline=soon())
    assert ears.started == 1


@pytest.mark.parametrize(
    ("models", "jobs"),
    [
        (("llama-3.2-3b",), {JobKind.TEXT}),
        (("llama-3.2-3b", "whisper-1"), {JobKind.TEXT, JobKind.TRANSCRIBE}),
        (("whisper-1", "kokoro"), {JobKind.TRANSCRIBE, JobKind.SPEAK}),
        (("sdxl-turbo",), {JobKind.IMAGE}),
        ((), {JobKind.TEXT}),
    ],
)
def test_what_a_host_does_beside_text_is_known_by_its_models(
    models: tuple[str, ...], jobs: set[JobKind]
) -> None:
    http = HttpClient(Address("gpu", "http://127.0.0.1:9"))
    beside = Beside(
        OpenAiTranscriber(http), OpenAiSynthesizer(http), OpenAiPainter(http), by_models=True
    )
    facts = HostFacts(HostKind.OPENAI, frozenset({JobKind.TEXT}), models)
    assert beside.jobs(facts) == jobs


async def test_what_a_host_does_not_do_is_told(start: Started) -> None:
    _, host = await start(HostKind.OPENAI)
    with pytest.raises(Permanent, match="transcribe"):
        await host.transcribe(b"", language="en", deadline=soon())
    with pytest.raises(Permanent, match="speak"):
        await host.synthesize("a", language="en", deadline=soon())
    with pytest.raises(Permanent, match="image"):
        await host.draw("a", width=8, height=8, deadline=soon())
    with pytest.raises(Permanent, match=r"cannot be woken.*hosts\.gpu\.mac"):
        await host.wake()
    await host.rest()


async def test_a_host_that_has_gone_is_looked_at_again(start: Started) -> None:
    server, host = await start(HostKind.VLLM)
    await probe(host)
    server.fault = Fault.LOADING
    with pytest.raises(Temporary, match="loading"):
        await probe(host)
    server.fault = None
    assert await said_by(host, ASKED) == ANSWER
