"""What a rule is about, and when it holds. Pure: the time comes in.

Patterns are those of a shell (`lock.*`, `garage*`), in any case. An empty tuple: anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from fnmatch import fnmatchcase

from laresd.core.intent.text import tokens
from laresd.core.risk.classes import Asker, Risk, Why
from laresd.types import Action, Command, Entity

_LEVELS = ("percentage", "volume_pct", "brightness_pct")
_NUMBERS = ("position", "tilt", "temperature", "value", *_LEVELS)
_WORDS = ("mode", "option", "value")


@dataclass(frozen=True, slots=True)
class Target:
    """Actions that a rule is about: those that fit each of these.

    `names`: words of the entity's name, aliases or id, where its class does not tell what it is;
    never if `unless_names` are among them. `above`: the number that the command sets is greater; a
    temperature in degrees Celsius, whatever the entity's unit. `values`: the mode or option.
    """

    entities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    device_classes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    unless_names: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    unless_commands: tuple[Command, ...] = ()
    above: float | None = None
    values: tuple[str, ...] = ()

    def fits(self, action: Action, entity: Entity) -> bool:
        return self.is_about(entity) and self._is_done(action, entity)

    def is_about(self, entity: Entity) -> bool:
        """Whether the entity fits, whatever is done to it."""
        return (
            _like(entity.entity_id, self.entities)
            and _like(entity.domain, self.domains)
            and _like(entity.device_class or "", self.device_classes)
            and _like(entity.area or "", self.areas)
            and (not self.names or _is_named(entity, self.names))
            and not _is_named(entity, self.unless_names)
        )

    def _is_done(self, action: Action, entity: Entity) -> bool:
        if self.commands and action.command not in self.commands:
            return False
        if action.command in self.unless_commands:
            return False
        if self.above is not None and not _is_above(self.above, action, entity):
            return False
        said = [action.params[key] for key in _WORDS if key in action.params]
        return not self.values or any(_like(str(value), self.values) for value in said)


@dataclass(frozen=True, slots=True)
class Limits:
    """When, where and by whom alone a rule's class may be had. `between`: from the first time of
    the day until the second, over midnight where the second is earlier.
    """

    by: tuple[str, ...] = ()  # voice, text
    sites: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    between: tuple[time, time] | None = None

    def broken(self, asker: Asker, now: datetime) -> Why | None:
        """The first limit that is not kept. A site or user that is not known keeps none."""
        if self.by and asker.by not in self.by:
            return Why.BY
        if self.sites and not _like(asker.site, self.sites):
            return Why.SITE
        if self.users and not _like(asker.user, self.users):
            return Why.USER
        if self.between is not None and not _is_between(now.time(), *self.between):
            return Why.TIME
        return None


@dataclass(frozen=True, slots=True)
class Rule:
    """`risk` within the limits, `otherwise` outside of them."""

    name: str
    target: Target
    risk: Risk
    limits: Limits = Limits()
    otherwise: Risk = Risk.NEVER


@dataclass(frozen=True, slots=True)
class Policy:
    """What the users and sites that it names may command: these targets alone."""

    name: str
    users: tuple[str, ...]
    sites: tuple[str, ...]
    target: Target

    def names(self, asker: Asker) -> bool:
        return bool(
            (self.users and _like(asker.user, self.users))
            or (self.sites and _like(asker.site, self.sites))
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The first of `own` that fits decides; else the strictest of `defaults` that fit; else free.

    Before them the policies: who is named in some may command only what one of these allows.
    """

    own: tuple[Rule, ...] = ()
    defaults: tuple[Rule, ...] = ()
    policies: tuple[Policy, ...] = ()


def _like(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns fits, or there is none."""
    patterns = tuple(patterns)
    folded = text.casefold()
    return not patterns or any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def _is_named(entity: Entity, patterns: Iterable[str]) -> bool:
    slug = entity.entity_id.partition(".")[2].replace("_", " ")
    names = [tokens(name) for name in (entity.name, *entity.aliases, slug)]
    return any(_in_name(pattern, name) for pattern in patterns for name in names)


def _in_name(pattern: str, name: tuple[str, ...]) -> bool:
    """Whether the pattern's words follow each other in the name. Chinese has no word borders."""
    wanted = pattern.split()
    if any("\u3400" <= character <= "\u9fff" for character in pattern):
        return "".join(wanted) in "".join(name)
    return any(
        all(fnmatchcase(word, part) for word, part in zip(name[at:], wanted, strict=False))
        for at in range(len(name) - len(wanted) + 1)
    )


def _is_above(limit: float, action: Action, entity: Entity) -> bool:
    """Also where there is no number to compare: what is not known is no reason to be lenient."""
    numbers = [action.params[key] for key in _NUMBERS if key in action.params]
    for value in numbers:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _celsius(float(value), entity) > limit
    return True


def _celsius(value: float, entity: Entity) -> float:
    return (value - 32.0) / 1.8 if (entity.unit or "").strip() in ("°F", "F") else value


def _is_between(now: time, start: time, end: time) -> bool:
    now = now.replace(tzinfo=None)
    return start <= now < end if start <= end else now >= start or now < end
