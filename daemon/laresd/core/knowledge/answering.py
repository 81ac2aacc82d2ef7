"""An answer as it is told: sentences that passages bear out, each after where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from laresd.core.knowledge import claims, wording
from laresd.core.knowledge.evidence import Spot
from laresd.core.knowledge.prompt import NOTHING
from laresd.core.talk import is_written_in, joined, plain
from laresd.documents import Cited, Claim, Found

MOST_SENTENCES = 4
MOST_CHARACTERS = 700  # nobody listens longer


class Telling:
    """Feed it with `hear` (what a model wrote) or `quote` (what a document says). `over`: no more
    is wanted. `declined`: the model found that the passages do not say it.
    """

    def __init__(
        self, found: Sequence[Found], language: str, tell: Callable[[str], None] | None = None
    ) -> None:
        self.found = tuple(found)
        self.claims: list[Claim] = []
        self.over = self.declined = False
        self._language = language
        self._tell = tell
        self._said = ""
        self._last: int | None = None

    def hear(self, sentence: str) -> None:
        """A sentence with its marks; what no passage bears out is left out."""
        if self.over:
            return
        if sentence.strip().rstrip(".").upper() == NOTHING:
            self.over = self.declined = not self.claims
            return
        claim = claims.borne_out(plain(sentence), self.found)
        if claim is not None and is_written_in(claim.text, self._language):
            self._say(claim)

    def quote(self, spot: Spot) -> None:
        """A sentence of a document, as it stands there."""
        text = self.found[spot.found].passage.text[spot.start : spot.end]
        said = " ".join(text.split())
        if said:
            self._say(Claim(said, (spot.found,), quoted=True))

    def add(self, text: str) -> None:
        """Said at the end, whatever the passages say."""
        self._told(text)
        self.over = True

    def cited(self) -> Cited:
        """With the passages that are cited alone, numbered anew in the order of the answer."""
        used = list(dict.fromkeys(n for claim in self.claims for n in claim.sources))
        numbers = {old: new for new, old in enumerate(used)}
        told = tuple(
            replace(claim, sources=tuple(numbers[n] for n in claim.sources))
            for claim in self.claims
        )
        return Cited(self._said, told, tuple(self.found[n] for n in used))

    def _say(self, claim: Claim) -> None:
        if any(claim.text == known.text for known in self.claims):
            return
        source, text = claim.sources[0], claim.text
        if source != self._last:
            text = wording.from_source(text, self.found[source], self._language)
        if self.claims and len(self._said) + len(text) > MOST_CHARACTERS:
            self.over = True
            return
        self._last = source
        self.claims.append(claim)
        self._told(text)
        self.over = len(self.claims) >= MOST_SENTENCES

    def _told(self, text: str) -> None:
        self._said = joined(self._said, text)
        if self._tell is not None:
            self._tell(text)
