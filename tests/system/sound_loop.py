"""Plays a tone through the loudspeaker while the microphone listens; run by test_sound_devices.

Prints one JSON object: the seconds that were heard and the loudest level of a frame. A process of
its own, because ALSA reads its configuration once.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from array import array
from contextlib import aclosing

from laresd.backends.audio import Loudspeaker, Microphone, PortAudio
from laresd.sound import level_dbfs
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

TONE = array("h", [int(9000 * math.sin(n * 0.25)) for n in range(SAMPLE_RATE)]).tobytes()
FRAMES = 4 * SAMPLE_RATE // FRAME_SAMPLES


async def main() -> None:
    card = PortAudio()
    microphone = Microphone(card)
    levels: list[float] = []
    async with asyncio.TaskGroup() as tasks, aclosing(microphone.frames()) as frames:
        async for frame in frames:
            if not levels:  # both devices are open at once, as in the daemon
                tasks.create_task(Loudspeaker(card).play(TONE))
            levels.append(level_dbfs(frame))
            if len(levels) == FRAMES:
                break
    seconds = len(levels) * FRAME_SAMPLES / SAMPLE_RATE
    loud = sum(level > -20 for level in levels) * FRAME_SAMPLES / SAMPLE_RATE
    sys.stdout.write(
        json.dumps({"seconds": seconds, "loudest": max(levels), "loud_seconds": loud}) + "\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
