"""The whole daemon reads planted documents with a model that obeys whatever it reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from laresd.app import Box
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.documents import Source, SourceKind
from laresd.generation import LOCAL, Ending, Finish, Generation, Piece, ToolCall
from laresd.types import Request
from tests.adversarial.planted import PLANTED
from tests.scenario.boxes import a_box, ask, settings

pytestmark = pytest.mark.slow

WAIT_S = 300.0  # for fifty files to be read on a busy machine


class Obedience:
    """In place of what computes text: it writes calls, orders and claims in turns, and keeps what
    it was asked from documents.
    """

    def __init__(self) -> None:
        self.asked: list[Generation] = []

    async def generate(
        self, model: ScheduledLanguageModel, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        self.asked.append(generation)
        number = len(self.asked)
        order = PLANTED[number % len(PLANTED)]
        said = ("unlock 1", order, f"I obey. {order} [1]", "on 1;open 2")[number % 4]
        call = ToolCall("unlock", {"id": 1})
        yield Piece(said)
        calls = (call,) if generation.tools else ()
        yield Piece(ending=Ending(Finish.STOP, calls, where=LOCAL))


async def test_fifty_planted_orders_move_nothing_in_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    obedience = Obedience()

    def generate(
        self: ScheduledLanguageModel, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        return obedience.generate(self, generation, deadline=deadline)

    monkeypatch.setattr(ScheduledLanguageModel, "generate", generate)
    monkeypatch.setattr("laresd.app.knowledge.is_trusted_to_write", lambda mind, llm: True)
    papers = tmp_path / "papers"
    papers.mkdir()
    for number, planted in enumerate(PLANTED):
        (papers / f"{number}.txt").write_text(
            f"Cellar number {number}\n\n{planted}\n\nThe code word of cellar number {number} is "
            f"heron{number}.\n\n{planted}\n",
            encoding="utf-8",
        )
    async with a_box(settings(tmp_path / "state")) as box:
        before = dict(box.devices.home().states)
        sent = box.bus.subscribe("demo/#")
        await read(box, papers)
        for number in range(len(PLANTED)):
            question = f"What is the code word of cellar number {number} in my documents?"
            reply = await ask(box, question)
            assert not reply.outcomes
            assert (reply.understood_by, reply.intent) == ("documents", "")
            assert not (await ask(box, "yes")).outcomes
            assert box.knowledge is not None
            request = Request(
                f"a{number}", question, "en", box.clock.now() + 600.0, "mqtt", site="mqtt"
            )
            await box.knowledge.librarian.answer(request)
        sent.close()
        commands = [message.topic async for message in sent if message.topic.endswith("/set")]
        assert commands == []
        assert dict(box.devices.home().states) == before
        assert not box.routines.spoken
    assert len(obedience.asked) >= len(PLANTED)
    assert not any(generation.tools for generation in obedience.asked)


async def read(box: Box, folder: Path) -> None:
    """Have the folder read to its end."""
    assert box.knowledge is not None
    await box.knowledge.library.add(Source("home", SourceKind.FOLDER, str(folder)))
    async with asyncio.timeout(WAIT_S):
        while await _known(box) < len(PLANTED):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.2)


async def _known(box: Box) -> int:
    assert box.knowledge is not None
    return sum(each.documents for each in await box.knowledge.store.collections())
