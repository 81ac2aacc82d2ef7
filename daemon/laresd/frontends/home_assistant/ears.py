"""What the house may switch of the box's hearing; it stays so over a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from laresd.errors import Refused

LISTENING, MUTE = "listening", "mute"


class Voice(Protocol):
    """What of the voice frontend is switched."""

    listening: bool

    def cancel(self) -> None: ...


class Microphone(Protocol):
    @property
    def muted(self) -> bool: ...

    @property
    def off(self) -> bool:
        """Whether it would be muted without a switch of the hardware."""
        ...

    @property
    def held(self) -> bool:
        """Whether a switch of the hardware has it off."""
        ...

    def mute(self, muted: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Ears:
    """`listening` off: nothing begins a turn, and the microphone stays open. `mute` on: it is
    closed, and nothing is heard at all. `keep` writes down what is set, before it is so; it raises
    Temporary or Permanent, and then nothing has changed, but for a microphone that is to be muted.
    """

    voice: Voice
    microphone: Microphone
    keep: Callable[[Mapping[str, bool]], Awaitable[None]]

    def states(self) -> dict[str, bool]:
        return {LISTENING: self.voice.listening, MUTE: self.microphone.muted}

    async def switch(self, name: str, on: bool) -> None:
        """Muting ends the turn that goes on, and happens even where it cannot be kept. Raises
        Refused where the switch on the box has the microphone off.
        """
        if name == MUTE and not on and self.microphone.held:
            raise Refused(
                "the switch on the box has the microphone off", remedy="move the switch by hand"
            )
        if name == MUTE and on:
            self._mute(True)
        wanted = {LISTENING: self.voice.listening, MUTE: self.microphone.off}
        await self.keep({**wanted, name: on})
        if name == MUTE:
            self._mute(on)
        else:
            self.voice.listening = on

    def _mute(self, on: bool) -> None:
        if on and not self.microphone.muted:
            self.voice.cancel()
        self.microphone.mute(on)
