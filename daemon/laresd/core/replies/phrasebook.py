"""What a language must bring to say what happened. Templates use str.format names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from laresd.core.intent.meaning import Trouble
from laresd.types import Command


def _as_is(name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """One language's sentences. {names} are devices, joined; {be} is "is" or "are" to fit them."""

    did: Mapping[Command, str]
    did_light: str  # {names} {what}: brightness, colour
    already: Mapping[Command, str]  # {names} {be}; Command.SET_VALUE stands for the rest
    no_answer: str
    unavailable: str
    unsupported: str
    failed: str
    delayed: str
    trouble: Mapping[Trouble, str]
    nothing_there_in: str  # {kind} {area}
    kinds: Mapping[str, tuple[str, str]]  # domain or device class: one, several
    count: str  # {n} {kind}: "5 lights"
    colors: Mapping[str, str]
    percent: str  # {value}
    kelvin: str
    degrees: str  # {value}
    joined: tuple[str, str]  # between names, before the last
    either: tuple[str, str]  # between choices, before the last
    in_room: str  # {name} {area}
    be: tuple[str, str]
    state_is: str  # {names} {be} {state}
    states: Mapping[str, str]
    light_at: str  # {state} {percent}
    measured: str  # {name} {value} {unit}
    units: Mapping[str, str]
    yes: str
    no: str
    yes_told: str  # {told}: a sentence
    yes_which: str  # {names}
    no_but: str  # {names} {be} {state}
    not_all: str  # {names} {be} {state}: those that are not
    none: str
    how_many: str  # {n} {names}
    temperature: str  # {value}
    temperature_in: str  # {value} {area}
    unknown_state: str  # {name}
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]
    talk: Mapping[str, str]
    not_understood: str
    not_understood_text: str  # {text}
    too_long: str
    error: str  # {message}
    error_with_remedy: str  # {message} {remedy}
    no_time: str
    broken_off: str  # after the sentences that were told already
    device: Callable[[str], str] = _as_is  # a name inside a sentence
    room: Callable[[str], str] = _as_is
