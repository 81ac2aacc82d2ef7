"""What is noted of one turn while it happens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from laresd.turns import Closing
from laresd.types import Json, Reply, Span, Transcript, Turn

MASK = "****"  # in place of a PIN
_REASONS = {
    Closing.NO_SPEECH: "nothing was said after the wake word",
    Closing.NOTHING_HEARD: "no words were heard",
    Closing.NOT_ADDRESSED: "the wake phrase was not said",
    Closing.INTERRUPTED: "the wake word was said again",
    Closing.CANCELLED: "it was cancelled",
}


@dataclass(slots=True)
class Record:
    """One turn in the making. Times are monotonic seconds."""

    source: str
    wake_word: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    transcript: Transcript | None = None
    reply: Reply | None = None
    doubt: str = ""  # why what was heard is not acted on
    trouble: str = ""  # what failed
    secret: bool = False  # a PIN was said
    spans: list[Span] = field(default_factory=list)

    def note(
        self, name: str, start: float, end: float, detail: Mapping[str, Json] | None = None
    ) -> None:
        self.spans.append(Span(name, start, max(start, end), dict(detail or {})))

    def close(self, closing: Closing) -> Turn:
        """The turn as it is told to others."""
        spans = [*self.spans, *(self.reply.spans if self.reply else ())]
        return Turn(
            id=self.id,
            source=self.source,
            closing=closing.value,
            reason=self.trouble or self.doubt or _REASONS.get(closing, ""),
            wake_word=self.wake_word,
            transcript=self._shown(),
            reply=self.reply,
            spans=tuple(sorted(spans, key=lambda span: span.start)),
        )

    def _shown(self) -> Transcript | None:
        if self.transcript is None or not self.secret:
            return self.transcript
        return replace(self.transcript, text=MASK)
