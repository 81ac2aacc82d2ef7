"""A finding: what was looked at, what was seen, how bad it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"  # it works, but not as it should
    FAIL = "fail"  # something of Lares does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy`: one thing to do or type; "" when all is well."""

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    return Finding(check, Verdict.OK, text)


def warn(check: str, text: str, remedy: str) -> Finding:
    return Finding(check, Verdict.WARN, text, remedy)


def fail(check: str, text: str, remedy: str) -> Finding:
    return Finding(check, Verdict.FAIL, text, remedy)
