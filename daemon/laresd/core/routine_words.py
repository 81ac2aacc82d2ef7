"""How people make, list, delete and start routines, by language. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from laresd.core.intent.text import tokens
from laresd.language import main_language

MAX_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Make:
    """ "When I say PHRASE, REST": each of `readings` is a way to tell the two apart, best first."""

    readings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """ "What routines do I have?" """


@dataclass(frozen=True, slots=True)
class Forget:
    phrase: str


@dataclass(frozen=True, slots=True)
class Start:
    phrase: str


Wish = Make | Tell | Forget | Start


@dataclass(frozen=True, slots=True)
class _Language:
    make: tuple[re.Pattern[str], ...]  # groups phrase and rest
    bare: re.Pattern[str] | None  # group rest: phrase and steps with nothing between them
    tell: re.Pattern[str]
    forget: re.Pattern[str]  # group phrase
    start: re.Pattern[str]
    between: tuple[re.Pattern[str], ...]  # where a list of steps may be cut, the safest first
    polite: re.Pattern[str]


def wish(text: str, language: str) -> Wish | None:
    """What the text wants of routines; None when it is about something else."""
    words = _LANGUAGES.get(main_language(language))
    if words is None or len(text) > MAX_CHARACTERS:
        return None
    plain = words.polite.sub("", _plain(text)).strip(" ,，.。!！?？")
    if made := _make(plain, words):
        return made
    if words.tell.fullmatch(plain):
        return Tell()
    if match := words.forget.fullmatch(plain):
        return Forget(_unquoted(match["phrase"]))
    if match := words.start.fullmatch(plain):
        return Start(_unquoted(match["phrase"]))
    return None


def ways_to_cut(rest: str, language: str) -> tuple[tuple[str, ...], ...]:
    """The steps of a list as one sentence, then cut at ever weaker marks; each way once."""
    words = _LANGUAGES.get(main_language(language))
    ways: list[tuple[str, ...]] = [(rest,)]
    for mark in words.between if words is not None else ():
        parts = tuple(part.strip(" ,，.。") for part in mark.split(rest) if part.strip(" ,，.。"))
        if parts not in ways:
            ways.append(parts)
    return tuple(ways)


def spoken(phrase: str, language: str) -> tuple[str, ...]:
    """A phrase as it is compared: its words without politeness around them."""
    words = _LANGUAGES.get(main_language(language))
    plain = _plain(phrase)
    return tokens(words.polite.sub("", plain) if words is not None else plain)


def _make(plain: str, words: _Language) -> Make | None:
    readings: list[tuple[str, str]] = []
    for pattern in words.make:
        if match := pattern.fullmatch(plain):
            readings.append((_unquoted(match["phrase"]), match["rest"].strip(" ,，")))
    if readings:
        return Make((readings[0],))
    match = words.bare.fullmatch(plain) if words.bare is not None else None
    if match is None:
        return None
    said = match["rest"].split()
    return Make(
        tuple((" ".join(said[:cut]), " ".join(said[cut:])) for cut in range(1, min(7, len(said))))
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .!?。！？")


def _unquoted(phrase: str) -> str:
    return phrase.strip(" ,，.:：\"'“”„‘’「」『』《》")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_QUOTED = r"[\"'“„‘「『](?P<phrase>[^\"”“’」』]+)[\"'”“’」』]"
_LANGUAGES: Mapping[str, _Language] = {
    "en": _Language(
        make=(
            _pattern(
                rf"(?:when|whenever|if|every time) i say {_QUOTED}[,:;]? ?(?:then )?(?P<rest>.+)"
            ),
            _pattern(
                r"(?:when|whenever|if|every time) i say (?P<phrase>[^,:;]{1,60}?)"
                r"(?:[,:;] ?(?:then |please |you should |i want you to )?| then | please "
                r"| you should | i want you to )(?P<rest>.+)"
            ),
            _pattern(
                r"(?P<rest>.+?),? (?:when|whenever|if|every time) i say (?P<phrase>[^,:;]{1,60})"
            ),
        ),
        bare=_pattern(r"(?:when|whenever|if|every time) i say (?P<rest>.+)"),
        tell=_pattern(
            r"(?:what|which) routines (?:do i have|are there|do you know|have i made|exist)"
            r"|(?:list|show|tell me|read) (?:me )?(?:all )?(?:my |the |of my )?routines"
            r"|what are my routines"
        ),
        forget=_pattern(
            r"(?:delete|remove|forget|drop) (?:the |my )?"
            r"(?:routine (?:called |named )?(?=.)|(?=.+ routine$))(?P<phrase>.+?)(?: routine)?"
        ),
        start=_pattern(
            r"(?:run|start|execute|begin|do) (?:the |my )?"
            r"(?:routine (?:called |named )?(?=.)|(?=.+ routine$))(?P<phrase>.+?)(?: routine)?"
        ),
        between=(
            _pattern(r"[;,] (?:and )?(?:then )?|,? (?:and )?then "),
            _pattern(r"[;,] (?:and )?(?:then )?|,? (?:and )?then | and "),
        ),
        polite=_pattern(
            r"^(?:(?:please|hey|ok|okay|lares|can you|could you|i want to|remember|from now on)"
            r"[, ]+)+|[, ]+(?:please|lares|thanks|thank you)$"
        ),
    ),
    "de": _Language(
        make=(
            _pattern(
                rf"(?:immer )?(?:wenn|sobald|falls) ich {_QUOTED} sage[,:;]?(?: dann| bitte)* "
                r"(?P<rest>.+)"
            ),
            _pattern(
                r"(?:immer )?(?:wenn|sobald|falls) ich (?P<phrase>.{1,60}?) sage[,:;]?"
                r"(?: dann| bitte)* (?P<rest>.+)"
            ),
            _pattern(r"(?P<rest>.+?),? (?:immer )?(?:wenn|sobald) ich (?P<phrase>.{1,60}) sage"),
        ),
        bare=None,
        tell=_pattern(
            r"(?:welche|was für) routinen (?:habe ich|gibt es|kennst du|hast du)"
            r"|(?:nenne|nenn|zeige|zeig|liste) (?:mir )?(?:alle )?(?:meine |die )?routinen(?: auf)?"
        ),
        forget=_pattern(
            r"(?:lösche|lösch|entferne|vergiss) (?:die |meine )?(?:routine (?=.)|(?=.+-routine$))"
            r"(?P<phrase>.+?)(?:-routine)?"
        ),
        start=_pattern(
            r"(?:starte|start|führe|führ|beginne) (?:die |meine )?"
            r"(?:routine (?=.)|(?=.+-routine(?: aus)?$))(?P<phrase>.+?)(?:-routine)?(?: aus)?"
        ),
        between=(
            _pattern(r"[;,] (?:und )?(?:dann )?|,? (?:und )?dann "),
            _pattern(r"[;,] (?:und )?(?:dann )?|,? (?:und )?dann | und "),
        ),
        polite=_pattern(
            r"^(?:(?:bitte|hey|ok|okay|lares|kannst du|könntest du|merk dir|ab jetzt)[, ]+)+"
            r"|[, ]+(?:bitte|lares|danke)$"
        ),
    ),
    "zh": _Language(
        make=(
            _pattern(
                rf"(?:当|每当|如果|只要|每次)?我一?说{_QUOTED}(?:的时候|时)?(?:，|,|就|请|你就)*"
                r"(?P<rest>.+)"
            ),
            _pattern(
                r"(?:当|每当|如果|只要|每次)?我一?说(?P<phrase>[^，,]{1,30}?)"
                r"(?:的时候|时|，|,|就)(?:，|,|就|请|你就)*(?P<rest>.+)"
            ),
        ),
        bare=None,
        tell=_pattern(
            r"(?:我)?(?:都)?(?:有|设了|设置了)(?:哪些|什么)(?:例程|口令|快捷指令)"
            r"|(?:列出|告诉我|显示)(?:我的|所有的?|全部)*(?:例程|口令|快捷指令)"
            r"|(?:例程|口令|快捷指令)有哪些"
        ),
        forget=_pattern(
            r"(?:把)?(?:删除|删掉|忘记|忘掉|取消)(?:我的)?"
            r"(?:(?:例程|口令|快捷指令)(?=.)|(?=.+(?:例程|口令|快捷指令)$))"
            r"(?P<phrase>.+?)(?:的?(?:例程|口令|快捷指令))?"
        ),
        start=_pattern(
            r"(?:运行|执行|启动|开始)(?:我的)?"
            r"(?:(?:例程|口令|快捷指令)(?=.)|(?=.+(?:例程|口令|快捷指令)$))"
            r"(?P<phrase>.+?)(?:的?(?:例程|口令|快捷指令))?"
        ),
        between=(
            _pattern(r"[，,；;、](?:然后|再|并且|并)?|然后|并且"),
            _pattern(r"[，,；;、]|然后|并且|再|并|和"),
        ),
        polite=_pattern(r"^(?:(?:请|麻烦|帮我|以后|从现在起)[，, ]*)+|[，, ]*(?:谢谢|吧)$"),
    ),
}
