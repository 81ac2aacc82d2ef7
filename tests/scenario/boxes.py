"""A whole daemon in the test's own process, with real engines, a real broker and the demo home."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from laresd.app import Box, Sound, running
from laresd.backends.audio import Silence
from laresd.commands.demo import engines_ready
from laresd.commands.demo_home import demo_home
from laresd.config import Actions, Audio, Config, Http, Mqtt, Scheduler, Wyoming
from laresd.config import Box as BoxSettings
from laresd.ports import AudioSink
from laresd.types import Reply, Request

PATIENCE = 60.0  # seconds; a deadline that only a hang reaches
_numbers = itertools.count()


def settings(folder: Path, *, port: int = 0) -> Config:
    """Embedded defaults with a state folder and a broker of the test's own.

    `port`: of a broker that the test has started; 0: the embedded one. Time limits are those of a
    busy test machine.
    """
    return Config(
        box=BoxSettings(state_dir=folder),
        mqtt=Mqtt(port=port, embedded="never" if port else "always"),
        audio=Audio(enabled=False),
        http=Http(enabled=False),
        wyoming=Wyoming(enabled=False),
        scheduler=Scheduler(discover=False),
        actions=Actions(echo_timeout_s=5.0, grammar_timeout_s=5.0),
    )


@asynccontextmanager
async def a_box(config: Config, sink: AudioSink | None = None) -> AsyncIterator[Box]:
    """A box whose engines are loaded, in the demo home; what it says goes to the sink."""
    async with running(config, Sound(None, sink or Silence())) as box, demo_home(box):
        await engines_ready(box)
        yield box


async def ask(box: Box, text: str, *, seconds: float = PATIENCE) -> Reply:
    """The reply to a typed sentence."""
    deadline = box.clock.now() + seconds
    number = next(_numbers)
    request = Request(f"test-{number}", text, box.config.box.language, deadline, "control")
    return await box.assistant.answer(request)


def quick(config: Config, *, echo_timeout_s: float) -> Config:
    """The same, with less patience for devices that do not answer."""
    actions = dataclasses.replace(config.actions, echo_timeout_s=echo_timeout_s)
    return dataclasses.replace(config, actions=actions)
