"""`lares demo`: one spoken command through everything, in a box of its own on free ports.

Succeeds only if the lamp's own report of its state changed. Nothing of it stays: the state folder
is temporary, the broker and the demo home end with it.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import tempfile
import time
from pathlib import Path

from laresd import sound
from laresd.app import Box, Sound, running
from laresd.backends.audio import Recording, Silence
from laresd.commands import timeline
from laresd.commands.demo_home import LAMP, demo_home
from laresd.config import Audio, Config, Http, Mqtt, Scheduler, Wyoming
from laresd.errors import LaresError
from laresd.frontends.forms import turn_form
from laresd.types import Json, Turn

RECORDINGS = Path(__file__).parents[1] / "bundled" / "demo"
FIRST = RECORDINGS / "kitchen-light.wav"  # "okay nabu, turn on the kitchen light"
ENGINES_TIMEOUT = 120.0  # seconds for the models of a slow SD card
USED = ("listen", "transcribe", "grammar", "speech")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--silent-lamp", action="store_true", help="the lamp ignores commands: see what is said"
    )


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0: the lamp changed and said so. 1: it did not, or nothing could be started."""
    started = time.monotonic()
    try:
        turn, changed = asyncio.run(play_once(config, silent_lamp=arguments.silent_lamp))
    except LaresError as error:
        if arguments.json:
            print(json.dumps({"confirmed": False, "error": str(error)}, ensure_ascii=False))
        else:
            print(f"the demo failed: {error}")
        return 1
    told = turn_form(turn)
    good = changed and timeline.confirmed(told)
    if arguments.json:
        result: dict[str, Json] = {
            **told,
            "state_changed": changed,
            "confirmed": good,
            "seconds": round(time.monotonic() - started, 2),
        }
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print("\n".join(timeline.lines(told)))
        print("the lamp changed, and said so" if good else "the lamp did NOT change")
    return 0 if good else 1


async def play_once(config: Config, *, silent_lamp: bool = False) -> tuple[Turn, bool]:
    """The turn, and whether the lamp's own report of its state changed during it."""
    with tempfile.TemporaryDirectory(prefix="lares-demo-") as folder:
        own = _own(config, Path(folder))
        async with running(own, Sound(None, Silence())) as box, demo_home(box):
            await engines_ready(box)
            if silent_lamp:
                await box.bus.publish("demo/kitchen_light/silent", "on")
            before = box.devices.home().state(LAMP)
            turn = await play(box, FIRST)
            return turn, box.devices.home().state(LAMP) != before


async def engines_ready(box: Box) -> None:
    """Until the engines that a turn needs have loaded. Raises the first one's reason if not."""
    deadline = box.clock.now() + ENGINES_TIMEOUT
    for name in USED:  # they load side by side
        await box.workers[name].wait_ready(deadline=deadline)
    await box.assistant.prepare(box.config.box.language)


async def play(box: Box, file: Path) -> Turn:
    """The first turn that comes of a recording, played through the microphone's path."""
    heard = await asyncio.to_thread(sound.read_wav, file)
    turns = await box.voice.play(Recording(heard.pcm), name=file.name)
    return turns[0]


def _own(config: Config, folder: Path) -> Config:
    """The configuration with a broker, a folder and a control socket of the demo's own."""
    return dataclasses.replace(
        config,
        box=dataclasses.replace(config.box, state_dir=folder, language="en"),
        mqtt=Mqtt(port=0, embedded="always"),
        audio=Audio(enabled=False),
        scheduler=Scheduler(discover=False),
        hosts={},
        http=Http(enabled=False),
        wyoming=Wyoming(enabled=False),
        satellites={},
    )
