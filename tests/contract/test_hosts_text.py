"""Port Host, for text over HTTP: what every engine does, fake or real."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from math import prod

import pytest

from laresd.backends.hosts.host import HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.config import Llm
from laresd.engines.llm.gguf_facts import read_facts
from laresd.engines.llm.loading import embedded_model
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.generation import (
    AnswerGrammar,
    Finish,
    Generation,
    GrammarKind,
    Message,
    Piece,
    Role,
    Said,
)
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.ports import Host
from tests.fakes.llama_hosts import RealServer, llama_cpp_server, llama_server
from tests.fakes.openai_formats import Fault, ids
from tests.fakes.openai_host import FACTS, OpenAiHost
from tests.fakes.workers import running, soon

FAKES = {str(kind): kind for kind in HostKind if kind is not HostKind.WYOMING}
REAL = {"real llama-server": HostKind.LLAMA_SERVER, "real llama_cpp.server": HostKind.OPENAI}
SYSTEM = Message(Role.SYSTEM, "You are brief.")
# What follows these is never nearly as likely as something else (the model's logits are at least
# 0.9 apart), so that the same tokens come whatever the sizes of batches.
COUNTING = "Repeat after me: one two three four five six seven eight nine ten."
NUMBERS = "1 2 3 4 5 6 7 8 9 10 11 12"
FOXES = "Repeat exactly: 🦊🦊🦊 曦曦 🦊🦊🦊 曦曦 🦊🦊🦊 曦曦 🦊🦊"
SCHEMA = AnswerGrammar(GrammarKind.JSON_SCHEMA, '{"enum": ["yes", "no"]}')
NOBODY = "http://127.0.0.1:9"  # the port of `discard`, where nothing listens


@dataclass(frozen=True, slots=True)
class Served:
    """A host, and the fake server behind it, where it is one."""

    host: Host
    kind: HostKind
    url: str
    local: LocalModelFacts
    fake: OpenAiHost | None = None

    async def facts(self) -> HostFacts:
        return await self.host.probe(deadline=soon())


@pytest.fixture(scope="module")
def real_llama_server() -> Iterator[RealServer]:
    with llama_server() as server:
        yield server


@pytest.fixture(scope="module")
def real_llama_cpp() -> Iterator[RealServer]:
    with llama_cpp_server() as server:
        yield server


@pytest.fixture(params=[*FAKES, *(pytest.param(name, marks=pytest.mark.slow) for name in REAL)])
def server(request: pytest.FixtureRequest) -> tuple[HostKind, RealServer | None]:
    name = str(request.param)
    if name in FAKES:
        return FAKES[name], None
    fixture = "real_llama_server" if "llama-server" in name else "real_llama_cpp"
    return REAL[name], request.getfixturevalue(fixture)


@pytest.fixture
def local() -> LocalModelFacts:
    """As app.py counts them in the box's own GGUF."""
    facts = read_facts(embedded_model())
    return LocalModelFacts(
        tensor_bytes=sum(tensor.size for tensor in facts.tensors),
        parameters=sum(prod(tensor.shape) for tensor in facts.tensors),
        vocabulary=facts.tokens,
    )


@pytest.fixture
async def served(
    server: tuple[HostKind, RealServer | None], local: LocalModelFacts
) -> AsyncIterator[Served]:
    kind, real = server
    async with AsyncExitStack() as stack:
        fake = None if real else await stack.enter_async_context(OpenAiHost(kind))
        url = fake.url if fake else real.url if real else ""
        local = FACTS if fake else local
        host = HttpHost(HttpClient(Address("gpu", url)), local=lambda: local)
        yield Served(await stack.enter_async_context(host), kind, url, local, fake)


def ask(text: str, **more: object) -> Generation:
    asked = Generation((SYSTEM, Message(Role.USER, text)), max_tokens=24)
    return replace(asked, **more)  # type: ignore[arg-type]  # fields by their names


CERTAIN = (
    ask(COUNTING),
    Generation(prompt=NUMBERS, max_tokens=20),
    Generation(prompt=FOXES, max_tokens=24),
)


async def whole(host: Host, generation: Generation) -> list[Piece]:
    return [piece async for piece in host.generate(generation, deadline=soon())]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def tokens_of(pieces: list[Piece]) -> tuple[int, ...]:
    return tuple(token for piece in pieces for token in piece.tokens)


async def test_a_probe_tells_what_it_is_and_does(served: Served) -> None:
    facts = await served.facts()
    assert facts.kind is served.kind
    assert JobKind.TEXT in facts.jobs
    assert facts.model in facts.models
    assert facts.identity
    assert facts.running == facts.waiting == 0 < facts.slots
    assert 0.0 < facts.round_trip_s < 60.0
    assert facts.same_model == (served.kind is HostKind.LLAMA_SERVER)


async def test_it_streams_its_answer_in_pieces_and_ends_once(served: Served) -> None:
    pieces = await whole(served.host, ask("Tell a long story about a lighthouse."))
    assert len(pieces) > 2
    assert text_of(pieces).strip()
    assert [piece for piece in pieces if piece.ending] == pieces[-1:]
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.where == "gpu"


async def test_it_stops_at_the_limit_of_tokens(served: Served) -> None:
    ending = (await whole(served.host, ask("Tell a long story.", max_tokens=3)))[-1].ending
    assert ending is not None
    assert (ending.finish, ending.answer_tokens) == (Finish.LENGTH, 3)


async def test_it_stops_at_a_stop_string_and_shows_nothing_of_it(served: Served) -> None:
    text = text_of(await whole(served.host, ask(COUNTING)))
    stop = text[len(text) // 2 :][:4]
    pieces = await whole(served.host, ask(COUNTING, stop=(stop, "never said")))
    assert text_of(pieces) == text[: text.index(stop)]
    assert pieces[-1].ending is not None
    assert pieces[-1].ending.finish is Finish.STOP


async def test_the_beginning_of_a_stop_string_at_the_limit_is_not_lost(served: Served) -> None:
    text = text_of(await whole(served.host, ask(COUNTING, max_tokens=3)))
    pieces = await whole(served.host, ask(COUNTING, max_tokens=3, stop=(text[-2:] + "\x00",)))
    assert text_of(pieces) == text


async def test_plain_text_is_gone_on_from(served: Served) -> None:
    asked = Generation(prompt="One, two, three, four,", max_tokens=4)
    if served.kind is HostKind.OLLAMA:
        with pytest.raises(Permanent, match="not plain text"):
            await whole(served.host, asked)
        return
    assert text_of(await whole(served.host, asked)).strip()


async def test_a_deadline_that_has_passed_is_an_error(served: Served) -> None:
    await served.facts()
    late = asyncio.get_running_loop().time() - 1.0
    with pytest.raises(DeadlineExceeded):
        async for _ in served.host.generate(ask(COUNTING), deadline=late):
            pass


async def test_an_answer_that_is_left_early_is_not_computed_on(served: Served) -> None:
    asked = ask("Tell a long story about a lighthouse.", max_tokens=900)
    if served.fake:
        served.fake.fault = Fault.HANG
    answer = served.host.generate(asked, deadline=soon())
    async with aclosing(answer) as pieces:
        await anext(pieces)
    async with asyncio.timeout(60):
        while (await served.facts()).running:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.05)
    if served.fake:
        await served.fake.idle()
        assert served.fake.finished == 0
        served.fake.fault = None
    assert text_of(await whole(served.host, ask(COUNTING)))


async def test_an_answer_is_held_to_a_json_schema_where_the_engine_can(served: Served) -> None:
    facts = await served.facts()
    if str(GrammarKind.JSON_SCHEMA) not in facts.grammars:
        with pytest.raises(Permanent, match="cannot hold"):
            await whole(served.host, ask("Is the sky blue?", grammar=SCHEMA))
        return
    pieces = await whole(served.host, ask("Is the sky blue?", grammar=SCHEMA))
    assert text_of(pieces) in ('"yes"', '"no"')


@pytest.mark.parametrize("kind", [GrammarKind.LARK, GrammarKind.REGEX])
async def test_a_grammar_that_the_engine_does_not_know_is_refused(
    served: Served, kind: GrammarKind
) -> None:
    if str(kind) in (await served.facts()).grammars:
        return
    with pytest.raises(Permanent, match="cannot hold"):
        await whole(served.host, ask(COUNTING, grammar=AnswerGrammar(kind, "x")))


@pytest.mark.parametrize("share", [0.3, 0.7])
async def test_it_goes_on_from_what_was_said_without_loss(served: Served, share: float) -> None:
    facts = await served.facts()
    asked = ask(COUNTING, max_tokens=100)
    pieces = await whole(served.host, asked)
    asked = replace(asked, said=Said(text_of(pieces[: int(len(pieces) * share)])))
    if not facts.resumes:
        with pytest.raises(Permanent, match="cannot go on"):
            await whole(served.host, asked)
        return
    rest = await whole(served.host, asked)
    assert asked.said.text + text_of(rest) == text_of(pieces)


async def test_an_answer_without_room_ends_at_once(served: Served) -> None:
    if not (await served.facts()).resumes:
        return
    (only,) = await whole(served.host, ask(COUNTING, max_tokens=2, said=Said("ab", (1, 2))))
    assert only.text == ""
    assert only.ending is not None
    assert only.ending.finish is Finish.LENGTH


async def test_a_model_that_is_not_there_is_told(served: Served) -> None:
    async with HttpHost(HttpClient(Address("gpu", served.url)), model="nix") as other:
        with pytest.raises(Permanent, match="nix"):
            await other.probe(deadline=soon())
        with pytest.raises(Permanent, match="nix"):
            await whole(other, ask(COUNTING))


async def test_an_adapter_of_the_box_is_not_there(served: Served) -> None:
    with pytest.raises(Permanent, match="adapter"):
        await whole(served.host, ask(COUNTING, adapter="home"))


async def test_nobody_at_the_address_is_told() -> None:
    async with HttpHost(HttpClient(Address("gpu", NOBODY))) as host:
        with pytest.raises(Temporary, match="no server listens at the host gpu"):
            await whole(host, ask(COUNTING))


@pytest.fixture
async def same(served: Served) -> Served:
    """A host that takes the local model's tokens."""
    if served.kind is not HostKind.LLAMA_SERVER:
        pytest.skip("only llama-server takes tokens")
    return served


async def with_ids(served: Served, generation: Generation) -> Generation:
    """With its prompt as the local engine has it."""
    if served.fake:
        return replace(generation, ids=ids(generation.prompt or COUNTING))
    async with running(specs.language_model(Llm(context=1024))) as worker:
        model = WorkerLanguageModel(worker)
        return replace(generation, ids=await model.ids(generation, deadline=soon()))


async def test_tokens_come_with_the_text_and_are_as_many_as_are_told(same: Served) -> None:
    asked = await with_ids(same, ask(COUNTING, max_tokens=16))
    pieces = await whole(same.host, asked)
    ending = pieces[-1].ending
    assert ending is not None
    assert ending.prompt_tokens == len(asked.ids)
    assert len(tokens_of(pieces)) in (ending.answer_tokens, ending.answer_tokens - 1)  # the end's


@pytest.mark.parametrize("asked", CERTAIN)
async def test_an_answer_goes_on_from_any_of_its_tokens(same: Served, asked: Generation) -> None:
    """Also from within a character that several tokens make, of which nothing was shown."""
    asked = await with_ids(same, asked)
    pieces = await whole(same.host, asked)
    tokens, text = tokens_of(pieces), text_of(pieces)
    assert len(tokens) > 8
    for count in range(1, len(tokens)):
        shown = await _shown(same, tokens[:count])
        rest = await whole(same.host, replace(asked, said=Said(shown, tokens[:count])))
        assert shown + text_of(rest) == text
        assert tokens[:count] + tokens_of(rest) == tokens
        ahead = await whole(same.host, replace(asked, said=Said("", tokens[:count])))
        assert text_of(ahead) == text, "of text that was held back nothing is lost"


async def test_text_that_is_held_back_at_the_limit_is_not_lost(same: Served) -> None:
    asked = await with_ids(same, ask(COUNTING, max_tokens=6))
    pieces = await whole(same.host, asked)
    said = Said(text_of(pieces)[:-3], tokens_of(pieces))
    (only,) = await whole(same.host, replace(asked, said=said))
    assert said.text + only.text == text_of(pieces)
    assert only.ending is not None
    assert only.ending.finish is Finish.LENGTH


async def _shown(served: Served, tokens: tuple[int, ...]) -> str:
    """Their text, but for a character that is not whole."""
    async with HttpClient(Address("gpu", served.url)) as http:
        answer = await http.post("/detokenize", {"tokens": [*tokens]}, deadline=soon())
    told = http.json(answer)
    assert isinstance(told, dict)
    return str(told["content"]).rstrip("\ufffd")


async def test_a_stop_string_is_found_that_begins_in_what_was_said(same: Served) -> None:
    asked = await with_ids(same, ask(COUNTING))
    pieces = await whole(same.host, asked)
    text, tokens = text_of(pieces), tokens_of(pieces)
    stop = text[3:9]
    known = 1
    while len(await _shown(same, tokens[:known])) < 5:
        known += 1
    said = Said(text[:3], tokens[:known])
    rest = await whole(same.host, replace(asked, said=said, stop=(stop,)))
    assert text_of(rest) == ""
    assert rest[-1].ending is not None
    assert rest[-1].ending.finish is Finish.STOP


@pytest.mark.slow
@pytest.mark.parametrize("asked", CERTAIN)
async def test_the_same_gguf_says_the_same_on_both_sides(
    real_llama_server: RealServer, local: LocalModelFacts, asked: Generation
) -> None:
    async with running(specs.language_model(Llm(context=1024))) as worker:
        model = WorkerLanguageModel(worker)
        asked = replace(asked, ids=await model.ids(asked, deadline=soon()))
        here = [piece async for piece in model.generate(asked, deadline=soon())]
    client = HttpClient(Address("gpu", real_llama_server.url))
    async with HttpHost(client, local=lambda: local) as host:
        there = await whole(host, asked)
    assert text_of(there) == text_of(here)
    assert tokens_of(there) == tokens_of(here)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (signal.SIGKILL, Temporary, r"broke off|was lost"),
        (signal.SIGSTOP, DeadlineExceeded, "did not answer in time"),
    ],
)
async def test_a_server_that_dies_or_hangs_in_mid_answer_is_told(
    local: LocalModelFacts, sent: signal.Signals, error: type[LaresError], words: str
) -> None:
    start = contextlib.ExitStack()
    server = await asyncio.to_thread(start.enter_context, llama_server())
    try:
        async with HttpHost(HttpClient(Address("gpu", server.url)), local=lambda: local) as host:
            text = ""
            with pytest.raises(error, match=words):
                asked = ask("Tell a story.", max_tokens=900)
                async for piece in host.generate(asked, deadline=soon(10)):
                    server.process.send_signal(sent)
                    text += piece.text
            assert text
    finally:
        await asyncio.to_thread(start.close)
