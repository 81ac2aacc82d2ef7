"""What a box makes of sounds in which nobody says a command to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.app import Box
from laresd.backends.audio import Recording
from laresd.commands.demo import FIRST
from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE, ReplyKind, Turn
from tests.fakes.sounds import Clip

WAKE_S = 1.6  # of FIRST: its wake word


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a clip led to."""

    clip: Clip
    turns: tuple[Turn, ...]

    @property
    def acted(self) -> bool:
        """Whether something was sent to a device, or done otherwise (a timer)."""
        replies = [turn.reply for turn in self.turns if turn.reply is not None]
        return any(turn.publications for turn in self.turns) or any(
            reply.outcomes or reply.kind in (ReplyKind.DONE, ReplyKind.PARTIAL) for reply in replies
        )

    @property
    def texts(self) -> list[str]:
        """What was taken for words."""
        heard = [turn.transcript.text for turn in self.turns if turn.transcript]
        return [text for text in heard if text]


def wake_word() -> bytes:
    """Said by a person who then says nothing."""
    return read_wav(FIRST).pcm[: int(WAKE_S * SAMPLE_RATE) * 2]


def a_command() -> Clip:
    """The wake word and a command: what is to be understood."""
    return Clip("command", "command", read_wav(FIRST).pcm)


async def outcomes(box: Box, sounds: Sequence[Clip], before: bytes) -> list[Outcome]:
    """Each clip through the path of the microphone, after another sound."""
    found = []
    for clip in sounds:
        turns = await box.voice.play(Recording(before + clip.pcm), name=clip.name)
        found.append(Outcome(clip, turns))
    return found
