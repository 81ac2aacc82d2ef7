"""Plays a recording through the loudspeaker of a room, in a process of its own.

ALSA reads its configuration once, so the tests' own process cannot.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from laresd.backends.audio import Loudspeaker, PortAudio
from laresd.sound import read_wav


def main() -> None:
    asyncio.run(Loudspeaker(PortAudio()).play(read_wav(Path(sys.argv[1])).pcm))


if __name__ == "__main__":
    main()
