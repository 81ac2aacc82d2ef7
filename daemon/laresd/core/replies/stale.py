"""What is said of actions that waited for the broker and are not carried out any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.core.replies.books import MOST_NAMES, joined, of_language, phrasebook, sentence
from laresd.types import Dropped


@dataclass(frozen=True, slots=True)
class _Words:
    """Of one language, by the reasons of `Dropped`. {names}: devices, joined."""

    expired: str
    unknown: str
    refused: str


_BOOKS = {
    "en": _Words(
        "I could not reach {names} in time, so nothing was done there.",
        "The connection broke while I was telling {names} what to do. "
        "Please look whether it was done.",
        "The broker does not let me control {names}.",
    ),
    "de": _Words(
        "Ich konnte {names} nicht rechtzeitig erreichen, dort ist nichts geschehen.",
        "Die Verbindung brach ab, als ich {names} etwas auftrug. "
        "Bitte sieh nach, ob es geschehen ist.",
        "Der Broker lässt mich {names} nicht steuern.",
    ),
    "zh": _Words(
        "没能及时通知到{names}，所以什么也没做。",
        "通知{names}时连接断了，请看一下有没有执行。",
        "消息服务器不允许我控制{names}。",
    ),
}


def stale(dropped: Sequence[tuple[str, Dropped]], language: str) -> str:
    """A sentence for each reason, with the names of the devices that were to be told."""
    words = of_language(_BOOKS, language)
    templates = {"expired": words.expired, "unknown": words.unknown, "refused": words.refused}
    said = []
    for reason, template in templates.items():
        names = tuple(dict.fromkeys(name for name, one in dropped if one.reason == reason))
        if names:
            said.append(sentence(template.format(names=_named(names, language))))
    return " ".join(said)


def _named(names: Sequence[str], language: str) -> str:
    book = phrasebook(language)
    if len(names) > MOST_NAMES:
        return book.count.format(n=len(names), kind=book.kinds["device"][1])
    return joined([book.device(name) for name in names], book)
