"""What is not even read: too long, hidden characters, too much at once, blocked and unsafe topics.

It runs before any grammar and any model. A refusal has its rule's name, which is logged; what was
said is not.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from laresd.config import Input
from laresd.core.intent.text import tokens
from laresd.errors import ConfigError
from laresd.rates import TokenBuckets
from laresd.types import Request

MAX_ASKERS = 256  # whose rate is counted; who has been silent longest is forgotten
MAX_RULES = 200
_CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_JOINERS = "\u200c\u200d"  # part of the spelling of Persian and Indic scripts, and of emoji
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Kind = Literal["length", "text", "rate", "topic"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`rule`: its name, for the log. `says`: the operator's own answer by language."""

    rule: str
    kind: Kind
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicRule:
    """Fits a text that has a phrase of each group and none of `unless`."""

    name: str
    groups: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pattern:
    name: str
    regex: re.Pattern[str]


class InputFilter:
    """`refusal` tells why a request is not read; its state is how much was asked of late."""

    def __init__(self, settings: Input, rules: Sequence[TopicRule] = ()) -> None:
        """`rules`: of unsafe requests, from `topic_rules`. Raises ConfigError for a topic in the
        settings that is none.
        """
        self._longest = settings.max_characters
        self._rate = rate(settings.requests_per_minute)
        words = [_blocked_words(name, listed) for name, listed in settings.blocked.items()]
        self._topics = (*[rule for rule in words if rule.groups[0]], *rules)
        self._patterns = tuple(
            pattern
            for name, listed in settings.blocked.items()
            for pattern in _blocked_patterns(name, listed)
        )

    def refusal(self, request: Request, now: float) -> Refusal | None:
        """The first rule that the request breaks; `now`: monotonic seconds."""
        if len(request.text) > self._longest:
            return Refusal("length", "length")
        hidden = hidden_characters(request.text)
        if hidden:
            return Refusal(hidden, "text")
        counted = [self._rate.take(asker, now) for asker in _askers(request)]
        if any(counted):
            return Refusal("rate", "rate")
        return self._topic(request.text)

    def _topic(self, text: str) -> Refusal | None:
        words = tokens(text)
        for rule in self._topics:
            if fits(rule, words):
                return Refusal(rule.name, "topic", rule.says)
        plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        for pattern in self._patterns:
            if pattern.regex.search(plain):
                return Refusal(pattern.name, "topic")
        return None


def rate(per_minute: int) -> TokenBuckets:
    """So many a minute of each asker, with as many at once; 0: without limit."""
    return TokenBuckets(per_minute, burst_s=60.0, clients=MAX_ASKERS)


def _askers(request: Request) -> list[str]:
    """Who is counted. Programs that name neither site nor user are limited where they come in."""
    found = [f"user {request.user}"] if request.user else []
    if request.site or request.source == "voice":
        found.append(f"site {request.source} {request.site}")
    return found


def hidden_characters(text: str) -> str:
    """The name of the rule that a character breaks which a person can neither see nor say."""
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if character in "\t\n\r" or (character == "\ufeff" and index == 0):
            continue
        if category in ("Cc", "Cs", "Co", "Cn"):
            return "control-characters"
        if character in _BIDI:
            return "bidi-characters"
        if _is_variation_of_nothing(character):
            return "invisible-characters"
        if category in ("Cf", "Zl", "Zp") and not _joins(text, index):
            return "invisible-characters"
    return ""


def _is_variation_of_nothing(character: str) -> bool:
    """The 240 selectors after those of emoji: no keyboard has them, and they can carry text."""
    return "\U000e0100" <= character <= "\U000e01ef"


def _joins(text: str, index: int) -> bool:
    """A joiner between letters of a script that needs it, or between emoji."""
    around = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    return text[index] in _JOINERS and len(around) == 2 and not any(map(str.isascii, around))


def fits(rule: TopicRule, words: tuple[str, ...]) -> bool:
    """Whether the words of a text break the rule."""
    said, joined = f" {' '.join(words)} ", "".join(words)

    def has(phrase: str) -> bool:
        wanted = tokens(phrase)
        if _CJK.search(phrase):
            return "".join(wanted) in joined
        return f" {' '.join(wanted)} " in said

    if any(has(phrase) for phrase in rule.unless):
        return False
    return all(any(has(phrase) for phrase in group) for group in rule.groups)


def topic_rules(text: str, name: str) -> tuple[TopicRule, ...]:
    """The rules in a TOML text; `name` stands for the file in errors.

    [NAME]: `all`, lists of phrases of which the text has one each; `unless`, phrases that make it
    harmless; `says`, the answer by language. Raises ConfigError.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}", remedy="see the TOML rules at that line") from error
    if len(document) > MAX_RULES:
        raise ConfigError(f"{name}: {len(document)} rules are too many, at most {MAX_RULES}")
    return tuple(_rule(rule, table, name) for rule, table in document.items())


def _rule(rule: str, table: object, file: str) -> TopicRule:
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {rule} must be a table: [{rule}]")
    for key in table:
        if key not in ("all", "unless", "says"):
            raise ConfigError(
                f"{file}: [{rule}] has no key {key!r}", remedy="known: all, unless, says"
            )
    groups, says = table.get("all"), table.get("says", {})
    if not isinstance(groups, list) or not groups:
        raise ConfigError(f'{file}: [{rule}] all must be lists of phrases: [["how"], ["bomb"]]')
    if not isinstance(says, dict) or not all(isinstance(said, str) for said in says.values()):
        raise ConfigError(f'{file}: [{rule}] says must be a table: {{en = "..."}}')
    return TopicRule(
        rule,
        tuple(_phrases(group, f"{file}: [{rule}] all", least=1) for group in groups),
        _phrases(table.get("unless", []), f"{file}: [{rule}] unless", least=0),
        dict(says),
    )


def _phrases(value: object, where: str, *, least: int) -> tuple[str, ...]:
    """Phrases with words in them: one without would fit every text."""
    listed = value if isinstance(value, list) else None
    if listed is None or len(listed) < least or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f"{where} must hold lists of phrases in quotes")
    for phrase in listed:
        if not tokens(phrase):
            raise ConfigError(f"{where}: {phrase!r} has no words")
    return tuple(listed)


def _blocked_words(name: str, listed: Sequence[str]) -> TopicRule:
    words = [entry for entry in listed if not _is_regex(entry)]
    return TopicRule(name, (_phrases(words, f"[input.blocked] {name}", least=0),))


def _blocked_patterns(name: str, listed: Sequence[str]) -> list[_Pattern]:
    return [_Pattern(name, _compiled(name, one[1:-1])) for one in listed if _is_regex(one)]


def _is_regex(entry: str) -> bool:
    return len(entry) > 2 and entry.startswith("/") and entry.endswith("/")


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ConfigError(
            f"[input.blocked] {name}: /{pattern}/ is no regular expression: {error}",
            remedy="write a plain word without the slashes, or mend it",
        ) from error
