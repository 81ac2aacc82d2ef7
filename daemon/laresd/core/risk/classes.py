"""The classes of risk, and what is known of who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from laresd.types import Request

VOICE = "voice"  # Request.source of what was spoken


class Risk(StrEnum):
    """What an action needs before it is done, from nothing to what cannot be had."""

    FREE = "free"
    CONFIRM = "confirm"  # "Unlock the front door: shall I?"
    PIN = "pin"
    NEVER = "never"

    @property
    def rank(self) -> int:
        return tuple(Risk).index(self)


class Why(StrEnum):
    """What decided. All but RULE are reasons of a refusal that a person can do something about."""

    RULE = "rule"  # the class of the rule itself, or no rule fits
    BY = "by"  # spoken where it must be typed, or the other way round
    SITE = "site"
    USER = "user"
    TIME = "time"
    POLICY = "policy"  # this user or site may not command that
    UNKNOWN_DEVICE = "unknown_device"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and how. `site` and `user` as in a Request: "" where they are not known."""

    by: Literal["voice", "text"] = "text"
    site: str = ""
    user: str = ""

    @classmethod
    def of(cls, request: Request) -> Asker:
        by: Literal["voice", "text"] = "voice" if request.source == VOICE else "text"
        return cls(by, request.site, request.user)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of one action. `rule`: the name of what decided, "" where nothing fits."""

    risk: Risk
    why: Why = Why.RULE
    rule: str = ""
