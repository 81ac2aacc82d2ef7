"""What is told of the sound over the control socket, and set there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from laresd.app.sound import Sound, sound_of
from laresd.config import Audio, Box, Config
from laresd.errors import ConfigError, Refused
from laresd.types import Json
from tests.fakes.audio import FakeCard


async def asked(sound: Sound, **fields: Json) -> Mapping[str, Json]:
    (part,) = [part async for part in sound.handlers()["volume"](fields, b"")]
    return part


async def test_the_volume_is_told_and_set_and_so_after_a_restart(tmp_path: Path) -> None:
    config = Config(box=Box(state_dir=tmp_path), audio=Audio(volume=0.9))
    sound = sound_of(config, FakeCard())
    assert await asked(sound) == {"percent": 90}
    assert await asked(sound, percent=40) == {"percent": 40}
    again = sound_of(config, FakeCard())
    assert again.volume is not None
    await again.volume.load()
    assert await asked(again) == {"percent": 40}


async def test_a_box_without_sound_has_no_volume() -> None:
    sound = sound_of(Config(audio=Audio(enabled=False)))
    assert sound.volume is None
    with pytest.raises(Refused):
        await asked(sound, percent=40)


def test_a_volume_that_cannot_be_is_no_configuration() -> None:
    with pytest.raises(ConfigError):
        sound_of(Config(audio=Audio(volume=1.5)), FakeCard())
