"""A Lares satellite whose microphone hears a recording once a server uses it, as a program.

python -m tests.system.satellite_process RECORDING PLAYED WAKE: prints its port; what its
loudspeaker plays is appended to the file PLAYED. WAKE: here, or server.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Literal, cast

from laresd.app.satellite import satellite
from laresd.app.sound import Sound
from laresd.commands.foreground import start_log, until_signal
from laresd.config import Box, Config, Satellite
from laresd.frontends.wyoming import SatelliteRole
from laresd.ports import one
from laresd.sound import read_wav
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

FRAME_BYTES, FRAME_S = 2 * FRAME_SAMPLES, FRAME_SAMPLES / SAMPLE_RATE
SETTLING_S = 1.0


class Room:
    """An AudioSource that is silent until somebody listens, and after what is said."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self.role: SatelliteRole | None = None

    async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        loop, at = asyncio.get_running_loop(), -int(SETTLING_S / FRAME_S) * FRAME_BYTES
        due = loop.time()
        while True:
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            heard = self._said[at : at + FRAME_BYTES] if at >= 0 else b""
            yield heard.ljust(FRAME_BYTES, b"\0")
            if self.role is not None and self.role.served:
                at += FRAME_BYTES


class File:
    """An AudioSink that takes as long as a loudspeaker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._word = asyncio.Lock()

    async def play(self, pcm: bytes) -> None:
        async with self._word:
            await asyncio.to_thread(self._append, pcm)
            await asyncio.sleep(len(pcm) / 2 / SAMPLE_RATE)

    def duck(self, share: float) -> None:
        """It is a file."""

    def _append(self, pcm: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(pcm)


async def main(recording: str, played: str, wake: str) -> None:
    heard = await asyncio.to_thread(read_wav, Path(recording))
    room = Room(heard.pcm)
    config = Config(
        box=Box(name="hall", area="Kitchen"),
        satellite=Satellite(port=0, wake=cast(Literal["here", "server"], wake)),
    )
    async with satellite(config, Sound(room, File(Path(played)))) as running:
        room.role = running.role
        print(running.port, flush=True)  # noqa: T201  # for the test
        await asyncio.Event().wait()


if __name__ == "__main__":
    start_log("info")
    asyncio.run(until_signal(main(*sys.argv[1:])))
