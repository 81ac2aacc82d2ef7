"""The operator's rules, from the configuration; what is wrong in them stops the start."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import time

from laresd.config import Config, PolicySettings, RiskRule
from laresd.core.risk.classes import Risk
from laresd.core.risk.defaults import default_rules
from laresd.core.risk.rules import Limits, Policy, Rule, Rules, Target
from laresd.errors import ConfigError
from laresd.types import Command

_DOMAINS = (
    "alarm_control_panel", "automation", "binary_sensor", "button", "camera", "climate", "cover",
    "device_tracker", "event", "fan", "humidifier", "image", "input_boolean", "input_button",
    "input_number", "input_select", "lawn_mower", "light", "lock", "media_player", "notify",
    "number", "remote", "scene", "script", "select", "sensor", "siren", "switch", "text", "todo",
    "update", "vacuum", "valve", "water_heater",
)  # fmt: skip
_BY = ("voice", "text")
_BETWEEN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


def rules_of(config: Config) -> Rules:
    """The rules that hold. Raises ConfigError, which names the table, the key and what is right."""
    own = tuple(_rule(name, settings) for name, settings in config.risk_rules.items())
    policies = tuple(_policy(name, settings) for name, settings in config.policies.items())
    defaults = default_rules(config.risk.heat_above) if config.risk.defaults else ()
    return Rules(own, defaults, policies)


def _rule(name: str, settings: RiskRule) -> Rule:
    table = f"risk_rules.{name}"
    limits = Limits(
        by=_known(table, "only_by", settings.only_by, _BY),
        sites=settings.only_sites,
        users=settings.only_users,
        between=_between(table, settings.only_between),
    )
    if limits == Limits() and settings.otherwise != "never":
        raise ConfigError(
            f"[{table}] otherwise has no meaning without a limit",
            remedy="add only_by, only_sites, only_users or only_between, or leave it out",
        )
    target = Target(
        entities=_entity_ids(table, settings.entities),
        domains=_domains(table, settings.domains),
        device_classes=settings.device_classes,
        areas=settings.areas,
        names=tuple(pattern.casefold() for pattern in settings.names),
        commands=tuple(Command(word) for word in _commands(table, settings.commands)),
        above=settings.above or None,
        values=settings.values,
    )
    if target == Target():
        raise ConfigError(
            f"[{table}] does not say what it is about",
            remedy='name entities, domains, device_classes, areas, names or commands; ["*"] is all',
        )
    return Rule(name, target, Risk(settings.risk), limits, Risk(settings.otherwise))


def _policy(name: str, settings: PolicySettings) -> Policy:
    table = f"policies.{name}"
    if not settings.users and not settings.sites:
        raise ConfigError(
            f"[{table}] does not say whom it is about", remedy='name users or sites; ["*"] is all'
        )
    target = Target(
        entities=_entity_ids(table, settings.entities),
        domains=_domains(table, settings.domains),
        device_classes=settings.device_classes,
        areas=settings.areas,
    )
    if target == Target():
        raise ConfigError(
            f"[{table}] does not say what may be commanded",
            remedy="name entities, domains, device_classes or areas",
        )
    return Policy(name, settings.users, settings.sites, target)


def _entity_ids(table: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if "." not in pattern and "*" not in pattern:
            raise ConfigError(
                f"[{table}] entities: {pattern!r} is no entity id",
                remedy="ids are like lock.front_door (`lares devices`); lock.* means all locks",
            )
    return patterns


def _domains(table: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    plain = [pattern for pattern in patterns if not set(pattern) & set("*?[")]
    _known(table, "domains", plain, _DOMAINS)
    return patterns


def _commands(table: str, words: tuple[str, ...]) -> tuple[str, ...]:
    return _known(table, "commands", words, tuple(command.value for command in Command))


def _known(table: str, key: str, words: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(words)
    for word in words:
        if word not in known:
            close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
            remedy = f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)
            raise ConfigError(f"[{table}] {key}: there is no {word!r}", remedy=remedy)
    return words


def _between(table: str, text: str) -> tuple[time, time] | None:
    if not text:
        return None
    match = _BETWEEN.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"[{table}] only_between: {text!r} are no two times of the day",
            remedy='write them like "07:00-22:00", or "22:00-06:00" over midnight',
        )
    hours = [int(part) for part in match.groups()]
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        raise ConfigError(
            f"[{table}] only_between: {text!r} has no length", remedy="leave it out for all day"
        )
    return start, end
