"""kill -9 of an engine in the middle of a request costs one retry or one clear error."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from laresd import sound
from laresd.app import Box
from laresd.backends.audio import Recording
from laresd.commands.demo import FIRST
from laresd.types import ReplyKind, Turn
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow


async def frozen(box: Box, name: str) -> int:
    """Stop a worker's process, so that the next request is in its hands until it is killed."""
    pid = (await box.workers[name].status()).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


async def in_the_middle(box: Box, name: str, pid: int) -> None:
    """Wait until the frozen worker has a request, then kill it."""
    async with asyncio.timeout(PATIENCE):
        while (await box.workers[name].status()).phase != "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


async def play(box: Box) -> Turn:
    heard = await asyncio.to_thread(sound.read_wav, FIRST)
    return (await box.voice.play(Recording(heard.pcm), name=FIRST.name))[0]


@pytest.mark.parametrize("name", ["transcribe", "speech"])
async def test_a_spoken_turn_survives_the_death_of(name: str, tmp_path: Path) -> None:
    async with a_box(settings(tmp_path)) as box:
        pid = await frozen(box, name)
        async with asyncio.TaskGroup() as group:
            turn = group.create_task(play(box))
            await in_the_middle(box, name, pid)
        assert turn.result().reply is not None
        assert turn.result().reply.text == "Turned on the kitchen light."  # type: ignore[union-attr]
        status = await box.workers[name].status()
        assert status.restarts == 1
        assert status.pid not in (None, pid)


async def test_without_its_ears_the_box_says_so_and_hears_again(tmp_path: Path) -> None:
    async with a_box(settings(tmp_path)) as box:
        pid = await frozen(box, "listen")
        async with asyncio.TaskGroup() as group:
            group.create_task(play(box))
            await in_the_middle(box, "listen", pid)
        again = await play(box)
        assert again.reply is not None
        assert "kitchen light" in again.reply.text


async def test_without_the_sentence_grammar_the_others_understand(tmp_path: Path) -> None:
    async with a_box(settings(tmp_path)) as box:
        pid = await frozen(box, "grammar")
        async with asyncio.TaskGroup() as group:
            reply = group.create_task(ask(box, "turn on the kitchen light"))
            await in_the_middle(box, "grammar", pid)
        assert reply.result().text == "Turned on the kitchen light."


async def test_the_language_model_is_asked_again(tmp_path: Path) -> None:
    async with a_box(settings(tmp_path)) as box:
        await box.workers["llm"].wait_ready(deadline=box.clock.now() + PATIENCE)
        pid = await frozen(box, "llm")
        async with asyncio.TaskGroup() as group:
            reply = group.create_task(ask(box, "who wrote hamlet"))
            await in_the_middle(box, "llm", pid)
        assert reply.result().kind is ReplyKind.ANSWER
        assert (await box.workers["llm"].status()).restarts == 1
