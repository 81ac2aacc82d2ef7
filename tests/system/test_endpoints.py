"""The end of a command with the real voice activity, while something else goes on sounding."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import laresd
from laresd.backends.audio import Recording
from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE, Turn
from tests.fakes.sounds import SPEECH, Clip, computed, mixed
from tests.system.test_real_ears import Scribe, voice

pytestmark = pytest.mark.slow
COMMAND = Path(laresd.__file__).parent / "bundled" / "demo" / "kitchen-light.wav"
WAKE_S, END_S = 1.6, 3.2  # where the wake word ends, and the command
GOES_ON_S = 16.0  # so long the other sound goes on after the command
STEADY = ("fan", "hum", "noise", "water", "music")
PEOPLE = ("babble", "tv")


def sounds(kinds: tuple[str, ...]) -> list[Clip]:
    """One of each kind."""
    found = [*computed(), *(mixed() if SPEECH.is_dir() else ())]
    return [next(clip for clip in found if clip.kind == kind) for kind in kinds]


def over(bed: Clip, below_db: float) -> bytes:
    """The command, and the bed so much below it from the end of the wake word on."""
    said = np.frombuffer(read_wav(COMMAND).pcm, "<i2").astype(np.float64)
    said = said[: int(END_S * SAMPLE_RATE)]
    speech = said[int(WAKE_S * SAMPLE_RATE) :]
    under = np.resize(
        np.frombuffer(bed.pcm, "<i2").astype(np.float64), len(speech) + int(GOES_ON_S * SAMPLE_RATE)
    )
    loud = np.sqrt(np.mean(speech**2))
    under *= loud / np.sqrt(np.mean(under**2)) * 10 ** (-below_db / 20)
    under[: len(speech)] += speech
    whole = np.concatenate([said[: int(WAKE_S * SAMPLE_RATE)], under])
    return bytes(np.clip(whole, -32768, 32767).astype("<i2"))


async def heard(bed: Clip, below_db: float) -> tuple[Turn, float]:
    """The turn, and how many seconds more than the command were heard before it was over."""
    pcm = await asyncio.to_thread(over, bed, below_db)
    scribe = Scribe()
    async with voice(scribe) as frontend:
        turn, *_ = await frontend.play(Recording(pcm, trail_s=0), name=bed.name)
    return turn, scribe.seconds[-1] - (END_S - WAKE_S)


@pytest.mark.parametrize("below_db", [20, 10, 0])
@pytest.mark.parametrize("kind", STEADY)
async def test_a_steady_sound_does_not_keep_a_turn_open(kind: str, below_db: float) -> None:
    (bed,) = await asyncio.to_thread(sounds, (kind,))
    turn, beyond = await heard(bed, below_db)
    assert (turn.closing, turn.wake_word) == ("done", "okay_nabu")
    assert beyond < 1.0


@pytest.mark.parametrize("below_db", [20, 15])
@pytest.mark.parametrize("kind", PEOPLE)
async def test_nor_do_people_further_away(kind: str, below_db: float, shared_data: Path) -> None:
    (bed,) = await asyncio.to_thread(sounds, (kind,))
    turn, beyond = await heard(bed, below_db)
    assert turn.closing == "done"
    assert beyond < 1.5


@pytest.mark.parametrize("kind", PEOPLE)
async def test_nor_people_as_loud_as_the_speaker_for_long(kind: str, shared_data: Path) -> None:
    (bed,) = await asyncio.to_thread(sounds, (kind,))
    turn, beyond = await heard(bed, 0)
    assert turn.closing == "done"
    assert beyond < 4.5
