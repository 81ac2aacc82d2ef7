"""Whether a sound is as loud as the speech before it, or what is left when it has ended. Pure.

Voice activity takes a television or people in the next room for speech, and rightly so; but whoever
talks to Lares is the loudest for it, and the others go on at a lower level when they have ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

# On the 108 recorded commands of ../shared/data/speech nothing is cut by this rule. Over babble and
# television 10 to 20 dB below the speaker the end comes 0.7 s after the last word (median), where
# the voice activity alone hears speech for 10 s and more. Fans, hum and music it knows by itself.
FADED_DB = 12.0  # below the loudest speech of the turn: somebody else
SMOOTH = 3  # frames: one soft consonant is no end
FORGET_DB = 0.032  # in each frame (1 dB a second): a door that slams is not the measure for long


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of the speech in a turn so far. Levels are dBFS of single frames."""

    peak: float = -200.0  # of its speech, smoothed, and slowly forgotten
    recent: tuple[float, ...] = ()

    @property
    def now(self) -> float:
        """The loudest of the last frames."""
        return max(self.recent, default=-200.0)

    def after(self, level: float) -> Self:
        """With one more frame."""
        recent = (*self.recent, level)[-SMOOTH:]
        return replace(self, recent=recent, peak=self.peak - FORGET_DB)

    def after_speech(self) -> Self:
        """The last frame was speech, or sounds like it."""
        return replace(self, peak=max(self.peak, self.now))

    @property
    def has_faded(self) -> bool:
        return self.now < self.peak - FADED_DB
