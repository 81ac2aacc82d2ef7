"""What a word may mean to the tolerant grammar, and what a language must bring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from laresd.core.intent.deeds import Verb
from laresd.core.intent.text import tokens


@dataclass(frozen=True, slots=True)
class Kind:
    """A word for a kind of device: "lights", "curtain". `many`: said in the plural."""

    domains: tuple[str, ...]
    device_class: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Sense:
    """All that a word or phrase may mean; which of it counts is for the sentence to show.

    `verbs`: alternatives; the device decides ("start": a vacuum, a script). `particle`: a verb
    only together with a carrier or a bare target (on, off). `implied`: the domains of a verb or
    a property that needs no further word ("dim", "volume").
    """

    verbs: tuple[Verb, ...] = ()
    particle: tuple[Verb, ...] = ()
    carrier: bool = False
    implied: tuple[str, ...] = ()
    needs_target: bool = False  # "clean", "go home": said to others, too
    kind: Kind | None = None
    quality: bool = False  # brightness, volume: names a value, not a device
    number: float | None = None
    level: float | None = None  # half, maximum: percent
    color: str = ""
    kelvin: int | None = None
    unit: str = ""  # percent, degrees, kelvin
    tilt: bool = False  # slats
    option: str = ""  # a mode or choice of some device
    clock: bool = False  # a bare number after it is a time: "at seven"
    by: bool = False  # "by 20 percent": the number is a difference
    every: bool = False
    everything: bool = False
    here: bool = False
    link: bool = False
    filler: bool = False
    stop: bool = False
    area: str = ""
    names: tuple[str, ...] = ()  # entity ids called exactly so

    def merged(self, other: Sense) -> Sense:
        """Both readings in one."""
        changes = {
            name: value
            for name in Sense.__dataclass_fields__
            if (value := getattr(other, name)) != getattr(_NOTHING, name)
        }
        if self.names and other.names:
            changes["names"] = self.names + other.names
        return replace(self, **changes)


_NOTHING = Sense()
Phrases = Mapping[tuple[str, ...], Sense]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language. `add_item`, `complete_item`: patterns with groups item and list."""

    phrases: Phrases
    add_item: tuple[re.Pattern[str], ...] = ()
    complete_item: tuple[re.Pattern[str], ...] = ()
    particle_last: frozenset[str] = frozenset()  # particles that count only at the end
    endings: tuple[str, ...] = ()  # of inflected words: "curtains"
    questions: frozenset[str] = frozenset()  # words that begin a question
    warmth: frozenset[str] = frozenset()  # words of a question about the temperature
    day: frozenset[str] = frozenset()  # words of a question about the date
    news: frozenset[str] = frozenset()  # what only the world of today knows: the weather
    options: Mapping[str, str] = field(default_factory=dict)  # how a device's modes are called
    modes: tuple[str, ...] = ()  # "mode", beside the name of one
    links: tuple[str, ...] = ()  # between the parts of a compound: "Küche-n-licht"


class PhraseBuilder:
    """Collects the phrases of a language; one that is given twice has both senses."""

    def __init__(self) -> None:
        self._phrases: dict[tuple[str, ...], Sense] = {}

    def add(self, sense: Sense, phrases: str | Iterable[str]) -> None:
        """`phrases`: several in one text, separated by "|"."""
        for phrase in phrases.split("|") if isinstance(phrases, str) else phrases:
            key = tokens(phrase)
            known = self._phrases.get(key)
            self._phrases[key] = sense if known is None else known.merged(sense)

    def verbs(
        self,
        table: Mapping[tuple[Verb, ...], str],
        implied: tuple[str, ...] = (),
        *,
        needs_target: bool = False,
    ) -> None:
        for verbs, phrases in table.items():
            self.add(Sense(verbs=verbs, implied=implied, needs_target=needs_target), phrases)

    def kinds(self, table: Mapping[str, tuple[str, str]], domains: tuple[str, ...]) -> None:
        """`table`: device class ("" for any) to phrases of one and of many."""
        for device_class, (one, many) in table.items():
            self.add(Sense(kind=Kind(domains, device_class)), one)
            if many:
                self.add(Sense(kind=Kind(domains, device_class, many=True)), many)

    def built(self) -> dict[tuple[str, ...], Sense]:
        return dict(self._phrases)
