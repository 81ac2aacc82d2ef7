"""Random sentences from templates: ``(a|b)`` chooses, ``[x]`` may be left out, ``<name>`` takes
from a list or rule.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

_KEEP_OPTIONAL = 0.5
_KEEP_ARTICLE = 0.8  # people rarely leave "the" out

Rule = Sequence[str] | Callable[[random.Random], str]


def names(text: str) -> list[str]:
    """The names of a text, one or more words each, with semicolons or line ends between them."""
    return text.strip().replace("\n", ";").split(";")


def expand(template: str, rules: Mapping[str, Rule], dice: random.Random) -> str:
    """One sentence of `template`.

    Raises KeyError for an unknown rule and ValueError for an unclosed bracket.
    """
    text, end = _sequence(template, 0, "", rules, dice)
    if end != len(template):
        raise ValueError(f"unbalanced bracket in {template!r}")
    return " ".join(text.split())


def _sequence(
    template: str, at: int, stop: str, rules: Mapping[str, Rule], dice: random.Random
) -> tuple[str, int]:
    """Expand up to one of the characters of `stop`; returns the text and the position of that
    character.
    """
    parts: list[str] = []
    while at < len(template) and template[at] not in stop:
        sign = template[at]
        if sign in "([":
            text, at = _choice(template, at, rules, dice)
            parts.append(text)
        elif sign == "<":
            end = template.index(">", at)
            parts.append(_rule(template[at + 1 : end], rules, dice))
            at = end + 1
        else:
            parts.append(sign)
            at += 1
    return "".join(parts), at


def _choice(
    template: str, at: int, rules: Mapping[str, Rule], dice: random.Random
) -> tuple[str, int]:
    close = ")" if template[at] == "(" else "]"
    options: list[str] = []
    start = at
    at += 1
    while True:
        text, at = _sequence(template, at, "|" + close, rules, dice)
        options.append(text)
        if at >= len(template):
            raise ValueError(f"unclosed bracket at {start} in {template!r}")
        at += 1
        if template[at - 1] == close:
            break
    chosen = dice.choice(options)
    if close == "]" and dice.random() > (_KEEP_ARTICLE if chosen == "the" else _KEEP_OPTIONAL):
        return "", at
    return chosen, at


def _rule(name: str, rules: Mapping[str, Rule], dice: random.Random) -> str:
    rule = rules[name]
    if callable(rule):
        return rule(dice)
    return expand(dice.choice(rule), rules, dice)


@lru_cache(maxsize=8)
def read_groups(path: Path) -> tuple[tuple[float, ...], tuple[tuple[str, ...], ...]]:
    """Weights and templates of a file's groups: ``== name weight``, then one template a line."""
    weights: list[float] = []
    groups: list[list[str]] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("== "):
            weights.append(float(line.rsplit(" ", 1)[1]))
            groups.append([])
        elif line and not line.startswith("#"):
            groups[-1].append(line)
    return tuple(weights), tuple(tuple(group) for group in groups)


def template(path: Path, dice: random.Random) -> str:
    """One template of a file, its group chosen by weight."""
    weights, groups = read_groups(path)
    return dice.choice(dice.choices(groups, weights)[0])
