"""A prompt's head is computed once: the next start of the real engine takes it from the disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.backends.workers.process import Spec
from laresd.backends.workers.supervisor import Worker
from laresd.config import Llm
from laresd.frames import Fields
from laresd.generation import Generation, Message, Role
from laresd.types import Json
from tests.fakes.workers import running, soon

pytestmark = pytest.mark.slow

HEAD = Message(
    Role.SYSTEM,
    "Devices of the house:\n"
    + "\n".join(f"light.lamp_{n}: the lamp number {n}, room {n % 7}" for n in range(40)),
)
QUESTIONS = ("turn on lamp 7", "which lamps are in room 3?", "a poem about lamps, please")


def spec(folder: Path) -> Spec:
    return specs.language_model(Llm(context=2048), heads=folder)


async def head_from(worker: Worker) -> str:
    row: Json = {"role": HEAD.role, "content": HEAD.content}
    body: dict[str, Json] = {"messages": [row], "keep": True}
    return Fields((await worker.call("prepare", body, deadline=soon())).body).text("head_from")


async def answers(worker: Worker) -> list[str]:
    model = WorkerLanguageModel(worker)
    asked = [Generation((HEAD, Message(Role.USER, q)), max_tokens=24) for q in QUESTIONS]
    return ["".join([p.text async for p in model.generate(g, deadline=soon())]) for g in asked]


async def test_after_a_restart_the_head_comes_from_the_disk_with_the_same_answers(
    tmp_path: Path,
) -> None:
    async with running(spec(tmp_path)) as worker:
        assert await head_from(worker) == "computed"
        assert await head_from(worker) == "memory"
        first = await answers(worker)
    async with running(spec(tmp_path)) as worker:
        assert await head_from(worker) == "store"
        assert await answers(worker) == first


async def test_a_damaged_head_is_computed_again_with_the_same_answers(tmp_path: Path) -> None:
    async with running(spec(tmp_path)) as worker:
        assert await head_from(worker) == "computed"
        first = await answers(worker)
    for path in tmp_path.glob("*.head"):
        path.write_bytes(path.read_bytes()[:-1000] + bytes(1000))
    async with running(spec(tmp_path)) as worker:
        assert await head_from(worker) == "computed"
        assert await answers(worker) == first


async def test_two_heads_in_turn_are_each_computed_once(tmp_path: Path) -> None:
    other = Generation((Message(Role.SYSTEM, "You are a poet. " * 20), Message(Role.USER, "Go")))
    async with running(spec(tmp_path)) as worker:
        assert await head_from(worker) == "computed"
        async for _ in WorkerLanguageModel(worker).generate(other, deadline=soon()):
            pass
        assert await head_from(worker) == "memory"


async def test_only_what_was_prepared_is_written(tmp_path: Path) -> None:
    async with running(spec(tmp_path)) as worker:
        await answers(worker)
    assert list(tmp_path.glob("*.head")) == []


async def test_without_room_no_head_is_kept(tmp_path: Path) -> None:
    none = specs.language_model(Llm(context=2048, kept_heads_mb=0), heads=tmp_path / "none")
    async with running(none) as worker:
        assert await head_from(worker) == "computed"
    assert not (tmp_path / "none").exists()


async def test_an_answer_does_not_wait_for_a_preparation_which_then_ends_all_the_same(
    tmp_path: Path,
) -> None:
    long = Message(Role.SYSTEM, "word " * 1500)
    brief = Generation((Message(Role.USER, "Say yes."),), max_tokens=2)
    done: list[str] = []
    async with running(spec(tmp_path)) as worker:
        model = WorkerLanguageModel(worker)
        await worker.wait_ready(deadline=soon())

        async def prepare() -> None:
            await model.prepare((long,), deadline=soon(300.0))
            done.append("prepared")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(prepare())
            await asyncio.sleep(0.2)
            async for _ in model.generate(brief, deadline=soon()):
                pass
            done.append("answered")
    assert done == ["answered", "prepared"]
