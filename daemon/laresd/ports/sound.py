"""What is heard and said, and what the box shows of itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Protocol

from laresd.turns import Effect, Event, Phase, Sign
from laresd.types import Heard, PartialTranscript, Transcript


class Transcriber(Protocol):
    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        """The text of one utterance (16 kHz mono s16). Empty text where nothing was said.

        `language`: AUTO to find it out; `Transcript.language` says it then, where the engine can.
        `hints`: names that may be said, the likeliest first; an engine may leave them out, and
        never writes one down that was not said. Raises Temporary (worker died twice, deadline) or
        Permanent (model unusable, or it does not know the language).
        """
        ...


class Dictation(Protocol):
    """Text that comes out while it is still being said, for as long as somebody speaks."""

    def stream(
        self, frames: AsyncIterator[bytes], *, language: str, hints: Sequence[str] = ()
    ) -> AsyncGenerator[PartialTranscript, None]:
        """The pieces of the transcript of a sound (16 kHz mono s16 in parts of any length).

        `frames` is not read while a part is transcribed: its owner holds what comes meanwhile.
        Made-up text is left out. Raises what `Transcriber.transcribe` raises; closing it gives
        the work up.
        """
        ...


class Listener(Protocol):
    """Wake word and voice activity of one stream, in one worker because both read every frame."""

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        """What was found in these samples, which follow the previous call's without a gap.

        One SPEECH per complete 512-sample frame, WAKE where a wake word ended. Any length of pcm.
        """
        ...

    async def reset(self) -> None:
        """Forget the audio so far (after a gap, or when a turn has ended)."""
        ...

    async def close(self) -> None:
        """Free what is kept of its stream; the next `hear` would begin a new one."""
        ...


class Synthesizer(Protocol):
    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        """Speech as 16 kHz mono s16."""
        ...


class StreamingSynthesizer(Synthesizer, Protocol):
    def stream(self, text: str, *, language: str, timeout_s: float) -> AsyncGenerator[bytes, None]:
        """The same in pieces that are played one after the other, the first of them short, so that
        it is there early. Each is computed when it is asked for, within `timeout_s` seconds.
        """
        ...


def one() -> int:
    """Each frame by itself."""
    return 1


class AudioSource(Protocol):
    """Microphone, or a recording that plays the microphone."""

    def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        """Frames of FRAME_SAMPLES samples until the source ends; closing it frees the device.

        `at_once` is asked before each wait: a microphone that has nothing need not come back
        before it has so many frames. Raises Permanent when there can be no sound.
        """
        ...


class AudioSink(Protocol):
    """A loudspeaker. Sounds follow each other in the order of the calls and never overlap."""

    async def play(self, pcm: bytes) -> None:
        """Play 16 kHz mono s16 to its end; cancelling silences the loudspeaker within 60 ms.

        Raises Temporary when the loudspeaker is gone, Permanent without a sound system.
        """
        ...

    def duck(self, share: float) -> None:
        """How loud what plays now and later is, 0 to 1; 1: as it is set."""
        ...


class Signs(Protocol):
    """Lamps, earcons, whatever shows how an ear fares."""

    def show(self, sign: Sign, site: str) -> None:
        """From now on, for the ear at this site ("" for the box's own). Returns at once, and raises
        nothing.
        """
        ...


class Volume(Protocol):
    """How loud the box's own voice is, 0 to 100 percent."""

    @property
    def percent(self) -> int: ...

    async def set(self, percent: int) -> None:
        """From now on, and after a restart. Raises Refused for what is no percentage, Temporary
        where it is set and cannot be kept.
        """
        ...


class TurnMachine(Protocol):
    """Decides by the audio when a spoken turn opens, what its command is, when it ends. Pure."""

    @property
    def phase(self) -> Phase: ...

    @property
    def keep_from(self) -> int:
        """The first sample that a later effect may name; what is older can be forgotten."""
        ...

    def step(self, event: Event) -> Sequence[Effect]:
        """What to do now, in order. Any event may come at any time."""
        ...
