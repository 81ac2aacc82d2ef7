"""What the turn machine knows between two events. Positions are indexes of samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from laresd.core.loudness import Loudness
from laresd.turns import Phase, Transcribed
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

CONFIRM = 2 * FRAME_SAMPLES  # speech shorter than this is a click
PRE_ROLL = SAMPLE_RATE * 3 // 10  # heard before the first speech frame: soft consonants
TRAIL = SAMPLE_RATE * 2 // 10  # heard after the last
TAIL = SAMPLE_RATE * 3 // 10  # the wake word may sound this long after its detection
LOOK_BACK = SAMPLE_RATE * 3 // 10  # a command may have begun this long before it
ECHO = SAMPLE_RATE * 2 // 10  # of the reply in the room, before a follow-up is listened for
KEEP = SAMPLE_RATE  # of audio while no turn is open
STOP_WORD = SAMPLE_RATE * 3 // 2  # what is said into a reply and lasts longer is no stop word
HELD = 30 * SAMPLE_RATE  # that a held button keeps an ear open while nobody speaks
RELEASE = SAMPLE_RATE * 15 // 100  # of a last word that was on its way when the button was let go
KEEP_OVERHEARD = 3 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said so far in the turn."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. Positions are sample indexes."""

    phase: Phase = Phase.IDLE
    now: int = 0
    run_start: int | None = None  # of the speech frames that follow each other up to now
    quiet_end: int | None = None  # of the last frame without speech
    begin: int = 0  # first sample that may belong to the turn
    woken: bool = False  # by a wake word, whose tail may still sound
    said: Speech | None = None
    jobs: int = 0  # how many were started
    job: int | None = None  # the one whose text is wanted
    probes: bool = False  # it was begun while the speech went on
    probed: int = 0  # where the speech stood then
    text: Transcribed | None = None  # its result, when it came before the endpoint
    last_text: str = ""  # of the job before, in this turn
    loud_end: int = 0  # of the last speech that was as loud as the speech before
    loudness: Loudness = field(default_factory=Loudness)
    spoken: int = 0  # end of a command that was closed at once, while more may follow it
    more: Speech | None = None  # what did
    replied: bool = False  # the whole reply is there
    window: int = 0  # how long the answer to the reply is listened for
    follow_ups: int = 0  # answers that were listened for since the wake word
    held: bool = False  # a button is: no pause ends what is said
    released: int | None = None  # sample at which it was, where the last word still sounded
    ended: bool = False  # no more audio will come

    @property
    def keep_from(self) -> int:
        """The first sample that a later effect may name."""
        recent = max(0, self.now - KEEP)
        if self.phase is Phase.LISTENING and self.said:
            return min(recent, max(self.begin, self.said.start - PRE_ROLL))
        if self.phase is Phase.SPEAKING:
            recent = max(0, self.now - KEEP_OVERHEARD)
        return recent if self.more is None else min(recent, max(0, self.more.start - PRE_ROLL))

    @property
    def running(self) -> int | None:
        """Where the speech that goes on now began, once it is no click."""
        if self.run_start is None or self.now - self.run_start < CONFIRM:
            return None
        return self.run_start

    def fresh(self, begin: int, *, phase: Phase = Phase.LISTENING) -> State:
        """A new turn or none: nothing was heard yet."""
        return State(
            phase=phase,
            now=self.now,
            run_start=self.run_start,
            quiet_end=self.quiet_end,
            begin=begin,
            jobs=self.jobs,
            ended=self.ended,
        )
