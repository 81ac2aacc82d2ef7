"""A conversation with a real box: each sentence means what the one before it makes of it."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from laresd.app import Box
from laresd.config import Llm, RoutineAction, RoutineSettings
from laresd.types import Json, ReplyKind
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow
MORNING = RoutineSettings(
    phrases=("good morning",),
    actions=(
        RoutineAction(say="turn on the kitchen light"),
        RoutineAction(entity="switch.coffee_machine", command="turn_on"),
        RoutineAction(say="turn on the samovar"),
    ),
)


def state(box: Box, name: str) -> tuple[str, dict[str, Json]]:
    """What the device of that name last reported."""
    home = box.devices.home()
    (entity,) = [e for e in home.entities.values() if e.name == name]
    found = home.state(entity.entity_id)
    return found.state, dict(found.attributes)


async def becomes(box: Box, name: str, word: str) -> None:
    """Until a device that needs its time (a lock that is locking) is there."""
    async with asyncio.timeout(PATIENCE):
        while state(box, name)[0] != word:
            await box.devices.changed(box.devices.home())


async def test_a_lamp_is_talked_about_over_several_sentences(tmp_path: Path) -> None:
    config = dataclasses.replace(settings(tmp_path), llm=Llm(enabled=False))
    async with a_box(config) as box:
        await ask(box, "set the bedroom lamp to 40 percent")
        brighter = await ask(box, "a bit brighter")
        assert brighter.kind is ReplyKind.DONE, brighter.text
        assert state(box, "Bedroom lamp")[1]["brightness_pct"] == pytest.approx(50, abs=1)
        await ask(box, "turn it off")
        assert state(box, "Bedroom lamp")[0] == "off"
        undone = await ask(box, "undo that")
        assert undone.kind is ReplyKind.DONE, undone.text
        assert state(box, "Bedroom lamp")[0] == "on"
        assert state(box, "Bedroom lamp")[1]["brightness_pct"] == pytest.approx(50, abs=1)
        assert (await ask(box, "undo that")).kind is ReplyKind.REFUSED

        await ask(box, "turn on the kitchen light")
        also = await ask(box, "and the hallway")
        assert (also.kind, also.understood_by) == (ReplyKind.DONE, "follow_up")
        assert state(box, "Hallway light")[0] == "on"
        told = await ask(box, "what did you just do?")
        assert told.text == "Turned on the hallway light."
        wrong = await ask(box, "not that one, the desk lamp")
        assert wrong.kind is ReplyKind.DONE, wrong.text
        assert state(box, "Hallway light")[0] == "off"
        assert state(box, "Desk lamp")[0] == "on"


async def test_a_routine_is_made_by_voice_and_there_after_a_restart(tmp_path: Path) -> None:
    config = dataclasses.replace(
        settings(tmp_path), llm=Llm(enabled=False), routines={"morning": MORNING}
    )
    async with a_box(config) as box:
        asked = await ask(box, "when I say good night, turn everything off and lock the front door")
        assert asked.kind is ReplyKind.QUESTION
        assert "lock the front door" in asked.text
        kept = await ask(box, "yes")
        assert kept.kind is ReplyKind.DONE, kept.text

        morning = await ask(box, "good morning")
        assert morning.kind is ReplyKind.PARTIAL
        assert "samovar" in morning.text
        assert state(box, "Kitchen light")[0] == "on"
        assert state(box, "Coffee machine")[0] == "on"

    async with a_box(config) as box:
        told = await ask(box, "what routines do I have?")
        assert '"good morning"' in told.text and '"good night"' in told.text
        await ask(box, "turn on the kitchen light")
        night = await ask(box, "good night")
        assert night.kind is ReplyKind.DONE, night.text
        assert state(box, "Kitchen light")[0] == "off"
        await becomes(box, "Front door", "locked")
        assert (await ask(box, "delete the good night routine")).kind is ReplyKind.DONE
        assert (await ask(box, "good night")).kind is ReplyKind.NOT_UNDERSTOOD
