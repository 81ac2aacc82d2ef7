"""Questions in flight: what was asked before an action, and what counts as its answer.

At most one question is open at a site, for a bounded time. The next thing that is said there takes
it away: a yes lets it be done, a no or anything else does not. Only whole utterances out of short
closed lists are answers, so no text that merely holds a "yes" can be one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from laresd.core.intent.text import tokens
from laresd.core.risk import Risk
from laresd.language import main_language
from laresd.types import Action, Entity, EntityState, Home, Request

MAX_OPEN = 64  # sites with an open question; the oldest question gives way
PIN_DIGITS = (4, 12)
PAUSE_S, MAX_PAUSE_S = 60.0, 3600.0  # after too many wrong PINs; doubles each time
HOUSE_TRIES = 10  # wrong PINs in all the house since the last right one, before it pauses, too
_HOUSE = ("", "", "")

_YES = {
    "en": "yes|yes please|yes do it|yes go ahead|yeah|yep|sure|do it|go ahead|please do|confirm|"
    "confirmed|i confirm|affirmative|of course",
    "de": "ja|ja bitte|ja gerne|jawohl|ja mach das|ja mach es|mach das|mach es|tu es|ja tu es|"
    "bestätigt|bestätige|ich bestätige|natürlich|na klar",
    "zh": "是|是的|好|好的|对|对的|确认|确定|可以|要|行|没错|请执行",
}
_NO = {
    "en": "no|no thanks|no thank you|nope|nah|dont|do not|dont do it|do not do it|no dont|cancel|"
    "cancel that|stop|never mind|nevermind|leave it|forget it|abort|negative",
    "de": "nein|nein danke|nee|nö|nicht|lass es|lass das|lieber nicht|doch nicht|abbrechen|"
    "abbruch|stopp|stop|halt|vergiss es|auf keinen fall|mach das nicht|mach es nicht",
    "zh": "不|不要|不用|不用了|不是|不行|不可以|取消|算了|别|停|否|没有",
}
_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "zh": "零 一 二 三 四 五 六 七 八 九",
}
_OTHER_DIGITS = {"en": {"oh": "0", "o": "0"}, "de": {"zwo": "2"}, "zh": {"〇": "0", "两": "2"}}


class Answer(StrEnum):
    """What an utterance is to an open question."""

    YES = "yes"
    NO = "no"
    PIN = "pin"  # digits, right or wrong
    OTHER = "other"  # a new request


def answer(text: str, language: str) -> Answer:
    """What the text is, in the closed lists of its language; of English where it has none."""
    words = " ".join(tokens(text))
    if words in _phrases(_YES, language):
        return Answer.YES
    if words in _phrases(_NO, language):
        return Answer.NO
    return Answer.PIN if digits(text, language) else Answer.OTHER


def digits(text: str, language: str) -> str:
    """The PIN in a text of nothing but digits, as figures or as words one by one; "" in another."""
    main = _main(language, _DIGITS)
    words = {word: str(value) for value, word in enumerate(_DIGITS[main].split())}
    words |= _OTHER_DIGITS[main]
    said = ""
    for token in tokens(text):
        figures = token.replace(".", "").replace(",", "")
        if figures.isascii() and figures.isdecimal():
            said += figures
        elif token in words:
            said += words[token]
        else:
            return ""
    least, most = PIN_DIGITS
    return said if least <= len(said) <= most else ""


def _phrases(lists: Mapping[str, str], language: str) -> frozenset[str]:
    listed = lists[_main(language, lists)].split("|")
    return frozenset(" ".join(tokens(phrase)) for phrase in listed)


def _main(language: str, known: Mapping[str, str]) -> str:
    main = main_language(language)
    return main if main in known else "en"


@dataclass(frozen=True, slots=True)
class Seen:
    """A device as it was when the question was asked."""

    entity: Entity
    state: EntityState


@dataclass(frozen=True, slots=True)
class Pending:
    """What was asked about: exactly these actions may be done on a yes, or on the right PIN.

    `until`: monotonic seconds. `understood_by` and `intent`: of the request that it came from.
    """

    actions: tuple[Action, ...]
    risk: Risk  # CONFIRM or PIN
    user: str
    until: float
    seen: Mapping[str, Seen] = field(default_factory=dict)
    understood_by: str = ""
    intent: str = ""


def seen(actions: tuple[Action, ...], home: Home) -> dict[str, Seen]:
    """The devices of the actions as they are now."""
    return {
        action.entity_id: Seen(home.entities[action.entity_id], home.state(action.entity_id))
        for action in actions
        if action.entity_id in home.entities
    }


def changed(pending: Pending, home: Home) -> tuple[str, ...]:
    """The devices that are no longer what they were when the question was asked: to be left alone.

    One that only now tells its state is no other device, unless that is to be turned into its
    opposite.
    """
    toggled = {a.entity_id for a in pending.actions if a.command.value == "toggle"}
    found = []
    for entity_id, before in pending.seen.items():
        now = home.state(entity_id)
        unknown = before.state.state == "unknown" and entity_id not in toggled
        same = now.state == before.state.state or unknown
        if home.entities.get(entity_id) != before.entity or not same:
            found.append(entity_id)
    return tuple(found)


Site = tuple[str, str, str]


def site_of(request: Request) -> Site:
    """Where an answer must come from. Another way in is another site: a program's yes is not the
    yes of the room.
    """
    return (request.source, request.site, request.conversation)


def _counted(site: Site) -> Site:
    """The site whatever the conversation: a new one is no fresh start for guessing."""
    return (site[0], site[1], "")


class Consents:
    """The open questions and the wrong PINs. Owned by one caller; knows no clock."""

    def __init__(self, *, tries: int) -> None:
        self._tries = tries
        self._open: OrderedDict[Site, Pending] = OrderedDict()
        self._wrong: OrderedDict[Site, int] = OrderedDict()  # since the last right PIN
        self._paused: dict[Site, float] = {}  # until when no PIN is taken

    def ask(self, site: Site, pending: Pending) -> None:
        """Open the question; one that was open there is forgotten."""
        self._open.pop(site, None)
        self._open[site] = pending
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)

    def peek(self, site: Site) -> Pending | None:
        return self._open.get(site)

    def take(self, site: Site) -> Pending | None:
        """The open question, which is open no more: nothing can be answered twice."""
        return self._open.pop(site, None)

    def pause(self, site: Site, now: float) -> float:
        """Seconds until a PIN is taken again, from this site; 0 for at once."""
        until = max(self._paused.get(_counted(site), 0.0), self._paused.get(_HOUSE, 0.0))
        return max(0.0, until - now)

    def tried(self, site: Site, now: float) -> None:
        """Count a PIN before it is looked at, so that many at once are no way around the limit."""
        self._count(_counted(site), self._tries, now)
        self._count(_HOUSE, max(self._tries, HOUSE_TRIES), now)

    def right(self, site: Site) -> None:
        """The PIN was right: the wrong ones of this site are forgotten, and those of the house."""
        for key in (_counted(site), _HOUSE):
            self._wrong.pop(key, None)
            self._paused.pop(key, None)

    def _count(self, key: Site, tries: int, now: float) -> None:
        """After each `tries` PINs a pause, twice as long as the one before. Sites that are made up
        share the house's count, so forgetting the oldest of many gains nothing.
        """
        count = self._wrong.pop(key, 0) + 1
        self._wrong[key] = count
        if count % tries == 0:
            length = min(PAUSE_S * 2 ** (count // tries - 1), MAX_PAUSE_S)
            self._paused[key] = now + length
        while len(self._wrong) > MAX_OPEN:
            forgotten = next(key for key in self._wrong if key != _HOUSE)
            del self._wrong[forgotten]
            self._paused.pop(forgotten, None)
