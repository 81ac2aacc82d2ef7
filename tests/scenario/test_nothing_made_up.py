"""A hundred sounds of a house in which nobody says a command: no device is touched.

The hard case is a wake word before each: whatever follows is then taken for the command.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.sounds import COMPUTED, MIXED, SPEECH, clips
from tests.scenario.boxes import a_box, settings
from tests.scenario.made_up import a_command, outcomes, wake_word

pytestmark = pytest.mark.slow


async def test_a_hundred_sounds_touch_no_device(tmp_path: Path) -> None:
    sounds = await asyncio.to_thread(lambda: list(clips()))
    assert len(sounds) == COMPUTED + (MIXED if SPEECH.is_dir() else 0)
    word = await asyncio.to_thread(wake_word)
    async with a_box(settings(tmp_path)) as box:
        alone = await outcomes(box, sounds, b"")
        woken = await outcomes(box, sounds, word)
        (command,) = await outcomes(box, [await asyncio.to_thread(a_command)], b"")
    assert [one.clip.name for one in (*alone, *woken) if one.acted] == []
    assert command.acted  # the ears were open all the time
    opened = [one for one in woken if any(turn.wake_word for turn in one.turns)]
    assert len(opened) >= 0.9 * len(sounds)
