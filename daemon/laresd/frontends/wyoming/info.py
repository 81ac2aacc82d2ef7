"""What this server says that it has: the `info` event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd import __version__
from laresd.frames.wyoming import Event, Format
from laresd.types import SAMPLE_RATE, Json

NAME = "lares"
FORM = Format(SAMPLE_RATE)
CREDIT: dict[str, Json] = {"name": "Lares", "url": ""}


@dataclass(frozen=True, slots=True)
class Offered:
    """A model, a voice or a wake word. `maker`: who made it, and where it is from."""

    name: str
    languages: tuple[str, ...] = ()
    description: str = ""
    version: str = ""
    phrase: str = ""  # of a wake word, as it is said
    maker: tuple[str, str] = ("Lares", "")


@dataclass(frozen=True, slots=True)
class Offer:
    """What works now. `commands`: the languages in which sentences are understood."""

    ears: tuple[Offered, ...] = ()
    voices: tuple[Offered, ...] = ()
    wake_words: tuple[Offered, ...] = ()
    commands: tuple[str, ...] = ()


def info(offer: Offer, *, acts: bool) -> Event:
    """`acts`: commands are carried out, too."""
    models = [_artifact(ear) for ear in offer.ears]
    voices = [_artifact(voice) for voice in offer.voices]
    words = [{**_artifact(word), "phrase": word.phrase or None} for word in offer.wake_words]
    understood = [_artifact(Offered(NAME, offer.commands))] if offer.commands else []
    acting = understood if acts else []
    asr = {"supports_transcript_streaming": True, "requires_external_vad": True}
    handle = {"supports_handled_streaming": True, "supports_home_control": True}
    data: dict[str, Json] = {
        "asr": _program("hears", "models", models, asr),
        "tts": _program("speaks", "voices", voices, {"supports_synthesize_streaming": True}),
        "wake": _program("hears wake words", "models", words),
        "intent": _program("understands sentences", "models", understood),
        "handle": _program("carries out commands", "models", acting, handle),
        "mic": [],
        "snd": [],
    }
    return Event("info", data)


def _program(
    does: str, key: str, models: Sequence[Json], more: Mapping[str, Json] | None = None
) -> list[Json]:
    """One program, or none where it has no models."""
    if not models:
        return []
    about = Offered(NAME, description=f"Lares {does}", version=__version__)
    return [{**_artifact(about), key: [*models], **(more or {})}]


def _artifact(what: Offered) -> dict[str, Json]:
    return {
        "name": what.name,
        "attribution": {"name": what.maker[0], "url": what.maker[1]},
        "installed": True,
        "description": what.description or None,
        "version": what.version or None,
        "languages": [*what.languages],
    }


def satellite(name: str, area: str, wake_words: Sequence[Offered]) -> Event:
    """Of this machine as a satellite. `wake_words`: those that are heard here."""
    about = Offered(NAME, description="ears and a voice of Lares", version=__version__)
    words: list[Json] = [{**_artifact(word), "phrase": word.phrase or None} for word in wake_words]
    bare = {key: value for key, value in _artifact(about).items() if key != "languages"}
    active: list[Json] = [word.name for word in wake_words]
    data: dict[str, Json] = {
        "asr": [],
        "tts": [],
        "handle": [],
        "intent": [],
        "wake": [{**_artifact(about), "models": words}] if words else [],
        "mic": [{**bare, "mic_format": FORM.data()}],
        "snd": [{**bare, "snd_format": FORM.data()}],
        "satellite": {
            **bare,
            "name": name,
            "area": area or None,
            "has_vad": False,
            "active_wake_words": active,
            "max_active_wake_words": len(active),
            "supports_trigger": True,
        },
    }
    return Event("info", data)
