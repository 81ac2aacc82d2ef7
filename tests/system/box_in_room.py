"""A whole box in a room (see rooms): somebody says a command, a lamp changes, and the box says so.

Run by test_sound_devices; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from laresd.app import running, sound_of
from laresd.commands.demo import FIRST, engines_ready
from laresd.commands.demo_home import demo_home
from laresd.config import Audio
from laresd.sound import read_wav
from laresd.types import Turn
from tests.scenario.boxes import ask, settings
from tests.system.in_room import say

TRIES = 3  # a machine on which much else runs loses sound now and then


async def main() -> dict[str, object]:
    pcm = (await asyncio.to_thread(read_wav, FIRST)).pcm
    turns: list[Turn] = []
    done = asyncio.Event()

    def tell(turn: Turn) -> None:
        turns.append(turn)
        done.set()

    with tempfile.TemporaryDirectory() as folder:
        config = dataclasses.replace(settings(Path(folder)), audio=Audio())
        sound = sound_of(config)
        async with running(config, sound, on_turn=tell) as box, demo_home(box):
            await engines_ready(box)
            await ask(box, "turn off the kitchen light")
            assert sound.own is not None
            tries = 0
            while tries < TRIES and not (turns and turns[-1].publications):
                tries += 1
                done.clear()
                await say(pcm)
                async with asyncio.timeout(30):
                    await done.wait()
            turn, last_second = turns[-1], sound.own.microphone.levels  # of the reply
            return {
                "heard": turn.transcript.text if turn.transcript else "",
                "wake_word": turn.wake_word,
                "reply": turn.reply.text if turn.reply else "",
                "published": len(turn.publications),
                "reply_peak_dbfs": last_second.peak,
            }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main())) + "\n")
