"""Several boxes in one house: who answers a wake word, settled over the broker.

Each box tells its claim on `<prefix>/wake/claim` (QoS 0, not retained): a late one is worth
nothing. As long as no other box is online nothing is sent and nobody waits.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import secrets
from collections.abc import Callable
from typing import Protocol

from laresd.config import Config
from laresd.errors import LaresError
from laresd.ports import Bus, Clock
from laresd.types import Message, WakeClaim

log = logging.getLogger(__name__)

MAX_CLAIM = 512  # bytes
MAX_BOXES = 64
EXPIRY = 1.0  # seconds
_NAME = re.compile(r"[A-Za-z0-9_./-]{0,64}")


class Ballot(Protocol):
    """What an ear knows of the claims (core.arbitration.Ballot). `now`: monotonic seconds."""

    def hear(self, claim: WakeClaim, now: float) -> None: ...

    def may_claim(self, now: float) -> bool: ...

    def claim(self, own: WakeClaim, now: float) -> None: ...

    def won(self) -> bool: ...


class WakeArbiter:
    """Keep `run` running. `ballot` makes what one ear knows of the claims; `wait`: seconds from a
    claim to its decision. `ears`: how many of this box hear now.
    """

    def __init__(
        self,
        config: Config,
        bus: Bus,
        clock: Clock,
        ballot: Callable[[], Ballot],
        wait: float,
    ) -> None:
        self.ears: Callable[[], int] = lambda: 1
        self._box = config.box.name
        self._prefix = config.mqtt.prefix
        self._topic = f"{config.mqtt.prefix}/wake/claim"
        self._bus = bus
        self._clock = clock
        elsewhere = {each.site or name for name, each in config.satellites.items()}
        self._ballots = {site: ballot() for site in {"", *elsewhere}}
        self._wait = wait
        self._others: set[str] = set()  # boxes that are online
        self._news = asyncio.Event()

    @property
    def alone(self) -> bool:
        """Whether no other box is known to be there."""
        return not self._others

    async def known(self, others: int) -> None:
        """Until so many other boxes are known to be there."""
        while len(self._others) < others:
            self._news.clear()
            await self._news.wait()

    async def run(self) -> None:
        messages = self._bus.subscribe(self._topic, f"{self._prefix}/+/availability")
        try:
            async for message in messages:
                if message.topic == self._topic:
                    self._claimed(message)
                else:
                    self._met(message)
        finally:
            messages.close()

    async def may_answer(self, score: float, loudness: float, site: str = "") -> bool:
        """Whether a wake word that was heard just now at this ear is to be answered there.

        `score`: 0 to 1, `loudness`: dBFS. Where the broker cannot tell, it is, but for what other
        ears of this box heard: two answers are better than none.
        """
        shared = self._bus.connected and not self.alone
        ballot = self._ballots.get(site)
        if ballot is None or (not shared and self.ears() < 2):
            return True
        now = self._clock.now()
        if not ballot.may_claim(now):
            log.info("the wake word was heard, too, but another ear answers")
            return False
        own = WakeClaim(self._box, site, score, loudness, secrets.token_hex(4))
        ballot.claim(own, now)
        self._hear(own, now)
        if shared:
            try:
                await self._bus.publish(self._topic, _told(own), qos=0, expiry_s=EXPIRY)
            except LaresError as error:
                log.warning("other boxes could not be asked who answers: %s", error)
                if self.ears() < 2:
                    return True
        await self._clock.wait(asyncio.Event(), now + self._wait)
        won = ballot.won()
        where = site or "this box"
        log.info("the wake word was heard: %s answers", where if won else "another ear")
        return won

    def _hear(self, claim: WakeClaim, now: float) -> None:
        """Each ear knows the claims of all others."""
        for site, ballot in self._ballots.items():
            if (claim.box, claim.site) != (self._box, site):
                ballot.hear(claim, now)

    def _met(self, message: Message) -> None:
        box = message.topic[len(self._prefix) + 1 :].partition("/")[0]
        if box == self._box:
            return
        if message.payload != b"online":
            self._others.discard(box)
        elif len(self._others) < MAX_BOXES:
            self._others.add(box)
            self._news.set()

    def _claimed(self, message: Message) -> None:
        claim = None if message.retained else read_claim(message.payload)
        if claim is not None and claim.box != self._box:
            self._hear(claim, self._clock.now())


def _told(claim: WakeClaim) -> str:
    return json.dumps(
        {
            "box": claim.box,
            "site": claim.site,
            "score": claim.score,
            "loudness": claim.loudness,
            "number": claim.number,
        }
    )


def read_claim(payload: bytes) -> WakeClaim | None:
    """The claim in a message; None where it is none."""
    if len(payload) > MAX_CLAIM:
        return None
    try:
        fields = json.loads(payload)
        claim = WakeClaim(
            box=_named(fields["box"]),
            site=_named(fields["site"]),
            score=_number(fields["score"]),
            loudness=_number(fields["loudness"]),
            number=_named(fields["number"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    fits = 0.0 <= claim.score <= 1.0 and math.isfinite(claim.loudness)
    return claim if fits and claim.box and claim.number else None


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError
    return float(value)


def _named(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError
    return value
