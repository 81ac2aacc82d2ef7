"""What is said into a reply: a stop word, or the wake phrase."""

from __future__ import annotations

import logging
from enum import Enum, auto

from laresd.errors import LaresError
from laresd.frontends.voice import wording
from laresd.frontends.voice.answering import Answering
from laresd.frontends.voice.phrase import after_phrase
from laresd.frontends.voice.transcribing import Scribe

log = logging.getLogger(__name__)

STOP = "stop"  # of `turn.barge_in`


class Told(Enum):
    """What whoever speaks into a reply wants."""

    STOP = auto()
    WAKE = auto()


class Overheard:
    """`stops`: stop words end a reply. `phrase`: so does this, "" for nothing."""

    def __init__(self, scribe: Scribe, phrase: str, *, stops: bool) -> None:
        self._scribe, self._phrase, self._stops = scribe, phrase, stops

    async def told(self, pcm: bytes, answering: Answering, *, goes_on: bool) -> Told | None:
        """None where neither was said, or where the reply may have been heard itself. It `goes_on`
        after the `pcm`.
        """
        stops = self._stops and not goes_on
        if not stops and not self._phrase:
            return None
        try:
            heard = await self._scribe.read(pcm)
        except LaresError as error:
            log.debug("not overheard: %s", error)
            return None
        if answering.says(heard):
            return None
        if self._phrase and heard.text and after_phrase(heard.text, self._phrase) is not None:
            return Told.WAKE
        language = self._scribe.language_of(heard)
        return Told.STOP if stops and wording.is_stop(heard.text, language) else None
