"""`lares run`: Lares in the foreground with a demo home, a spoken command played, then it stays up.

This is what `make run` starts. On a broker that already knows other devices neither the demo home
is started nor anything played: those are somebody's real lamps.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from contextlib import AsyncExitStack

from laresd.app import Box, running, sound_of
from laresd.commands import timeline
from laresd.commands.demo import FIRST, engines_ready, play
from laresd.commands.demo_home import demo_home
from laresd.commands.foreground import start_log, until_signal
from laresd.config import Config
from laresd.errors import LaresError
from laresd.frontends.forms import turn_form

log = logging.getLogger(__name__)

AFTERWARDS = """
Lares is up{ears}. In another terminal:
    .venv/bin/lares ask "set the bedroom lamp to fifty percent"
    .venv/bin/lares say daemon/laresd/bundled/demo/front-door.wav
    .venv/bin/lares devices
Over MQTT ({host}:{port}): send text to {prefix}/{name}/ask. Ctrl-C ends it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-demo", action="store_true", help="no demo home, nothing played")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 after Ctrl-C or SIGTERM, 1 when it could not start."""
    start_log("warning" if config.log.level == "info" else config.log.level)
    try:
        print("Lares starts ...", flush=True)
        asyncio.run(until_signal(_show(config, with_demo=not arguments.no_demo)))
    except LaresError as error:
        log.error("lares cannot start: %s", error)
        return 1
    return 0


async def _show(config: Config, *, with_demo: bool) -> None:
    async with running(config, sound_of(config)) as box, AsyncExitStack() as stack:
        if with_demo and box.devices.home().entities:
            print("This broker already has devices: no demo home, and no command is played.")
            with_demo = False
        if with_demo:
            await stack.enter_async_context(demo_home(box))
            await _play_first(box)
        _explain(box)
        await asyncio.Event().wait()


async def _play_first(box: Box) -> None:
    """Play the first command and print its turn; what is missing for that does not end the run."""
    try:
        await engines_ready(box)
        print(*timeline.lines(turn_form(await play(box, FIRST))), sep="\n", flush=True)
    except LaresError as error:
        print(f"No command could be played: {error}", flush=True)


def _explain(box: Box) -> None:
    mqtt, ears = box.config.mqtt, ""
    if box.config.audio.enabled:
        wake = box.config.wake
        said = wake.phrase or " or ".join(word.replace("_", " ") for word in wake.words)
        ears = f"; with a microphone, say “{said}”"
    text = AFTERWARDS.format(
        ears=ears, host=mqtt.host, port=mqtt.port, prefix=mqtt.prefix, name=box.config.box.name
    )
    print(text, flush=True)
