"""Rooms with a loudspeaker and a microphone, on real ALSA and PulseAudio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.rooms import NEEDS, Room, can_be, open_room


@pytest.fixture
def a_room(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    """Makes the room whose microphone hears its loudspeaker; takes what `open_room` takes."""
    if not can_be():
        pytest.skip(NEEDS)
    with ExitStack() as stack:
        yield lambda **form: stack.enter_context(open_room(tmp_path, **form))


@pytest.fixture
def room(a_room: Callable[..., Room]) -> dict[str, str]:
    """The environment of a program in such a room."""
    return dict(a_room().environment)
