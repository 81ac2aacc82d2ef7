"""Where work is computed: the scheduler over the box's engines and its hosts, and who asks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from laresd.app.board import Machine, parts_of
from laresd.app.programs import ProgramAudio
from laresd.backends.hosts.directory import HostDirectory, Stranger
from laresd.backends.hosts.discovery import LanDiscovery
from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.backends.hosts.making import host_of
from laresd.backends.hosts.trust import TrustStore
from laresd.backends.systemd import inherited
from laresd.backends.workers.clients import (
    WorkerEmbedder,
    WorkerLanguageModel,
    WorkerSynthesizer,
    WorkerTranscriber,
)
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.core.dictation import LocalAgreement
from laresd.core.scheduler.counts import Counts
from laresd.core.scheduler.engine import Engine
from laresd.core.scheduler.gate import Gate
from laresd.core.scheduler.pool import Pool
from laresd.core.scheduler.report import engine_row, happening_row, metrics, titled
from laresd.core.scheduler.text import ScheduledLanguageModel
from laresd.core.scheduler.work import ScheduledWork
from laresd.core.stages import Stages
from laresd.frontends.host_operations import HostOperations
from laresd.frontends.http import HttpFrontend, ModelCard
from laresd.frontends.http.audio import Listening
from laresd.frontends.http.services import Knowledge
from laresd.jobs import Reach, Routing
from laresd.ports import Clock, Dictation, Librarian
from laresd.types import Json

Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Mind:
    """The scheduler, what it knows, and the machine that it runs on."""

    directory: HostDirectory
    pool: Pool
    counts: Counts
    gate: Gate
    text: ScheduledLanguageModel
    work: ScheduledWork
    dictation: Dictation
    machine: Machine

    def runs(self, workers: Mapping[str, Worker]) -> dict[str, Coroutine[None, None, None]]:
        """`workers`: those that may be asked to rest."""
        spares = list(workers.values())
        return {
            "hosts": self.directory.run(),
            "scheduler": self.text.run(),
            "gate": self.gate.run(),
            "board": self.machine.run(self.gate, spares, lambda: self.pool.weather),
        }


@asynccontextmanager
async def thinking(
    config: Config, clock: Clock, workers: Mapping[str, Worker]
) -> AsyncIterator[Mind]:
    """Nothing runs yet. Raises ConfigError or Permanent for a host that cannot be as configured."""
    llm = workers.get("llm")
    local = WorkerLanguageModel(llm) if llm is not None else None
    make = partial(host_of, local=lambda: local_model(llm))
    discovery = LanDiscovery() if config.scheduler.discover else None
    store = TrustStore(config.box.state_dir)
    machine = Machine(config, clock, await parts_of(config, clock))
    async with HostDirectory(config.hosts, store, discovery, make, clock) as directory:
        pool = Pool(
            local=local,
            hosts=directory,
            clock=clock,
            settings=config.scheduler,
            context=config.llm.context,
            board=machine.parts.board,
        )
        counts, gate = Counts(clock.wall, config.scheduler.hedge_percent), Gate(local, clock)
        work = ScheduledWork(
            pool,
            counts,
            gate,
            clock,
            transcriber=WorkerTranscriber(workers["transcribe"]),
            synthesizer=WorkerSynthesizer(workers["speech"]),
            embedder=WorkerEmbedder(workers["embed"]) if "embed" in workers else None,
        )
        text = ScheduledLanguageModel(pool, counts, clock, local=local)
        dictation = LocalAgreement(work, clock, config.speech_to_text.timeout_s)
        yield Mind(directory, pool, counts, gate, text, work, dictation, machine)


def local_model(llm: Worker | None) -> LocalModelFacts | None:
    """What the box's own model can be known by; None before it is loaded."""
    facts = llm.facts if llm is not None else {}
    told = [facts.get(key) for key in ("tensor_bytes", "parameters", "vocabulary")]
    known = [value for value in told if isinstance(value, int)]
    return LocalModelFacts(*known) if len(known) == len(told) else None


def http_frontend(
    config: Config,
    clock: Clock,
    workers: Mapping[str, Worker],
    mind: Mind,
    *,
    listening: Listening,
    stages: Stages,
    librarian: Librarian | None,
) -> HttpFrontend | None:
    if not config.http.enabled:
        return None
    return HttpFrontend(
        config.http,
        mind.text,
        mind.work if "embed" in workers else None,
        clock,
        models=lambda: model_cards(mind, workers.get("llm")),
        metrics=lambda: (
            metrics(mind.pool, mind.counts, clock.now()) + stages.text() + mind.machine.metrics()
        ),
        ready=lambda: not_ready(mind, workers.get("llm")),
        audio=ProgramAudio(mind.work, config.box.language),
        listening=listening,
        knowledge=Knowledge(librarian, config.box.language) if librarian else None,
        sockets=inherited("http"),
    )


def model_cards(mind: Mind, llm: Worker | None) -> list[ModelCard]:
    """Naming the box's own model keeps a request here; naming a host's, there."""
    cards: list[ModelCard] = []
    own = llm.facts.get("model") if llm is not None else None
    if isinstance(own, str):
        cards.append(ModelCard(own, routing=Routing(Reach.DEVICE)))
    for engine in mind.pool.engines:
        if engine.host is not None and engine.facts is not None and engine.facts.model:
            only = Routing(hosts=frozenset({engine.name}))
            name = f"{engine.name}/{titled(engine.facts.model)}"
            cards.append(ModelCard(name, owned_by=engine.name, routing=only))
    return cards


def not_ready(mind: Mind, llm: Worker | None) -> str:
    """Why nobody can answer; "" when somebody can."""
    hosts = [engine for engine in mind.pool.engines if engine.host is not None and engine.proven]
    if hosts or (llm is not None and llm.ready):
        return ""
    return "the language model is not loaded" if llm is not None else "there is no language model"


def host_operations(mind: Mind, clock: Clock) -> HostOperations:
    async def trust(name: str, token: str | None, fingerprint: str) -> Row:
        await mind.directory.trust(name, token, fingerprint)
        return next((row for row in rows() if row["name"] == name), {"name": name})

    def rows() -> list[Row]:
        now = clock.now()
        used = [
            {**engine_row(engine, now), **_address(mind.directory, engine)}
            for engine in mind.pool.engines
        ]
        return [*used, *map(_stranger_row, mind.directory.found())]

    async def watch() -> AsyncGenerator[Row, None]:
        async with aclosing(mind.counts.watch()) as happenings:
            async for happening in happenings:
                yield happening_row(happening)

    return HostOperations(rows=rows, trust=trust, forget=mind.directory.forget, watch=watch)


def _address(directory: HostDirectory, engine: Engine) -> dict[str, Json]:
    if engine.host is None:
        return {"url": "", "fingerprint": ""}
    settings = directory.settings(engine.name)
    return {"url": settings.url, "fingerprint": settings.fingerprint}


def _stranger_row(stranger: Stranger) -> dict[str, Json]:
    seen = "shows itself at another address or with another certificate than when it was trusted"
    return {
        "name": stranger.name,
        "state": "changed" if stranger.changed else "untrusted",
        "kind": str(stranger.kind),
        "url": stranger.url,
        "model": stranger.model,
        "fingerprint": stranger.fingerprint,
        "verdict": seen if stranger.changed else "found on the LAN; waits for your trust",
    }
