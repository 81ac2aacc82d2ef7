"""How well speech was understood: texts made comparable, word errors, totals.

Normalised on both sides: case, punctuation, apostrophes and hyphens; digits become words (in
English, German and Chinese), % becomes "percent" and ° "degrees" of the language. Chinese is
compared by characters, so its word error rate is a character error rate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


def _listed(text: str) -> list[str]:
    return text.split()


_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SYMBOLS = {
    "en": {"%": " percent ", "°": " degrees "},
    "de": {"%": " prozent ", "°": " grad "},
    "zh": {"%": "百分之", "°": "度"},
}
_EN_SMALL = _listed(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen"""
)
_EN_TENS = _listed("_ ten twenty thirty forty fifty sixty seventy eighty ninety")
_DE_SMALL = _listed(
    """null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn
    fünfzehn sechzehn siebzehn achtzehn neunzehn"""
)
_DE_TENS = _listed("_ zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_ZH_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Item:
    """One recording. `expected` None: nobody wrote down what is said in it, if anything is.

    `errors` of `words` words are wrong. `acted`: devices that were told something.
    """

    file: str
    kind: str
    language: str
    expected: str | None
    heard: str
    exact: bool
    errors: int
    words: int
    seconds: float
    compute_seconds: float
    reason: str = ""
    acted: tuple[str, ...] = ()
    is_command: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """Totals of some recordings. `exact` of the `total` that have a transcript were heard exactly.

    `untold`: recordings without a transcript (noise, unknown words), of which `untold_heard` came
    out as text. `false_commands`: recordings that are no commands and moved a device. `wer` and
    `rtf` (compute seconds per second of sound) are None where there is nothing to divide by.
    """

    total: int
    exact: int
    wer: float | None
    rtf: float | None
    untold: int
    untold_heard: int
    false_commands: int
    failed: int


def words(text: str, language: str) -> list[str]:
    """The text as it is compared."""
    main = language.partition("-")[0].lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[’ʼ`´']", "", text)
    for symbol, word in _SYMBOLS.get(main, _SYMBOLS["en"]).items():
        text = text.replace(symbol, word)
    text = _NUMBER.sub(lambda number: f" {_spoken(number.group(), main)} ", text)
    return _TOKEN.findall(text)


def word_errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions that make one of the other."""
    row = list(range(len(heard) + 1))
    for i, want in enumerate(expected, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, before + (want != got))
            before, row[j] = row[j], cost
    return row[-1]


def total(items: Iterable[Item]) -> Score:
    """The score of these recordings together."""
    items = list(items)
    told = [item for item in items if item.expected is not None]
    untold = [item for item in items if item.expected is None]
    seconds = sum(item.seconds for item in items)
    count = sum(item.words for item in told)
    return Score(
        total=len(told),
        exact=sum(item.exact for item in told),
        wer=round(sum(item.errors for item in told) / count, 4) if count else None,
        rtf=round(sum(i.compute_seconds for i in items) / seconds, 4) if seconds else None,
        untold=len(untold),
        untold_heard=sum(bool(item.heard) for item in untold),
        false_commands=sum(bool(item.acted) and not item.is_command for item in items),
        failed=sum(item.reason.startswith("failed") for item in items),
    )


def by_kind(items: Iterable[Item]) -> Mapping[str, Score]:
    """A score for each kind of recording, in the order in which the kinds come."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.kind, []).append(item)
    return {kind: total(group) for kind, group in groups.items()}


def _spoken(number: str, language: str) -> str:
    whole, _, part = number.replace(",", ".").partition(".")
    if len(whole) > 6:
        return number
    say = {"de": _german, "zh": _chinese}.get(language, _english)
    point = {"de": "komma", "zh": "点"}.get(language, "point")
    text = say(int(whole))
    return " ".join([text, point, *(say(int(digit)) for digit in part)]) if part else text


def _english(number: int) -> str:
    if number < 20:
        return _EN_SMALL[number]
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            head = f"{_english(number // size)} {name}"
            return f"{head} {_english(rest)}" if rest else head
    tens = _EN_TENS[number // 10]
    return f"{tens} {_EN_SMALL[number % 10]}" if number % 10 else tens


def _german(number: int) -> str:
    return "eins" if number == 1 else _german_part(number)


def _german_part(number: int) -> str:
    if number < 20:
        return _DE_SMALL[number]
    for size, name in ((1000, "tausend"), (100, "hundert")):
        if number >= size:
            rest = number % size
            return _german_part(number // size) + name + (_german(rest) if rest else "")
    tens = _DE_TENS[number // 10]
    return f"{_DE_SMALL[number % 10]}und{tens}" if number % 10 else tens


def _chinese(number: int) -> str:
    if number < 10:
        return _ZH_DIGITS[number]
    for size, name in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            head = "" if (number // size, name) == (1, "十") else _chinese(number // size)
            rest = number % size
            gap = "零" if rest and rest < size // 10 else ""
            return head + name + (gap + _chinese(rest) if rest else "")
    return ""
