"""What to say after acting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from laresd.core.replies.books import be, joined, phrasebook, sentence, spoken
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Action, Command, Home, Json, Outcome, ReplyKind, Status

_GOOD = frozenset({Status.CONFIRMED, Status.ACCEPTED, Status.ALREADY})
_Group = tuple[Command, str]


def kind_of(outcomes: Sequence[Outcome]) -> ReplyKind:
    """DONE when each device confirmed, FAILED when none did, else PARTIAL."""
    good = sum(outcome.status in _GOOD for outcome in outcomes)
    if good == len(outcomes) and outcomes:
        return ReplyKind.DONE
    return ReplyKind.PARTIAL if good else ReplyKind.FAILED


def deeds(outcomes: Sequence[Outcome], home: Home, language: str) -> str:
    """What was done and what was not; only what a device has confirmed is said to be done."""
    book = phrasebook(language)
    good: dict[_Group, list[Outcome]] = {}
    bad: dict[Status, list[str]] = {}
    for outcome in outcomes:
        if outcome.status in _GOOD:
            group = (outcome.action.command, str(sorted(outcome.action.params.items())))
            good.setdefault(group, []).append(outcome)
        else:
            bad.setdefault(outcome.status, []).append(outcome.action.entity_id)
    said = [_good(group, home, book) for group in good.values()]
    said += [_bad(status, ids, home, book) for status, ids in bad.items()]
    return " ".join(sentence(text) for text in said)


def _good(group: Sequence[Outcome], home: Home, book: Phrasebook) -> str:
    action = group[0].action
    names = spoken([outcome.action.entity_id for outcome in group], home, book)
    if all(outcome.status is Status.ALREADY for outcome in group):
        template = book.already.get(action.command, book.already[Command.SET_VALUE])
        if action.params:
            template = book.already[Command.SET_VALUE]
        return template.format(names=names, be=be(len(group), book))
    return _did(action, names, book)


def _did(action: Action, names: str, book: Phrasebook) -> str:
    what = _light(action.params, book) if action.command is Command.TURN_ON else ""
    if what:
        return book.did_light.format(names=names, what=what)
    facts = {key: _number(value) for key, value in action.params.items()}
    return book.did[action.command].format_map({"names": names, **facts})


def _light(params: Mapping[str, Json], book: Phrasebook) -> str:
    said = []
    color = params.get("color_name")
    if isinstance(color, str):
        said.append(book.colors.get(color, color))
    if "color_temp_k" in params:
        said.append(book.kelvin.format(value=_number(params["color_temp_k"])))
    if "brightness_pct" in params:
        said.append(book.percent.format(value=_number(params["brightness_pct"])))
    return joined(said, book)


def _bad(status: Status, entity_ids: Sequence[str], home: Home, book: Phrasebook) -> str:
    template = {
        Status.NO_ANSWER: book.no_answer,
        Status.DELAYED: book.delayed,
        Status.UNAVAILABLE: book.unavailable,
        Status.UNSUPPORTED: book.unsupported,
    }.get(status, book.failed)
    names = spoken(entity_ids, home, book)
    return template.format(names=names, be=be(len(entity_ids), book))


def _number(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
