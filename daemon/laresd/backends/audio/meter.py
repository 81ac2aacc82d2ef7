"""How loud the microphone is, and whether something is wrong with it."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from dataclasses import dataclass

from laresd.sound import SILENT_DBFS, clipped, level_dbfs, peak_dbfs
from laresd.types import SAMPLE_RATE

log = logging.getLogger(__name__)

DEAD_DBFS = -84.0  # peak; the quietest room is louder in the worst microphone
DEAD_S = 60  # of it, before it is said
CLIPPED_SHARE = 0.001  # of a second's samples
CLIPPED_S = 5  # such seconds in a row, before it is said


@dataclass(frozen=True, slots=True)
class Levels:
    """The last second of the microphone, in dB against full scale (dBFS), after the gain.

    `clipped`: samples at the end of their range. `seconds`: that were heard since the start. `at`:
    when it ended (time.monotonic).
    """

    rms: float = SILENT_DBFS
    peak: float = SILENT_DBFS
    clipped: int = 0
    seconds: int = 0
    at: float = 0.0


class Meter:
    """Fed in the sound system's thread, read in any. Warns in the log of a microphone that has been
    dead or too loud for long, and says when that is over.
    """

    def __init__(self) -> None:
        self.levels = Levels()
        self._second: deque[bytes] = deque()
        self._samples = 0
        self._dead_s = 0
        self._clipped_s = 0
        self._complains = False

    def feed(self, pcm: bytes) -> None:
        """The next piece of 16 kHz mono s16."""
        self._second.append(pcm)
        self._samples += len(pcm) // 2
        if self._samples < SAMPLE_RATE:
            return
        sound = b"".join(self._second)
        self._second.clear()
        self._samples = 0
        seconds = self.levels.seconds + 1
        self.levels = Levels(
            level_dbfs(sound), peak_dbfs(sound), clipped(sound), seconds, time.monotonic()
        )
        self._judge(len(sound) // 2)

    def _judge(self, samples: int) -> None:
        self._dead_s = self._dead_s + 1 if self.levels.peak <= DEAD_DBFS else 0
        too_loud = self.levels.clipped > CLIPPED_SHARE * samples
        self._clipped_s = self._clipped_s + 1 if too_loud else 0
        if self._dead_s == DEAD_S:
            self._complains = True
            log.warning(
                "the microphone gives only silence: is it switched off, or the wrong channel or "
                "device (audio.input, audio.channel)? See: lares microphone"
            )
        elif self._clipped_s == CLIPPED_S:
            self._complains = True
            log.warning("the microphone is too loud and clips: lower audio.gain_db or its own gain")
        elif self._complains and not self._dead_s and not self._clipped_s:
            self._complains = False
            log.info("the microphone's level is well again")


def factor(gain_db: float) -> float:
    """What samples are multiplied with."""
    return math.pow(10.0, gain_db / 20)
