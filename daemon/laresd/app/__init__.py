"""The whole daemon on one page: builds every box, joins them through ports, runs them together.

Start and stop mirror each other: what is entered first is left last. Everything that runs is a
task of one TaskGroup; a component that cannot go on says so in the log and ends alone, a defect
ends the daemon, and systemd starts it again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from laresd.app.checking import checks
from laresd.app.ears import own_ear, taught, voice_of
from laresd.app.engines import engines
from laresd.app.house import Gauges, House, frontend_of, house_of, joined
from laresd.app.keeping import only_laresd, sweep
from laresd.app.knowledge import Knowledge, knowledge_handlers, knowledge_of, librarian_of
from laresd.app.mind import Mind, host_operations, http_frontend, thinking
from laresd.app.pins import Panel, on_mute, panel
from laresd.app.satellites import Satellites
from laresd.app.sound import Sound as Sound
from laresd.app.sound import sound_of as sound_of
from laresd.app.tracing import Tracing
from laresd.app.waking import Waking, waking_of
from laresd.app.wyoming import WyomingServer, wyoming_of
from laresd.backends import input_rules
from laresd.backends.audio import Recording
from laresd.backends.broker import embedded
from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.outbox import Outbox
from laresd.backends.clock import SystemClock
from laresd.backends.home.devices import MqttDevices
from laresd.backends.home_assistant.joined import JoinedDevices
from laresd.backends.pins import PinFile
from laresd.backends.routines import SqliteRoutineStore
from laresd.backends.timers import SqliteTimerStore
from laresd.backends.workers.clients import WorkerGrammar
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config, Mqtt
from laresd.core import addressing, arbitration, guard, timer_words
from laresd.core.assistant import CascadeAssistant
from laresd.core.input_filter import InputFilter, topic_rules
from laresd.core.replies.stale import stale as stale_words
from laresd.core.routine_book import RoutineBook
from laresd.core.timekeeper import Timekeeper
from laresd.errors import ConfigError, LaresError
from laresd.frontends.announcer import Announcer
from laresd.frontends.control import Handler
from laresd.frontends.home_assistant import Overheard
from laresd.frontends.http import HttpFrontend
from laresd.frontends.mqtt import Addressed, MqttFrontend, Services, WakeArbiter
from laresd.frontends.operations import Operations
from laresd.frontends.stale_actions import StaleActions
from laresd.frontends.voice import VoiceFrontend
from laresd.ports import Clock
from laresd.sound import read_wav
from laresd.types import Json, Reply, Request, Turn

log = logging.getLogger(__name__)

DISCOVERY_WAIT = 5.0  # seconds for the broker's retained announcements before "ready" is said
HOME_QUIET = 0.5  # seconds without news from the home before the grammar is taught again


@dataclass(frozen=True, slots=True)
class Box:
    """The running daemon, for whoever started it."""

    config: Config  # with the port that the embedded broker really has
    clock: Clock
    bus: MqttBus
    stale: StaleActions
    seen: Outbox
    mind: Mind
    knowledge: Knowledge | None
    http: HttpFrontend | None
    wyoming: WyomingServer | None
    devices: JoinedDevices
    broker_devices: MqttDevices  # those of `devices` that are on MQTT
    assistant: CascadeAssistant
    routines: RoutineBook
    answering: Overheard  # the same, for whoever asks
    timers: Timekeeper
    voice: VoiceFrontend
    arbiter: WakeArbiter
    house: House
    panel: Panel
    tracing: Tracing
    waking: Waking
    satellites: Satellites
    workers: Mapping[str, Worker]


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
        control = await stack.enter_async_context(only_laresd(config, handlers))
        mqtt, broker = await _broker(config.mqtt, stack)
        config = dataclasses.replace(config, mqtt=mqtt)
        box = await _build(config, sound, on_turn, stack)
        handlers.update({**_operations(box).handlers(), **sound.handlers()})
        handlers.update(knowledge_handlers(box.knowledge, box.clock, config.box.language))
        teach, warm = partial(taught, box.assistant, config), box.assistant.warm
        parts: dict[str, Coroutine[None, None, None]] = {
            **{f"worker {name}": worker.run() for name, worker in box.workers.items()},
            "bus": box.bus.run(),
            "devices": box.devices.run(),
            "names for the grammar": _follow_home(box, "the sentence grammar", teach),
            "head for the language model": _follow_home(box, "the language model", warm),
            "timers": box.timers.run(),
            "control": control.run(),
            "requests over MQTT": _requests(box).run(),
            "who answers the wake word": box.arbiter.run(),
            **box.mind.runs(box.workers),
            **checks(config, box.workers["transcribe"], box.mind.gate, box.clock),
            "home assistant": box.house.run(),
            "panel": box.panel.run(box.voice, box.house),
            "turns over MQTT": box.tracing.topic.run(),
            "clips of wake words": box.waking.run(),
            "old files": sweep(config, box.clock, box.knowledge.store if box.knowledge else None),
            "sound": sound.run(),
            **box.satellites.runs(box.voice),
            **(box.knowledge.runs() if box.knowledge else {}),
            "stale actions": box.stale.run(
                box.broker_devices.commanded_on, box.voice.announce, ready=_known(box)
            ),
        }
        if box.http is not None:
            parts["http"] = box.http.run()
        if box.wyoming is not None:
            parts["wyoming"] = box.wyoming.run()
        if broker is not None:
            parts["embedded broker"] = broker.run()
        if box.house.microphone is not None:
            ear = own_ear(config, box.house.microphone, sound.sink)
            parts["microphone"] = box.voice.attend(ear)
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
    specs_by_name = await asyncio.to_thread(engines, config)
    workers = {name: Worker(spec) for name, spec in specs_by_name.items()}
    for worker in workers.values():
        await stack.enter_async_context(worker)
    outbox = await stack.enter_async_context(Outbox(config.box.state_dir / "outbox.db"))
    stale = StaleActions(clock, stale_words, language=config.box.language)
    bus = MqttBus(config.mqtt, box=config.box.name, outbox=outbox, on_dropped=stale.dropped)
    await stack.enter_async_context(bus)
    broker_devices = MqttDevices(
        bus,
        discovery_prefix=config.mqtt.discovery_prefix,
        names=config.home,
        echo_timeout=config.actions.echo_timeout_s,
        names_topic=f"{config.mqtt.prefix}/{config.box.name}/home/names",
    )
    await stack.enter_async_context(broker_devices)
    devices = joined(config, bus, broker_devices)
    store = SqliteTimerStore(config.box.state_dir / "timers.db")
    await stack.enter_async_context(store)
    mind = await stack.enter_async_context(thinking(config, clock, workers))
    knowledge = await knowledge_of(config, clock, mind, workers, stack)
    announcer = Announcer(config, bus, mind.work, sound.sink, clock)
    timers = Timekeeper(store, clock, announcer.announce, language=config.box.language)
    await stack.enter_async_context(timers)
    routines = await _routines(config, stack)
    assistant = CascadeAssistant(
        config=config,
        clock=clock,
        grammar=WorkerGrammar(workers["grammar"]),
        devices=devices,
        timers=timers,
        language_model=mind.text,
        pins=PinFile(config.risk.pin_file) if config.risk.pin_file else None,
        input_filter=await asyncio.to_thread(_input_filter, config),
        routines=routines,
        documents=knowledge.consulting if knowledge else None,
        own_volume=sound.volume,
    )
    gauges = Gauges(config, clock, mind.machine)
    shown = frontend_of(bus, gauges)
    tracing = Tracing.over(bus, config)

    def replied(request: Request, reply: Reply) -> None:
        shown.replied(reply)
        tracing.asked(request, reply)
        mind.machine.replied(reply)

    def tell(turn: Turn) -> None:
        shown.turn(turn)
        tracing.spoken(turn)
        on_turn(turn)

    answering = Overheard(assistant, replied)
    arbiter = WakeArbiter(config, bus, clock, arbitration.Ballot, arbitration.WAIT)
    board = await stack.enter_async_context(panel(config, clock))
    waking = waking_of(config, clock, workers["listen"], mind.work, on_rejected=shown.rejected)
    satellites = Satellites(config, waking, arbiter)
    voice = voice_of(
        config,
        clock,
        mind,
        assistant=answering,
        devices=devices,
        sink=sound.sink,
        waking=satellites,
        signs=[board, *sound.signs, satellites, mind.machine.pace],
        may_answer=satellites.may_answer,
        on_turn=tell,
        on_wake=shown.woken,
    )
    house = await house_of(
        shown,
        gauges,
        mind,
        voice,
        sound=sound,
        workers=workers,
        on_mute=on_mute(board, sound.signs),
    )
    board.guard(house.microphone)
    telling = librarian_of(knowledge)
    api = http_frontend(
        config, clock, workers, mind, listening=voice, stages=tracing.stages, librarian=telling
    )
    http = await _api(api, stack)
    wyoming = await wyoming_of(
        config, clock, mind, assistant=answering, workers=workers, waking=waking, stack=stack
    )
    return Box(
        config,
        clock,
        bus,
        stale,
        outbox,
        mind,
        knowledge,
        http,
        wyoming,
        devices,
        broker_devices,
        assistant,
        routines,
        answering,
        timers,
        voice,
        arbiter,
        house,
        board,
        tracing,
        waking,
        satellites,
        workers,
    )


def _input_filter(config: Config) -> InputFilter:
    """What is not even read; the rules of unsafe requests are in a file."""
    return InputFilter(config.input, topic_rules(*input_rules.read(config.input.rules_file)))


async def _api(frontend: HttpFrontend | None, stack: AsyncExitStack) -> HttpFrontend | None:
    """The API for programs; a port that somebody else has does not stop the house."""
    if frontend is None:
        return None
    try:
        return await stack.enter_async_context(frontend)
    except ConfigError:
        raise
    except LaresError as error:
        log.error("no API for programs: %s", error)
        return None


async def _routines(config: Config, stack: AsyncExitStack) -> RoutineBook:
    """Those of the configuration, and those that were made and are kept on disk."""
    kept = SqliteRoutineStore(config.box.state_dir / "routines.db")
    await stack.enter_async_context(kept)
    return await stack.enter_async_context(RoutineBook(config.routines, kept))


def _requests(box: Box) -> MqttFrontend:
    """The API over MQTT; what the broker kept during a restart waits until the home is known."""
    services = Services(
        config=box.config,
        clock=box.clock,
        bus=box.bus,
        seen=box.seen,
        assistant=box.answering,
        devices=box.devices,
        timers=box.timers,
        transcriber=Addressed(
            box.mind.work,
            partial(addressing.without_wake_word, called=addressing.names(box.config.wake)),
        ),
        voice=box.voice,
        doubt=guard.transcript,
        words=timer_words.sentence,
        is_device_topic=box.broker_devices.uses,
        routines=lambda: box.routines.spoken,
        librarian=librarian_of(box.knowledge),
        volume=box.house.means.volume,
    )
    return MqttFrontend(services, ready=_known(box))


def _known(box: Box) -> Callable[[], Coroutine[None, None, bool]]:
    """Waits until the home is known, from now on no longer than DISCOVERY_WAIT."""
    until = box.clock.now() + DISCOVERY_WAIT
    return lambda: box.devices.settled(deadline=until)


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


def _operations(box: Box) -> Operations:
    async def engines() -> list[Json]:
        return [dataclasses.asdict(await worker.status()) for worker in box.workers.values()]

    def broker() -> dict[str, Json]:
        mqtt, fault = box.config.mqtt, box.bus.fault
        where = f"{mqtt.host}:{mqtt.port}"
        return {"where": where, "connected": fault is None, "fault": str(fault) if fault else ""}

    return Operations(
        hosts=host_operations(box.mind, box.clock),
        config=box.config,
        clock=box.clock,
        assistant=box.answering,
        devices=box.devices,
        timers=box.timers,
        voice=box.voice,
        recording=lambda data: Recording(read_wav(data).pcm),
        engines=engines,
        broker=broker,
        stages=box.tracing.stages.rows,
        machine=box.mind.machine.row,
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
