"""A hundred sounds without a command, each after the wake word and alone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.results import Row
from tests.fakes.sounds import clips
from tests.scenario.boxes import a_box, settings
from tests.scenario.made_up import Outcome, outcomes, wake_word

COMMAND = "make bench-voice ONLY=made_up"


async def heard() -> tuple[Sequence[Outcome], Sequence[Outcome]]:
    """The outcomes without and with the wake word."""
    sounds = await asyncio.to_thread(lambda: list(clips()))
    word = await asyncio.to_thread(wake_word)
    with tempfile.TemporaryDirectory() as folder:
        async with a_box(settings(Path(folder))) as box:
            return await outcomes(box, sounds, b""), await outcomes(box, sounds, word)


def rows() -> list[Row]:
    alone, woken = asyncio.run(heard())
    opened = sum(any(turn.wake_word for turn in one.turns) for one in woken)
    texts = sum(bool(one.texts) for one in woken)
    note = f"of {len(woken)} after the wake word ({opened} heard it, {texts} became text)"
    return [
        Row(
            "voice/made_up_actions",
            sum(one.acted for one in (*alone, *woken)),
            "0",
            COMMAND,
            note=f"{note} and {len(alone)} without it",
        )
    ]
