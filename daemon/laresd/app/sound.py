"""What the box hears with and speaks with, from the configuration, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from laresd.backends.audio import (
    Earcons,
    EchoCanceller,
    KeptVolume,
    Loudspeaker,
    Microphone,
    PortAudio,
    Silence,
    SoundCard,
)
from laresd.config import Audio, Config
from laresd.errors import ConfigError, Refused
from laresd.frames import Fields
from laresd.frontends.control import Handler
from laresd.ports import AudioSink, AudioSource, Signs
from laresd.types import Json


@dataclass(frozen=True, slots=True)
class OwnSound:
    """The machine's own sound devices."""

    microphone: Microphone
    loudspeaker: Loudspeaker
    earcons: Earcons
    volume: KeptVolume


@dataclass(frozen=True, slots=True)
class Sound:
    """`source` None: no ear but recordings. `own`: what both are of, on a real machine."""

    source: AudioSource | None
    sink: AudioSink
    own: OwnSound | None = None

    @property
    def volume(self) -> KeptVolume | None:
        """Of the machine's own loudspeaker."""
        return self.own.volume if self.own else None

    @property
    def signs(self) -> Sequence[Signs]:
        return [self.own.earcons] if self.own else []

    async def run(self) -> None:
        """Play the earcons, until cancelled; then free the loudspeaker."""
        if self.own is None:
            return
        try:
            await self.own.earcons.run()
        finally:
            await self.own.loudspeaker.close()

    def handlers(self) -> dict[str, Handler]:
        """For the control socket:

        microphone  {}         -> one part, how loud the last second was
        volume      {percent?} -> one part, how loud Lares speaks; `percent`: from now on
        """
        return {
            "microphone": lambda fields, payload: self._levels(),
            "volume": lambda fields, payload: self._volume(Fields(fields)),
        }

    async def _volume(self, fields: Fields) -> AsyncGenerator[Mapping[str, Json], None]:
        if self.own is None:
            raise Refused("this box uses no loudspeaker", remedy="set audio.enabled = true")
        wanted = fields.integer("percent", -1)
        if wanted != -1:
            await self.own.volume.set(wanted)
        yield {"percent": self.own.volume.percent}

    async def _levels(self) -> AsyncGenerator[Mapping[str, Json], None]:
        if self.own is None:
            raise Refused("this box uses no microphone", remedy="set audio.enabled = true")
        levels = self.own.microphone.levels
        heard: dict[str, Json] = {}
        if levels.seconds:
            heard["age_s"] = round(time.monotonic() - levels.at, 1)
        yield {
            **heard,
            "rms_dbfs": round(levels.rms, 1),
            "peak_dbfs": round(levels.peak, 1),
            "clipped": levels.clipped,
            "lost_frames": self.own.microphone.overruns,
        }


def sound_of(config: Config, card: SoundCard | None = None) -> Sound:
    """The machine's own sound devices, or silence where the configuration wants none. `card`: the
    process's sound system, where it has one already.

    Raises ConfigError for a channel or a volume that cannot be.
    """
    settings = config.audio
    if not settings.enabled:
        return Sound(None, Silence())
    _check(settings)
    card = card or PortAudio()
    canceller = EchoCanceller() if settings.echo_cancellation else None
    microphone = Microphone(
        card,
        settings.input,
        channel=settings.channel,
        gain_db=settings.gain_db,
        canceller=canceller,
    )
    loudspeaker = Loudspeaker(
        card,
        settings.output,
        volume=settings.volume,
        on_played=canceller.played if canceller else None,
    )
    earcons = Earcons(loudspeaker, audible=settings.earcons)
    volume = KeptVolume(loudspeaker, config.box.state_dir / "volume.json")
    return Sound(microphone, loudspeaker, OwnSound(microphone, loudspeaker, earcons, volume))


def _check(settings: Audio) -> None:
    if settings.channel < 1:
        raise ConfigError(f"audio.channel is {settings.channel}", remedy="the first one has 1")
    if not 0 <= settings.volume <= 1:
        raise ConfigError(f"audio.volume is {settings.volume:g}", remedy="it goes from 0 to 1")
