"""The box as a server of Wyoming: what it offers, to whom, and how it is found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.app.engines import engines
from laresd.app.mind import Mind
from laresd.app.waking import Waking
from laresd.backends import espeak
from laresd.backends.clock import SystemClock
from laresd.backends.hosts.discovery import WYOMING, Announcement, announce
from laresd.backends.systemd import inherited
from laresd.backends.workers.clients import (
    WorkerGrammar,
    WorkerListener,
    WorkerSynthesizer,
    WorkerTranscriber,
)
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.core import guard
from laresd.core.dictation import LocalAgreement
from laresd.errors import ConfigError, LaresError
from laresd.frontends.wyoming import Connection, Dialogs, Doors, Limits, Offer, Offered, Services
from laresd.ports import Assistant, Clock
from laresd.types import Json

log = logging.getLogger(__name__)

ALONE = ("listen", "transcribe", "speech")  # the engines that need no home
LOADING_S = 120.0  # for the models of a slow SD card

_ESPEAK = ("eSpeak NG", "https://github.com/espeak-ng/espeak-ng")
_PIPER = ("Piper", "https://github.com/OHF-Voice/piper1-gpl")
_MICRO = ("microWakeWord", "https://github.com/kahrendt/microWakeWord")


@dataclass(frozen=True, slots=True)
class WyomingServer:
    """It has its addresses already; keep `run` running."""

    config: Config
    doors: Doors

    async def run(self) -> None:
        settings = self.config.wyoming
        where = f"tcp://{settings.host}:{self.doors.port}" if self.doors.port else settings.socket
        log.info("Wyoming is served at %s", where)
        if self.doors.local:
            await self.doors.run()
            return
        log.warning(
            "Wyoming is served to other machines, and has no password: %s may use this box",
            ", ".join(settings.clients) or "whoever reaches the port",
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self.doors.run(), name="Wyoming's clients")
            if settings.announce:
                told = announced(self.config.box.name, self.doors.port)
                group.create_task(told, name="Wyoming's announcement")


async def announced(name: str, port: int) -> None:
    """Announce a server of Wyoming; where the network does not let it, it works without."""
    try:
        await announce(Announcement(name, port, service=WYOMING))
    except LaresError as error:
        log.warning("Wyoming is not announced on the LAN: %s", error)


async def wyoming_of(
    config: Config,
    clock: Clock,
    mind: Mind,
    *,
    assistant: Assistant,
    workers: Mapping[str, Worker],
    waking: Waking,
    stack: AsyncExitStack,
) -> WyomingServer | None:
    """The box's own, over its scheduler; None where none is wanted, or its address is taken."""
    if not config.wyoming.enabled:
        return None
    offering = await Offering.of(config, workers)
    services = Services(
        config=config,
        clock=clock,
        offer=offering.now,
        transcriber=mind.work,
        synthesizer=mind.work,
        listener=waking.listener,
        doubt=guard.transcript,
        dictation=mind.dictation,
        grammar=WorkerGrammar(workers["grammar"]),
        assistant=assistant,
    )
    try:
        return await stack.enter_async_context(_served(services))
    except ConfigError:
        raise
    except LaresError as error:
        log.error("no server of Wyoming: %s", error)
        return None


@asynccontextmanager
async def alone(config: Config) -> AsyncIterator[Services]:
    """Ears, a voice and wake words without a home or a broker; their engines load."""
    clock = SystemClock()
    specs = await asyncio.to_thread(engines, config)
    workers = {name: Worker(specs[name]) for name in ALONE}
    offering = await Offering.of(config, workers)
    transcriber = WorkerTranscriber(workers["transcribe"])
    services = Services(
        config=config,
        clock=clock,
        offer=offering.now,
        transcriber=transcriber,
        synthesizer=WorkerSynthesizer(workers["speech"]),
        listener=lambda name: WorkerListener(workers["listen"], stream=name),
        doubt=guard.transcript,
        dictation=LocalAgreement(transcriber, clock, config.speech_to_text.timeout_s),
    )
    async with AsyncExitStack() as stack:
        for worker in workers.values():
            await stack.enter_async_context(worker)
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(worker.run()) for worker in workers.values()]
            try:
                await _loaded(workers, clock.now() + LOADING_S)
                yield services
            finally:
                for run in runs:
                    run.cancel()


async def _loaded(workers: Mapping[str, Worker], deadline: float) -> None:
    """Until it is known what can be offered; an engine that cannot be had costs only its part."""
    for name, worker in workers.items():
        try:
            await worker.wait_ready(deadline=deadline)
        except LaresError as error:
            log.error("%s: %s", name, error)


@asynccontextmanager
async def served_alone(config: Config) -> AsyncIterator[WyomingServer]:
    """As `alone`, at the configured address. Raises Permanent where it cannot be had."""
    async with alone(config) as services, _served(services) as server:
        yield server


@asynccontextmanager
async def _served(services: Services) -> AsyncIterator[WyomingServer]:
    """Who may have commands carried out is known when it is known who reaches the addresses."""
    config, dialogs = services.config, Dialogs(services)
    settings = config.wyoming

    async def serve(client: Connection) -> None:
        await dialogs(client)

    doors = Doors(
        serve,
        Limits(connections=settings.connections),
        host=settings.host,
        port=settings.port,
        path=settings.socket,
        clients=settings.clients,
        sockets=inherited("wyoming"),
    )
    async with doors:
        acts = {"auto": doors.local, "always": True, "never": False}[settings.commands]
        if not acts:
            services = replace(services, assistant=None)
            dialogs = Dialogs(services)
        yield WyomingServer(config, doors)


@dataclass(frozen=True, slots=True)
class Offering:
    """What the engines say that they can do, when somebody asks."""

    config: Config
    workers: Mapping[str, Worker]
    spoken: tuple[str, ...]  # languages of espeak-ng

    @classmethod
    async def of(cls, config: Config, workers: Mapping[str, Worker]) -> Offering:
        return cls(config, workers, await espeak.languages())

    def now(self) -> Offer:
        understood = (self.config.box.language,) if "grammar" in self.workers else ()
        return Offer(self._ears(), self._voices(), self._wake_words(), understood)

    def _ears(self) -> tuple[Offered, ...]:
        facts = self.workers["transcribe"].facts
        name = facts.get("model") or self.config.speech_to_text.model
        languages = _texts(facts.get("languages")) or (self.config.box.language,)
        return (Offered(str(name), languages),)

    def _voices(self) -> tuple[Offered, ...]:
        tags = dict.fromkeys(tag for each in self.spoken for tag in (each.partition("-")[0], each))
        own = Offered("espeak-ng", tuple(tags), maker=_ESPEAK)
        model = self.workers["speech"].facts.get("model")
        if not isinstance(model, str) or not model:
            return (own,)
        name = Path(model).stem
        return (Offered(name, (name.partition("-")[0].replace("_", "-"),), maker=_PIPER), own)

    def _wake_words(self) -> tuple[Offered, ...]:
        facts = self.workers["listen"].facts
        phrases = facts.get("phrases")
        said = phrases if isinstance(phrases, dict) else {}
        words = _texts(facts.get("words")) or self.config.wake.words
        return tuple(
            Offered(word, ("en",), phrase=str(said.get(word, "")), maker=_MICRO) for word in words
        )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
