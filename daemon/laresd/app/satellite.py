"""A machine that is only ears and a voice: microphone, loudspeaker, and the wake word's engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from laresd.app.ears import AllSigns
from laresd.app.sound import Sound
from laresd.app.waking import waking_of
from laresd.app.wyoming import announced
from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.errors import ConfigError
from laresd.frontends.wyoming import Doors, Limits, Offered, SatelliteRole

log = logging.getLogger(__name__)

EAR = "microphone"
CONNECTIONS = 4  # a server, one that takes its place, and who asks what this is


@dataclass(frozen=True, slots=True)
class RunningSatellite:
    port: int
    role: SatelliteRole


@asynccontextmanager
async def satellite(config: Config, sound: Sound) -> AsyncIterator[RunningSatellite]:
    """From its start to its stop. Raises ConfigError for a microphone that anybody could listen
    to, or none at all; Permanent for an address that cannot be had.
    """
    settings = config.satellite
    if sound.source is None:
        raise ConfigError("a satellite without a microphone", remedy="set audio.enabled = true")
    clock = SystemClock()
    listen = Worker(specs.listening(config.wake)) if settings.wake == "here" else None
    waking = waking_of(config, clock, listen, None) if listen is not None else None
    role = SatelliteRole(
        config,
        clock,
        sound.source,
        sound.sink,
        waking.listener(EAR) if waking is not None else None,
        wake_words=lambda: [Offered(word, ("en",)) for word in config.wake.words],
        signs=AllSigns(sound.signs),
    )
    doors = Doors(
        role,
        Limits(connections=CONNECTIONS),
        host=settings.host,
        port=settings.port,
        clients=settings.servers,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(doors)
        if not doors.local and not settings.servers:
            raise ConfigError(
                "any machine of the LAN could listen to this microphone",
                remedy='name those that may: satellite.servers = ["192.168.1.10"]',
            )
        if listen is not None:
            await stack.enter_async_context(listen)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        runs = [role.run(), doors.run(), sound.run()]
        if listen is not None and waking is not None:
            runs += [listen.run(), waking.run()]
        if settings.announce and not doors.local:
            runs.append(announced(config.box.name, doors.port))
        tasks = [group.create_task(run) for run in runs]
        log.info("a satellite at port %d of %s", doors.port, settings.host)
        try:
            yield RunningSatellite(doors.port, role)
        finally:
            for task in tasks:
                task.cancel()
