"""A changed configuration, taken in while the daemon goes on: all of it that can be, or nothing.

What only decides is exchanged at once, between two requests: names, rules, routines, who may ask
what. Sound, streams, engines and connections stay as they are; what concerns them waits for a
restart, and is named.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from laresd.app import Box
from laresd.backends import input_rules
from laresd.config import Config
from laresd.core import routines
from laresd.core.input_filter import InputFilter, topic_rules
from laresd.core.knowledge.profiles import Profile, profiles
from laresd.core.risk import Rules, rules_of
from laresd.core.routines import Routine

log = logging.getLogger(__name__)

SECTIONS = ("risk_rules", "policies", "routines", "collections", "profiles", "input", "log")
SETTINGS = {
    "risk": ("defaults", "heat_above", "confirm_s"),
    "home": ("names", "aliases", "areas", "rooms", "floors"),
}
"""What is taken in at once: whole sections, and these settings of others."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Settings, or tables of settings, that differ: those in force now, and those that wait."""

    adopted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def changes(running: Config, wanted: Config) -> tuple[Config, Changes]:
    """The configuration that can run from now on, and what that changes."""
    adopted: list[str] = []
    waiting: list[str] = []
    sections: dict[str, object] = {}
    for section in (field.name for field in dataclasses.fields(Config)):
        old, new = getattr(running, section), getattr(wanted, section)
        if old == new:
            continue
        differing = _differing(section, old, new)
        live = [each for each in differing if _is_live(section, each)]
        adopted += (f"{section}.{each}" for each in live)
        waiting += (f"{section}.{each}" for each in differing if each not in live)
        if section in SECTIONS:
            sections[section] = new
        elif live:
            values = {each: getattr(new, each) for each in live}
            sections[section] = dataclasses.replace(old, **values)
    merged = dataclasses.replace(running, **sections)  # type: ignore[arg-type]  # of both, as read
    return merged, Changes(tuple(adopted), tuple(waiting))


def _differing(section: str, old: object, new: object) -> Sequence[str]:
    """Names of the settings of a section, or of the tables in it."""
    if dataclasses.is_dataclass(old):
        names = [field.name for field in dataclasses.fields(old)]
        return [name for name in names if getattr(old, name) != getattr(new, name)]
    assert isinstance(old, Mapping) and isinstance(new, Mapping), section
    return [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]


def _is_live(section: str, name: str) -> bool:
    return section in SECTIONS or name in SETTINGS.get(section, ())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is made of the new settings, so that nothing can fail once it is exchanged."""

    rules: Rules
    input_filter: InputFilter | None  # None: it goes on, and so does what it has counted
    routines: tuple[Routine, ...]
    profiles: dict[str, Profile]


class Reloading:
    """Owns which configuration is in force. `read` reads the one that is wanted."""

    def __init__(self, box: Box, config: Config, read: Callable[[], Config]) -> None:
        self._box, self._running, self._read = box, config, read

    async def reload(self) -> Changes:
        """Take in what the configuration says now, and tell it to the log.

        Raises ConfigError for one that is wrong; then all is as it was.
        """
        wanted = await asyncio.to_thread(self._read)
        config, found = changes(self._running, wanted)
        prepared = await asyncio.to_thread(_prepared, config, self._running)
        self._exchange(config, prepared)
        self._running = config
        _tell(found)
        return found

    def _exchange(self, config: Config, prepared: _Prepared) -> None:
        box = self._box
        box.assistant.adopt(config, prepared.rules, prepared.input_filter)
        box.routines.adopt(prepared.routines)
        if config.home != self._running.home:
            box.broker_devices.rename(config.home)
        if box.knowledge is not None:
            box.knowledge.adopt(config.collections, prepared.profiles)
        logging.getLogger().setLevel(config.log.level.upper())


def _prepared(config: Config, running: Config) -> _Prepared:
    """Raises ConfigError. Only a rate that has changed is counted anew."""
    filtering = None
    if config.input != running.input or config.input.rules_file is not None:
        rules = topic_rules(*input_rules.read(config.input.rules_file))
        filtering = InputFilter(config.input, rules)
    return _Prepared(
        rules_of(config), filtering, routines.configured(config.routines), profiles(config.profiles)
    )


def _tell(found: Changes) -> None:
    if not found.adopted and not found.waiting:
        log.info("the configuration was read again: nothing has changed")
    if found.adopted:
        log.info("the configuration was read again; in force now: %s", ", ".join(found.adopted))
    if found.waiting:
        log.warning(
            "changed, and in force after `systemctl restart laresd`: %s", ", ".join(found.waiting)
        )
