"""The whole daemon on one page: builds every box, joins them through ports, runs them together.

Start and stop mirror each other: what is entered first is left last. Everything that runs is a
task of one TaskGroup; a component that cannot go on says so in the log and ends alone, a defect
ends the daemon, and systemd starts it again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from laresd.backends.audio import Loudspeaker, Microphone, PortAudio, Recording, Silence
from laresd.backends.broker import embedded
from laresd.backends.broker.client import MqttBus
from laresd.backends.clock import SystemClock
from laresd.backends.home.devices import MqttDevices
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import ModelStore
from laresd.backends.timers import SqliteTimerStore
from laresd.backends.workers import specs
from laresd.backends.workers.clients import (
    WorkerGrammar,
    WorkerLanguageModel,
    WorkerListener,
    WorkerSynthesizer,
    WorkerTranscriber,
)
from laresd.backends.workers.process import Spec
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config, Mqtt
from laresd.core import guard
from laresd.core.assistant import CascadeAssistant
from laresd.core.timekeeper import Ended, Timekeeper
from laresd.core.turn import Machine, Rules
from laresd.errors import LaresError, Temporary
from laresd.frontends.control import ControlServer, Handler
from laresd.frontends.mqtt import MqttFrontend
from laresd.frontends.operations import Operations
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.ports import AudioSink, AudioSource, Bus, Clock, Synthesizer
from laresd.sound import read_wav
from laresd.types import Json, Turn

log = logging.getLogger(__name__)

DISCOVERY_WAIT = 5.0  # seconds for the broker's retained announcements before "ready" is said
BROKER_WAIT = 2.0  # seconds that a timer which ended before the start waits for the broker
HOME_QUIET = 0.5  # seconds without news from the home before the grammar is taught again


@dataclass(frozen=True, slots=True)
class Box:
    """The running daemon, for whoever started it."""

    config: Config  # with the port that the embedded broker really has
    clock: Clock
    bus: MqttBus
    devices: MqttDevices
    assistant: CascadeAssistant
    timers: Timekeeper
    voice: VoiceFrontend
    workers: Mapping[str, Worker]


@dataclass(frozen=True, slots=True)
class Sound:
    """What the box hears with and speaks with; `source` None: no ear but recordings."""

    source: AudioSource | None
    sink: AudioSink


def sound_of(config: Config) -> Sound:
    """The machine's own sound devices, or silence where the configuration wants none."""
    if not config.audio.enabled:
        return Sound(None, Silence())
    card = PortAudio()
    return Sound(Microphone(card, config.audio.input), Loudspeaker(card, config.audio.output))


@asynccontextmanager
async def running(
    config: Config, sound: Sound, *, on_turn: Callable[[Turn], None] = lambda turn: None
) -> AsyncIterator[Box]:
    """The daemon from its start, broker and home known, to its stop.

    Raises ConfigError or Permanent for what no retry can mend (another laresd, an unusable state
    folder); an engine, a broker or a sound device that is missing does not stop it.
    """
    async with AsyncExitStack() as stack:
        handlers: dict[str, Handler] = {}
        control = ControlServer(config.control_socket, handlers)  # first: one laresd at a time
        await stack.enter_async_context(control)
        mqtt, broker = await _broker(config.mqtt, stack)
        config = dataclasses.replace(config, mqtt=mqtt)
        box = await _build(config, sound, on_turn, stack)
        handlers.update(_operations(box).handlers())
        teach, warm = partial(box.assistant.prepare, config.box.language), box.assistant.warm
        parts: dict[str, Coroutine[None, None, None]] = {
            **{f"worker {name}": worker.run() for name, worker in box.workers.items()},
            "bus": box.bus.run(),
            "devices": box.devices.run(),
            "names for the grammar": _follow_home(box, "the sentence grammar", teach),
            "head for the language model": _follow_home(box, "the language model", warm),
            "timers": box.timers.run(),
            "control": control.run(),
            "requests over MQTT": MqttFrontend(box.bus, box.assistant, box.clock, config).run(),
        }
        if broker is not None:
            parts["embedded broker"] = broker.run()
        if sound.source is not None:
            parts["microphone"] = box.voice.run(sound.source)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_alone(name, run), name=name) for name, run in parts.items()]
            await box.devices.settled(deadline=box.clock.now() + DISCOVERY_WAIT)
            log.info("ready: %d devices", len(box.devices.home().entities))
            failure: LaresError | None = None
            try:
                yield box
            except LaresError as error:  # of whoever uses the box: not to be wrapped in a group
                failure = error
            for task in tasks:
                task.cancel()
        if failure is not None:
            raise failure


async def _build(
    config: Config, sound: Sound, on_turn: Callable[[Turn], None], stack: AsyncExitStack
) -> Box:
    """Every box, entered on the stack and joined; nothing runs yet."""
    clock = SystemClock()
    specs_by_name = await asyncio.to_thread(_specs, config)
    workers = {name: Worker(spec) for name, spec in specs_by_name.items()}
    for worker in workers.values():
        await stack.enter_async_context(worker)
    bus = await stack.enter_async_context(MqttBus(config.mqtt, box=config.box.name))
    devices = MqttDevices(
        bus,
        discovery_prefix=config.mqtt.discovery_prefix,
        names=config.home,
        echo_timeout=config.actions.echo_timeout_s,
    )
    await stack.enter_async_context(devices)
    store = SqliteTimerStore(config.box.state_dir / "timers.db")
    await stack.enter_async_context(store)
    synthesizer = WorkerSynthesizer(workers["speech"])
    announcer = _Announcer(config, bus, synthesizer, sound.sink, clock)
    timers = Timekeeper(store, clock, announcer.announce, language=config.box.language)
    await stack.enter_async_context(timers)
    assistant = CascadeAssistant(
        config=config,
        clock=clock,
        grammar=WorkerGrammar(workers["grammar"]),
        devices=devices,
        timers=timers,
        language_model=WorkerLanguageModel(workers["llm"]) if "llm" in workers else None,
    )
    parts = Parts(
        config=config,
        clock=clock,
        listener=WorkerListener(workers["listen"]),
        transcriber=WorkerTranscriber(workers["transcribe"]),
        assistant=assistant,
        synthesizer=synthesizer,
        sink=sound.sink,
        machine=lambda open_ear: Machine(Rules.of(config.turn, open_ear=open_ear)),
        doubt=guard.transcript,
    )
    voice = VoiceFrontend(parts, on_turn=on_turn)
    return Box(config, clock, bus, devices, assistant, timers, voice, workers)


async def _broker(
    settings: Mqtt, stack: AsyncExitStack
) -> tuple[Mqtt, embedded.EmbeddedBroker | None]:
    """The embedded broker where it is wanted, and the settings with the port it really has."""
    if not await embedded.wanted(settings):
        return settings, None
    broker = embedded.EmbeddedBroker(settings.host, settings.port)
    await stack.enter_async_context(broker)
    log.info("embedded broker on %s:%d", settings.host, broker.port)
    return dataclasses.replace(settings, port=broker.port), broker


def _specs(config: Config) -> dict[str, Spec]:
    """How each engine's worker is started, by the name that this page calls it."""
    models = ModelStore(config.box.state_dir)
    ear = _model(models, ModelKind.SPEECH_TO_TEXT, config.speech_to_text.model)
    chosen = {
        "listen": specs.listening(config.wake),
        "transcribe": specs.speech_to_text(config.speech_to_text, Path(ear)),
        "grammar": specs.grammar(config.box.language, config.actions.grammar_timeout_s),
        "speech": specs.speech(config.speech),
    }
    if config.llm.enabled:
        model = _model(models, ModelKind.LLM, config.llm.model)
        kept = config.box.state_dir
        chosen["llm"] = specs.language_model(
            config.llm, model, kept / "heads", kept / "calibration"
        )
    return chosen


def _model(models: ModelStore, kind: ModelKind, configured: str) -> str:
    """The path of a model; its name when it is not there, for the engine to refuse by name."""
    name = models.effective(kind, configured)
    try:
        return str(models.resolve(kind, name))
    except LaresError as error:
        log.error("%s", error)
        return name


def _operations(box: Box) -> Operations:
    async def engines() -> list[Json]:
        return [dataclasses.asdict(await worker.status()) for worker in box.workers.values()]

    def broker() -> dict[str, Json]:
        mqtt, fault = box.config.mqtt, box.bus.fault
        where = f"{mqtt.host}:{mqtt.port}"
        return {"where": where, "connected": fault is None, "fault": str(fault) if fault else ""}

    return Operations(
        config=box.config,
        clock=box.clock,
        assistant=box.assistant,
        devices=box.devices,
        timers=box.timers,
        voice=box.voice,
        recording=lambda data: Recording(read_wav(data).pcm),
        engines=engines,
        broker=broker,
    )


async def _alone(name: str, run: Coroutine[None, None, None]) -> None:
    """Run one component; what it cannot mend ends it, not the daemon."""
    try:
        await run
    except LaresError as error:
        log.error("%s has stopped: %s", name, error)


async def _follow_home(
    box: Box, who: str, learn: Callable[[], Coroutine[None, None, None]]
) -> None:
    """Have somebody learn the home whenever it changed, so that no request waits for it."""
    while True:
        home = box.devices.home()
        try:
            await learn()
        except LaresError as error:
            log.warning("%s does not know the home yet: %s", who, error)
        await box.devices.changed(home)
        await asyncio.sleep(HOME_QUIET)


class _Announcer:
    """Tells that a timer has ended: on MQTT, in the log, and by voice."""

    def __init__(
        self, config: Config, bus: Bus, synthesizer: Synthesizer, sink: AudioSink, clock: Clock
    ) -> None:
        self._config = config
        self._topic = f"{config.mqtt.prefix}/{config.box.name}/timer/ended"
        self._bus = bus
        self._synthesizer = synthesizer
        self._sink = sink
        self._clock = clock
        self._told: set[int] = set()  # on MQTT, but not yet by voice

    async def announce(self, ended: Ended) -> None:
        """Raises what the voice raises; then it is called again later, and only spoken."""
        if ended.timer.id not in self._told:
            await self._publish(ended)
            self._told.add(ended.timer.id)
        deadline = self._clock.now() + self._config.speech.timeout_s
        language = self._config.box.language
        pcm = await self._synthesizer.synthesize(ended.text, language=language, deadline=deadline)
        await self._sink.play(pcm)
        self._told.discard(ended.timer.id)

    async def _publish(self, ended: Ended) -> None:
        message = {"id": ended.timer.id, "name": ended.timer.name, "text": ended.text}
        try:
            await self._bus.wait_connected(deadline=self._clock.now() + BROKER_WAIT)
            await self._bus.publish(self._topic, json.dumps(message, ensure_ascii=False))
        except Temporary as error:
            log.warning("the end of timer %d is not on MQTT: %s", ended.timer.id, error)


async def until_signal(work: Coroutine[None, None, None]) -> None:
    """Run to the end of the work, or until Ctrl-C or SIGTERM cancels it; more signals wait."""
    me = asyncio.current_task()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        if me is not None and not stopped.is_set():
            stopped.set()
            me.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await work
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


def start_log(level: str) -> None:
    """Lines on standard error: under systemd the journal adds the time."""
    form = "%(levelname)s %(name)s: %(message)s"
    if not os.environ.get("JOURNAL_STREAM"):
        form = "%(asctime)s " + form
    logging.basicConfig(level=level.upper(), format=form, stream=sys.stderr)


def main(config: Config) -> int:
    """laresd: run until a signal. 0 after a clean stop, 1 when it could not start."""
    start_log(config.log.level)
    try:
        asyncio.run(until_signal(_serve(config)))
    except LaresError as error:
        log.error("laresd cannot start: %s", error)
        return 1
    return 0


async def _serve(config: Config) -> None:
    async with running(config, sound_of(config)):
        await asyncio.Event().wait()
