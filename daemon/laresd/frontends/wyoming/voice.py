"""When a voice begins and ends in a stream, from the probability of speech in each frame. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

BEGIN_FRAMES = 3  # of speech in a row: a tenth of a second; a click is shorter


class Edge(StrEnum):
    STARTED = "voice-started"
    STOPPED = "voice-stopped"


@dataclass(slots=True)
class VoiceEdges:
    """Feed it each frame. `silence_ms`: without speech, after which the voice has stopped."""

    threshold: float
    silence_ms: int
    speaking: bool = False
    _run: int = 0  # frames in a row that speak against what is known

    def frame(self, speech: float, end: int) -> tuple[Edge, int] | None:
        """What this frame, which ends at sample `end`, makes certain, and the sample since when."""
        if (speech >= self.threshold) is self.speaking:
            self._run = 0
            return None
        self._run += 1
        silence = self.silence_ms * SAMPLE_RATE // (1000 * FRAME_SAMPLES)
        if self._run < (max(1, silence) if self.speaking else BEGIN_FRAMES):
            return None
        begun = end - self._run * FRAME_SAMPLES
        self.speaking, self._run = not self.speaking, 0
        return (Edge.STARTED if self.speaking else Edge.STOPPED), begun
