"""Ears and voices of this box on other machines: each an ear of its own while it is connected."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial

from laresd.app.waking import Waking
from laresd.backends.satellites import RemoteSatellite, SatelliteListener
from laresd.config import Config
from laresd.frontends.mqtt import WakeArbiter
from laresd.frontends.voice import Ear, VoiceFrontend
from laresd.ports import Listener
from laresd.turns import Sign


class Satellites:
    """Ports Signs, and what wakes the ears: where a satellite heard its wake word itself nobody
    listens for it here, nor looks for it in what came after it. Raises ConfigError for an address
    that is none.
    """

    def __init__(self, config: Config, waking: Waking, arbiter: WakeArbiter) -> None:
        self._config, self._waking, self._arbiter = config, waking, arbiter
        made = [RemoteSatellite(name, each) for name, each in config.satellites.items()]
        self._by_ear = {_ear(satellite): satellite for satellite in made}
        own = int(config.audio.enabled)
        arbiter.ears = lambda: own + sum(each.connected for each in made)

    def listener(self, ear: str) -> Listener:
        inner = self._waking.listener(ear)
        satellite = self._by_ear.get(ear)
        return inner if satellite is None else SatelliteListener(inner, satellite.take)

    async def was_said(self, ear: str, word: str) -> bool:
        satellite = self._by_ear.get(ear)
        if satellite is not None and satellite.wakes:
            return True
        return await self._waking.was_said(ear, word)

    async def may_answer(self, score: float, loudness: float, site: str) -> bool:
        """Where a satellite heard the wake word it was not sent here: it says how loud it was."""
        heard = [each.loudness for each in self._by_ear.values() if each.site == site]
        louder = next((level for level in heard if level is not None), loudness)
        return await self._arbiter.may_answer(score, louder, site)

    def show(self, sign: Sign, site: str) -> None:
        for satellite in self._by_ear.values():
            if satellite.site == site:
                satellite.show(sign)

    def runs(self, voice: VoiceFrontend) -> dict[str, Coroutine[None, None, None]]:
        """What is to run, by name."""
        attend = partial(self._attend, voice)
        return {name: each.run(attend) for name, each in self._by_ear.items()}

    async def _attend(self, voice: VoiceFrontend, satellite: RemoteSatellite) -> None:
        ear = Ear(
            _ear(satellite),
            satellite,
            satellite,
            site=satellite.site,
            area=satellite.area or None,
            language=satellite.language,
        )
        await voice.attend(ear)


def _ear(satellite: RemoteSatellite) -> str:
    return satellite.name
