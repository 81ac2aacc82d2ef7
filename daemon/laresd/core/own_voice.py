"""Lares is told how loud to speak, in a sentence that can mean nothing else."""

from __future__ import annotations

from dataclasses import replace

from laresd.core import saying
from laresd.core.intent import own_volume
from laresd.core.replies import own_volume as words
from laresd.ports import Volume
from laresd.types import Home, Reply, ReplyKind, Request

LEAST = 10  # percent: whoever turned it lower by voice would not hear that it was done


class OwnVoice:
    """`volume` None: it cannot be set on this box, and no sentence is taken for such a wish."""

    def __init__(self, volume: Volume | None) -> None:
        self._volume = volume

    async def answer(self, request: Request, home: Home) -> Reply | None:
        """What was done; None where something else is meant. Raises what the volume raises."""
        volume, language = self._volume, request.language
        wish = own_volume.wish(request.text, language, home) if volume is not None else None
        if volume is None or wish is None:
            return None
        if request.source == "voice" and request.site:
            return _reply(request, ReplyKind.REFUSED, words.elsewhere(language))
        now = volume.percent
        wanted = wish.of(now)
        floor = min(LEAST, now)
        if max(wanted, floor) != now:
            await volume.set(max(wanted, floor))
        if wanted < floor:
            return _reply(request, ReplyKind.REFUSED, words.at_least(floor, language))
        if wanted == now == 100:
            return _reply(request, ReplyKind.DONE, words.at_most(language))
        return _reply(request, ReplyKind.DONE, words.told(wanted, language))


def _reply(request: Request, kind: ReplyKind, text: str) -> Reply:
    return replace(saying.reply(request, kind, text), understood_by="grammar", intent="own_volume")
