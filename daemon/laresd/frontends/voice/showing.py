"""How an ear shows what it does: its signs, and how loud its loudspeaker is."""

from __future__ import annotations

from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.parts import Parts
from laresd.turns import Phase, Sign

DUCKED = 0.2  # of what sounds while somebody speaks
_SIGNS = {
    Phase.IDLE: Sign.IDLE,
    Phase.LISTENING: Sign.LISTENING,
    Phase.THINKING: Sign.THINKING,
    Phase.SPEAKING: Sign.SPEAKING,
    Phase.FOLLOW_UP: Sign.LISTENING,
}


class Shown:
    """Told of every change of the phase."""

    def __init__(self, parts: Parts, ear: Ear) -> None:
        self._signs, self._ear = parts.signs, ear
        self._loud = 1.0

    def phase(self, phase: Phase) -> None:
        self._turn(DUCKED if phase is Phase.LISTENING else 1.0)
        self._signs.show(_SIGNS[phase], self._ear.site)

    def hush(self) -> None:
        """Not a sound until the next phase: the wake word was heard."""
        self._turn(0.0)

    def trouble(self) -> None:
        """Something failed in the turn that is over. Shown until the next one begins."""
        self._signs.show(Sign.ERROR, self._ear.site)

    def _turn(self, share: float) -> None:
        if share != self._loud:
            self._loud = share
            self._ear.sink.duck(share)
