"""The real engines in their workers: killed in the middle of a request, and what only they do."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import (
    WorkerGrammar,
    WorkerLanguageModel,
    WorkerListener,
    WorkerSynthesizer,
    WorkerTranscriber,
)
from laresd.backends.workers.supervisor import Worker
from laresd.config import Llm, Speech, SpeechToText, Wake
from laresd.engines.listen.verifier import SIZE, Verifier
from laresd.engines.listen.words import word
from laresd.errors import DeadlineExceeded, Permanent, Refused, Temporary
from laresd.generation import AnswerGrammar, Generation, GrammarKind, Message, Role
from laresd.types import Entity, Heard, HeardKind, Home
from tests.fakes.whisper_model import write_whisper
from tests.fakes.workers import pid_of, running, soon, status_when

pytestmark = pytest.mark.slow

Answer = TypeVar("Answer")
SECOND = bytes(32_000)
FAULTY = {
    GrammarKind.GBNF: "root ::= (",
    GrammarKind.LARK: "start: (",
    GrammarKind.REGEX: "(",
    GrammarKind.JSON_SCHEMA: '{"type": ',
}
needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


async def killed_meanwhile(worker: Worker, request: Awaitable[Answer]) -> Answer:
    """The answer to a request whose worker was killed while it worked on it."""
    await status_when(worker, lambda status: status.phase == "ready")
    asked = asyncio.ensure_future(request)
    status = await status_when(worker, lambda status: status.phase == "busy")
    assert status.pid is not None
    os.kill(status.pid, signal.SIGKILL)
    answer = await asked
    assert (await worker.status()).restarts == 1
    return answer


def generation(text: str, max_tokens: int = 8) -> Generation:
    return Generation((Message(Role.USER, text),), max_tokens=max_tokens)


async def text_of(model: WorkerLanguageModel, asked: Generation) -> str:
    return "".join([p.text async for p in model.generate(asked, deadline=soon(120.0))])


class TestKilled:
    async def test_the_ear_hears_it_again(self, tmp_path: Path) -> None:
        spec = specs.speech_to_text(SpeechToText(), write_whisper(tmp_path / "tiny"))
        async with running(spec) as worker:
            ear = WorkerTranscriber(worker)
            request = ear.transcribe(SECOND * 600, language="en", deadline=soon())
            heard = await killed_meanwhile(worker, request)
        assert heard.audio_seconds == 600.0

    async def test_the_listener_hears_it_again(self) -> None:
        async with running(specs.listening(Wake())) as worker:
            found = await killed_meanwhile(worker, WorkerListener(worker).hear(SECOND * 120))
        assert len(found) == 120 * 16_000 // 512

    @needs_espeak
    async def test_the_voice_speaks_it_again(self) -> None:
        async with running(specs.speech(Speech())) as worker:
            voice = WorkerSynthesizer(worker)
            request = voice.synthesize("One thing. " * 150, language="en", deadline=soon())
            pcm = await killed_meanwhile(worker, request)
        assert len(pcm) > 10 * len(SECOND)

    async def test_the_language_model_reads_a_long_question_again(self) -> None:
        async with running(specs.language_model(Llm(context=1024))) as worker:
            model = WorkerLanguageModel(worker)
            request = text_of(model, generation("Why is that? " * 100))
            assert await killed_meanwhile(worker, request)

    async def test_the_language_model_in_mid_answer_is_one_clear_error(self) -> None:
        async with running(specs.language_model(Llm(context=1024))) as worker:
            model = WorkerLanguageModel(worker)
            answer = cast(
                AsyncGenerator[str, None],
                model.generate(generation("Tell a story.", 500), deadline=soon(120.0)),
            )
            async with aclosing(answer) as pieces:
                await anext(pieces)
                os.kill(await pid_of(worker), signal.SIGKILL)
                with pytest.raises(Temporary, match="the language model was killed by SIGKILL"):
                    async for _ in pieces:
                        pass
            assert await text_of(model, generation("Again."))

    async def test_the_language_model_out_of_memory_is_started_anew(self) -> None:
        async with running(specs.language_model(Llm(context=512))) as worker:
            model = WorkerLanguageModel(worker)
            await text_of(model, generation("Hi."))
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.prlimit(await pid_of(worker), resource.RLIMIT_DATA, (1_000_000, hard))
            with pytest.raises(Refused, match="too long"):  # which is what the new one says
                await text_of(model, generation("word " * 180_000))
            assert (await worker.status()).restarts == 1
            assert await text_of(model, generation("Again."))

    async def test_the_language_model_that_is_stuck_in_a_computation_is_started_anew(self) -> None:
        spec = replace(specs.language_model(Llm(context=1024)), stall_s=3.0)
        async with running(spec) as worker, asyncio.TaskGroup() as tasks:
            model = WorkerLanguageModel(worker)
            await worker.wait_ready(deadline=soon())
            asked = tasks.create_task(text_of(model, generation("Why is that? " * 100)))
            await status_when(worker, lambda status: status.phase == "busy")
            os.kill(await pid_of(worker), signal.SIGSTOP)  # it is there, but nothing gets on
            assert await asked
            assert (await worker.status()).restarts == 1

    async def test_the_grammar_still_knows_the_home(self) -> None:
        lamp = Entity("light.desk", "light", "desk lamp", "Office")
        home = Home({lamp.entity_id: lamp}, {}, ("Office",))
        async with running(specs.grammar("en", 5.0)) as worker:
            grammar = WorkerGrammar(worker)
            await grammar.learn(home, "en")
            os.kill(await pid_of(worker), signal.SIGKILL)
            found = await grammar.recognize(
                "turn on the desk lamp", language="en", area=None, deadline=soon()
            )
        assert found[0].intent == "HassTurnOn"
        assert found[0].slots["name"] == "desk lamp"


@needs_espeak
async def test_a_wake_word_is_heard_once_where_it_was_said() -> None:
    async with (
        running(specs.speech(Speech())) as speech,
        running(specs.listening(Wake(words=("okay_nabu", "alexa")))) as listening,
    ):
        said = await WorkerSynthesizer(speech).synthesize(
            "okay nabu", language="en", deadline=soon()
        )
        sound = SECOND + said + SECOND
        found: list[Heard] = []
        for start in range(0, len(sound), 1024):
            found += await WorkerListener(listening).hear(sound[start : start + 1024])
    woken = [heard for heard in found if heard.kind is HeardKind.WAKE]
    assert [heard.name for heard in woken] == ["okay_nabu"]
    end = (len(SECOND) + len(said)) // 2
    assert end - 8_000 < woken[0].sample < end + 8_000
    spoken = [h.sample for h in found if h.kind is HeardKind.SPEECH and h.score > 0.5]
    assert 16_000 - 1_600 < spoken[0] < spoken[-1] < end + 3_200


@pytest.fixture
def unbelieving(tmp_path: Path) -> Path:
    """A folder with a verifier that rejects everything."""
    none, one = np.zeros(SIZE), np.ones(SIZE)
    never = Verifier("okay_nabu", word("okay_nabu").digest(), none, none, one, -20.0, 0.5)
    (tmp_path / "okay_nabu.json").write_bytes(never.to_json())
    return tmp_path


@needs_espeak
async def test_a_wake_word_that_a_verifier_rejects_wakes_when_it_is_said_again(
    unbelieving: Path,
) -> None:
    async with (
        running(specs.speech(Speech())) as speech,
        running(specs.listening(Wake(), unbelieving)) as listening,
    ):
        said = await WorkerSynthesizer(speech).synthesize(
            "okay nabu", language="en", deadline=soon()
        )
        found = await WorkerListener(listening).hear(SECOND + said + SECOND + said + SECOND)
    kinds = [heard.kind for heard in found if heard.kind is not HeardKind.SPEECH]
    assert kinds == [HeardKind.REJECTED_WAKE, HeardKind.WAKE]


async def test_a_long_question_can_be_given_up_while_it_is_read() -> None:
    async with running(specs.language_model(Llm(context=2048))) as worker:
        model = WorkerLanguageModel(worker)
        await text_of(model, generation("Hi."))
        before = await pid_of(worker)
        with pytest.raises(DeadlineExceeded):
            async for _ in model.generate(generation("And then? " * 450), deadline=soon(0.2)):
                pass
        assert await text_of(model, generation("Hi."))
        assert await pid_of(worker) == before


async def test_a_faulty_grammar_or_too_long_a_question_is_an_error_not_a_crash() -> None:
    async with running(specs.language_model(Llm(context=256))) as worker:
        model = WorkerLanguageModel(worker)
        for kind, text in FAULTY.items():
            faulty = Generation((Message(Role.USER, "x"),), grammar=AnswerGrammar(kind, text))
            with pytest.raises(Permanent, match="for the language model is faulty"):
                await text_of(model, faulty)
        with pytest.raises(Exception, match="too long for the language model"):
            await text_of(model, generation("word " * 500))
        assert (await worker.status()).restarts == 0


async def test_an_ear_without_a_model_says_so_at_once(tmp_path: Path) -> None:
    spec = specs.speech_to_text(SpeechToText(), tmp_path / "nothing")
    async with running(spec) as worker:
        ear = WorkerTranscriber(worker)
        with pytest.raises(Permanent, match=r"speech to text cannot be used: .*no model\.bin"):
            await ear.transcribe(SECOND, language="en", deadline=soon())
