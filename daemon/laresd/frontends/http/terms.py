"""On what terms a request is computed, by its headers.

X-Lares-Priority   interactive (a person waits; the default), automation, background
X-Lares-Deadline   seconds until the whole answer must be there; 300 if it is not said
X-Lares-Reach      device (it never leaves the box) or lan (also to trusted hosts)
X-Lares-Hosts      names of the only hosts it may go to, with commas between them
X-Lares-Policy     fastest, greenest, local-first, host-first; the box's own if it is not said
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from laresd.frontends.http.faults import Rejected
from laresd.jobs import ANYWHERE, Policy, Reach, Routing
from laresd.types import Priority

Word = TypeVar("Word", bound=StrEnum)

PRIORITY = "X-Lares-Priority"
DEADLINE = "X-Lares-Deadline"
REACH = "X-Lares-Reach"
HOSTS = "X-Lares-Hosts"
POLICY = "X-Lares-Policy"

PRIORITIES = (Priority.INTERACTIVE, Priority.AUTOMATION, Priority.BACKGROUND)
DEFAULT_SECONDS = 300.0
LEAST_SECONDS, MOST_SECONDS = 0.1, 3600.0
HOSTS_PATTERN = r"^ *[a-z0-9_-]{1,40}( *, *[a-z0-9_-]{1,40}){0,15} *$"


@dataclass(frozen=True, slots=True)
class Terms:
    """`seconds`: from now to the deadline."""

    priority: Priority = Priority.INTERACTIVE
    seconds: float = DEFAULT_SECONDS
    routing: Routing = ANYWHERE


def read_terms(headers: Mapping[str, str]) -> Terms:
    """Of headers by their names in small letters. Raises Rejected, with the header's name."""
    policy = headers.get(POLICY.lower())
    reach = _word(REACH, tuple(Reach), headers.get(REACH.lower(), Reach.LAN))
    hosts = _hosts(headers.get(HOSTS.lower()))
    if hosts and reach is Reach.DEVICE:
        raise Rejected(
            f"{HOSTS} names hosts, and {REACH} forbids them", code="nowhere", param=HOSTS
        )
    return Terms(
        _priority(headers.get(PRIORITY.lower(), Priority.INTERACTIVE)),
        _seconds(headers.get(DEADLINE.lower())),
        Routing(reach, hosts, None if policy is None else _word(POLICY, tuple(Policy), policy)),
    )


def _priority(said: str) -> Priority:
    if said == Priority.VOICE:
        raise Rejected(
            "the priority of voice is for people who speak to the box",
            param=PRIORITY,
            remedy="take interactive where a person waits",
        )
    return _word(PRIORITY, PRIORITIES, said)


def _seconds(said: str | None) -> float:
    if said is None:
        return DEFAULT_SECONDS
    number = float(said) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,30})?", said) else 0.0
    if not LEAST_SECONDS <= number <= MOST_SECONDS:
        raise Rejected(
            f"{DEADLINE} is a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS:.0f}",
            param=DEADLINE,
        )
    return number


def _hosts(said: str | None) -> frozenset[str]:
    if said is None:
        return frozenset()
    if not re.fullmatch(HOSTS_PATTERN, said):
        raise Rejected(f"{HOSTS} has up to 16 names of hosts, with commas between", param=HOSTS)
    return frozenset(name.strip() for name in said.split(","))


def _word(header: str, words: tuple[Word, ...], said: str) -> Word:
    for word in words:
        if word == said:
            return word
    raise Rejected(f"{header} is one of {', '.join(words)}, not {said[:80]!r}", param=header)
