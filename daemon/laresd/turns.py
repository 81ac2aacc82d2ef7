"""What a spoken turn is made of: the events and effects of its state machine.

`core.turn` decides; `frontends.voice` brings the events and carries out the effects. Every
position is an index of samples (16 kHz) in the audio source since its session began, so a
recording that plays faster than real time behaves exactly as the microphone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    IDLE = "idle"
    LISTENING = "listening"  # the wake word was heard, or the ear is open
    THINKING = "thinking"  # the utterance has ended: transcribe, understand, act
    SPEAKING = "speaking"
    FOLLOW_UP = "follow_up"  # listening for an answer, without the wake word


class Sign(StrEnum):
    """What an ear shows of itself, in whatever way: lamps, earcons, MQTT."""

    IDLE = "idle"  # waits for the wake word
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"  # hears nothing at all
    ERROR = "error"  # something failed, and was said


class Wholeness(StrEnum):
    """Whether somebody who pauses after these words has said what there was to say."""

    WHOLE = "whole"  # a command that is clear, and that no other one begins with
    LIKELY = "likely"  # one that is clear, but a room or more may be added
    OPEN = "open"  # something must follow: "turn on the"
    UNSURE = "unsure"


class Closing(StrEnum):
    """Why a turn ended."""

    DONE = "done"  # the reply was spoken
    NO_SPEECH = "no_speech"  # nothing was said after the wake word
    NOTHING_HEARD = "nothing_heard"  # noise, or text that nobody said
    NOT_ADDRESSED = "not_addressed"  # open ear: the wake phrase was not in it
    INTERRUPTED = "interrupted"  # the wake word came again
    CANCELLED = "cancelled"  # by a button, the daemon's stop, or a worker that failed


@dataclass(frozen=True, slots=True)
class WakeHeard:
    """A wake word ended at sample `at`. `held`: somebody holds a button instead, and no pause ends
    what is said until it is Released. `until`: a wake phrase began at `at`, and it and what may
    have been said with it were heard up to there.
    """

    at: int
    name: str
    score: float = 1.0
    held: bool = False
    until: int | None = None


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """One frame that ends at sample `end`: its probability of speech, and its loudness (dBFS)."""

    end: int
    speech: float
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcribed:
    """Job `job` is done. `text`: what may be acted on, empty for nothing (noise, made-up text).

    `wholeness`: whether more must be waited for. Where a wake phrase is asked for, `addressed` says
    that it was there, and `wake_only` that it was all there was. `failed`: the speech model gave
    up; the answer is to say so.
    """

    job: int
    text: str
    wholeness: Wholeness = Wholeness.UNSURE
    addressed: bool = True
    wake_only: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReplyBegun:
    """The first sentence of the reply to job `job` can be spoken; the rest is still generated."""

    job: int


@dataclass(frozen=True, slots=True)
class ReplyReady:
    """The whole reply to job `job` can be spoken. `asks`: it wants an answer. `waits`: something is
    done or left by that answer, so it is listened for in any case.
    """

    job: int
    asks: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The reply of job `job` was spoken, or could not be."""

    job: int


@dataclass(frozen=True, slots=True)
class Released:
    """The button that was held is let go. `ends`: what was said is over, and so is the listening
    where nothing was; else it is listened on as after a wake word.
    """

    ends: bool = True


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop whatever is going on."""


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """No more audio will come."""


Event = (
    WakeHeard
    | FrameHeard
    | Transcribed
    | ReplyBegun
    | ReplyReady
    | PlaybackEnded
    | Released
    | Cancel
    | SourceEnded
)


@dataclass(frozen=True, slots=True)
class Open:
    """A turn begins. `name` of the wake word; empty for an open ear or a follow-up. `goes_on`: it
    is what was said right after the command before, if it goes on with that.
    """

    at: int
    name: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Start job `job` on samples `start` to `end`. It is speculative until a Commit names it."""

    job: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Overhear:
    """Something was said into the reply, from `start` to `end`: is it a stop word, or a wake phrase
    at its beginning? It `goes_on`: then it is too long for a stop word.
    """

    start: int
    end: int
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Discard:
    """Speech went on: the result of `job` is not wanted."""

    job: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The endpoint, decided at sample `at`: what `job` hears is the command.

    Speech was between `speech_start` and `speech_end`.
    """

    job: int
    speech_start: int
    speech_end: int
    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Understand and act on the text of `job`."""

    job: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak the reply to `job`, as far as it is there, and the rest as it comes."""

    job: int


@dataclass(frozen=True, slots=True)
class Close:
    """The turn is over: stop its work and its sound."""

    closing: Closing
    at: int


Effect = Open | Transcribe | Overhear | Discard | Commit | Answer | Speak | Close
