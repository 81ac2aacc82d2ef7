"""This box in Home Assistant: what of the daemon is shown there, and what is switched."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from laresd.app.board import Machine
from laresd.app.mind import Mind
from laresd.app.sound import Sound
from laresd.backends.home.devices import MqttDevices
from laresd.backends.home_assistant.devices import HomeAssistantDevices
from laresd.backends.home_assistant.joined import JoinedDevices
from laresd.backends.home_assistant.statestream import StatestreamDevices
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import OWN_NAME, ModelStore
from laresd.backends.switches import SwitchFile
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.core.scheduler.report import titled
from laresd.errors import Permanent
from laresd.frontends.home_assistant import (
    Ears,
    Energy,
    HomeAssistantFrontend,
    Means,
    Models,
    Vitals,
)
from laresd.frontends.voice import MutableSource, VoiceFrontend
from laresd.ports import Bus, Clock

OWN_MODEL = OWN_NAME[ModelKind.LLM]


@dataclass(frozen=True, slots=True)
class Gauges:
    """The figures of the machine: how warm it is, and what it uses."""

    config: Config
    clock: Clock
    machine: Machine

    @property
    def energy(self) -> Energy:
        return Energy.ESTIMATED if self.machine.parts.meter is None else Energy.MEASURED

    async def vitals(self, mind: Mind, llm: Worker | None) -> Vitals:
        parts, seen = self.machine.parts, self.machine.seen
        reading, here, now = await parts.board.reading(), mind.pool.here, self.clock.now()
        estimated = here.busy_s(now) * self.config.scheduler.watts
        speeds, model = here.speeds(), llm.facts.get("model") if llm is not None else None
        return Vitals(
            joules=estimated if parts.meter is None else seen.joules or 0.0,
            celsius=reading.celsius,
            throttled=reading.throttled if parts.throttles else None,
            stalled=None if seen.pressure.memory is None else seen.pressure.memory.some,
            free_gb=seen.free_bytes / 1e9 if seen.free_bytes else None,
            worn=seen.worn_percent,
            answer_joules=seen.spent.each,
            answer_cost=seen.answer_cost,
            tokens_per_second=1 / speeds.token_s() if speeds.count else 0.0,
            model=titled(model) if isinstance(model, str) else "",
        )


@dataclass(frozen=True, slots=True)
class House:
    """The frontend with its means. `microphone` None: there is none."""

    frontend: HomeAssistantFrontend
    means: Means
    microphone: MutableSource | None
    announced: bool

    @property
    def ears(self) -> Ears | None:
        """What is switched of its hearing; None without a microphone."""
        return self.means.ears

    async def run(self) -> None:
        if self.announced:
            await self.frontend.run(self.means)
        else:
            await self.frontend.withdraw()


async def house_of(
    frontend: HomeAssistantFrontend,
    gauges: Gauges,
    mind: Mind,
    voice: VoiceFrontend,
    *,
    sound: Sound,
    workers: Mapping[str, Worker],
    on_mute: Callable[[bool], None] = lambda muted: None,
) -> House:
    """With the microphone muted, the box deaf, and as loud as it was left. `on_mute`: it was
    switched, by whomever.
    """
    config, llm = gauges.config, workers.get("llm")
    microphone, ears = None, None
    if sound.source is not None:
        switches = SwitchFile(config.box.state_dir / "switches.json")
        kept = await switches.load()
        muted = kept is None or kept.get("mute", False)  # in doubt nobody is listened to

        def changed(off: bool) -> None:
            on_mute(off)
            frontend.changed()

        microphone = MutableSource(sound.source, muted=muted, on_change=changed)
        voice.listening = kept is None or kept.get("listening", True)
        ears = Ears(voice, microphone, switches.save)
    if sound.volume is not None:
        sound.volume.on_change = frontend.changed
        await sound.volume.load()
    means = Means(
        vitals=partial(gauges.vitals, mind, llm),
        ears=ears,
        say=voice.say if config.audio.enabled else None,
        volume=sound.volume,
        models=_models(config) if llm is not None else None,
        restart=_restart(),
        language_model=llm is not None,
    )
    return House(frontend, means, microphone, config.home_assistant.announce)


def joined(config: Config, bus: Bus, near: MqttDevices) -> JoinedDevices:
    """The broker's devices, and Home Assistant's where it is configured: by its API, else what its
    statestream tells. Raises ConfigError.
    """
    settings, stream = config.home_assistant, config.home.statestream
    if not settings.url:
        if not stream:
            return JoinedDevices(near, None)
        status = f"{config.mqtt.discovery_prefix}/status"
        told = StatestreamDevices(bus, stream, settings, config.home, status=status)
        return JoinedDevices(near, told)
    patience = config.actions.echo_timeout_s
    return JoinedDevices(near, HomeAssistantDevices(settings, config.home, echo_timeout=patience))


def frontend_of(bus: Bus, gauges: Gauges) -> HomeAssistantFrontend:
    return HomeAssistantFrontend(bus, gauges.clock, gauges.config, energy=gauges.energy)


def _models(config: Config) -> Models | None:
    """Those that `lares models` has; None where the configuration has fixed one."""
    if config.llm.model != OWN_MODEL:
        return None
    store = ModelStore(config.box.state_dir)

    def choices() -> tuple[str, ...]:
        installed = store.all_installed()
        names = [model.name for model in installed if model.kind is ModelKind.LLM]
        return (OWN_MODEL, *names)

    def choose(name: str) -> None:
        if name not in choices():
            raise Permanent(f"{name!r} is not a language model of this box")
        store.choose(ModelKind.LLM, name)

    return Models(
        choices=lambda: asyncio.to_thread(choices),
        chosen=lambda: asyncio.to_thread(store.effective, ModelKind.LLM, OWN_MODEL),
        choose=lambda name: asyncio.to_thread(choose, name),
    )


def _restart() -> Callable[[], None] | None:
    """A clean end, where systemd starts this very process anew (systemd.exec(5))."""
    if os.environ.get("SYSTEMD_EXEC_PID") != str(os.getpid()):
        return None
    return partial(signal.raise_signal, signal.SIGTERM)
