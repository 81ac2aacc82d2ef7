"""What a message asks, by the last levels of its topic. Pure: bytes in, a value or an error out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from laresd.errors import Refused
from laresd.frontends.mqtt.faults import BadRequest
from laresd.frontends.mqtt.fields import Fields, parse, text_of
from laresd.timing import TimerVerb

MAX_PAYLOAD = 64 << 10  # bytes
MAX_TEXT = 1000  # characters
MAX_TITLE = 200  # characters
MAX_COLLECTIONS = 16
MAX_NAME = 64  # characters: of rooms, people, conversations, timers
MAX_REFERENCE = 255  # characters of a file's name or an address
MAX_SECONDS = 7 * 24 * 3600  # of a timer
DEFAULT_DEADLINE, MAX_DEADLINE = 45.0, 300.0  # seconds
DEFAULT_LISTEN, MAX_LISTEN = 5.0, 60.0  # seconds
LATEST_SENT = 1e11  # seconds since the epoch
LAST = "last"  # the id of a request without one

WHOLE, PARTS, NONE = "whole", "parts", "none"
PRESSES = ("", "PRESS")  # of Home Assistant's MQTT button, and of who sends nothing

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_NAME_FORM = "1 to 40 of a-z, 0-9, _ and -"
_ID_FORM = "1 to 64 letters, digits, or any of _ . -"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_PERCENT = re.compile(r"[0-9]{1,2}|100")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*(/[A-Za-z0-9_][A-Za-z0-9_. -]*)*")
_URL = re.compile(r"http://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")
_AUDIO = re.compile(rf"(?=.{{1,{MAX_REFERENCE}}}$)({_FILE.pattern}|{_URL.pattern})")


@dataclass(frozen=True, slots=True)
class Header:
    """What every request may say. `client`: who it says that it is; MQTT itself does not tell.

    `seconds`: how long the asker waits. `sent_at`: seconds since the epoch, None: not said.
    """

    id: str = LAST
    client: str = ""
    seconds: float = DEFAULT_DEADLINE
    sent_at: float | None = None
    reply: str = WHOLE


@dataclass(frozen=True, slots=True)
class Ask:
    """A sentence, as text or as the name of a recording. "" where nothing is said."""

    text: str
    audio: str = ""
    language: str = ""
    area: str = ""
    site: str = ""
    user: str = ""
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """`area`: only where this box stands there. `site`: by the satellite there, "" by the box."""

    text: str
    language: str = ""
    area: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """`seconds`: how long the ear stays open while nobody speaks."""

    seconds: float = DEFAULT_LISTEN
    site: str = ""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of the box's own voice; None: it is only to be told."""

    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """`seconds`: how long, or by how much; 0: not said."""

    verb: TimerVerb
    seconds: float = 0.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Activate:
    """A scene or script by its name, or a routine by what starts it."""

    name: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks documents, and which; no collection named: all that they may ask."""

    language: str = ""
    site: str = ""
    user: str = ""
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskDocuments:
    text: str
    asker: Asker = Asker()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class SearchDocuments:
    text: str
    asker: Asker = Asker()


@dataclass(frozen=True, slots=True)
class SumUp:
    """`document`: its number, or its title."""

    document: str
    asker: Asker = Asker()


OfDocuments = AskDocuments | SearchDocuments | SumUp
Wanted = Ask | Say | Listen | Loudness | Time | Activate | OfDocuments

_HEADER = ("id", "client", "deadline_s", "sent_at", "reply")


def read(payload: bytes) -> Fields | str:
    """What a payload holds. Raises Refused for one that is too long, BadRequest for no text."""
    if len(payload) > MAX_PAYLOAD:
        raise Refused(
            f"{len(payload)} bytes are too long: at most {MAX_PAYLOAD}",
            remedy="say sound by reference: `audio` names a file",
        )
    return parse(payload)


def number(fields: Fields | str) -> str:
    """The request's id, as far as it can be read."""
    return LAST if isinstance(fields, str) else fields.name("id", LAST, _ID, _ID_FORM)


def client(fields: Fields | str) -> str:
    """Who it says that it is, "" where it does not say."""
    return "" if isinstance(fields, str) else fields.matching("client", _ID, _ID_FORM)


def named(client: str) -> str:
    """A client as its topic names it."""
    if client and not _ID.fullmatch(client):
        raise BadRequest(f"the client in the topic must be {_ID_FORM}")
    return client


def header(fields: Fields | str, replies: tuple[str, ...] = (WHOLE, NONE)) -> Header:
    """Raises BadRequest for what no request may say."""
    if isinstance(fields, str):
        return Header()
    sent = (
        fields.number("sent_at", -1, above=0, most=LATEST_SENT) if fields.has("sent_at") else None
    )
    return Header(
        id=number(fields),
        client=client(fields),
        seconds=fields.number("deadline_s", DEFAULT_DEADLINE, above=0, most=MAX_DEADLINE),
        sent_at=sent,
        reply=fields.word("reply", replies, WHOLE),
    )


def understood(operation: str, fields: Fields | str) -> tuple[Header, Wanted]:
    """What is wanted of one of OPERATIONS. Raises BadRequest."""
    replies = (WHOLE, PARTS, NONE) if operation in ("ask", "kb/ask") else (WHOLE, NONE)
    return header(fields, replies), OPERATIONS[operation](fields)


def _ask(fields: Fields | str) -> Ask:
    if isinstance(fields, str):
        return Ask(text_of(fields, "text", most=MAX_TEXT))
    says = ("language", "area", "site", "user", "conversation")
    fields.only(*_HEADER, "text", "audio", *says)
    audio = fields.matching("audio", _AUDIO, "a file's name, or an http:// address")
    if audio and fields.has("text"):
        fields.only(*_HEADER, "audio", *says)
    return Ask(
        text="" if audio else fields.text("text", most=MAX_TEXT),
        audio=audio,
        language=_language(fields),
        area=fields.optional("area", most=MAX_NAME),
        site=fields.optional("site", most=MAX_NAME),
        user=fields.optional("user", most=MAX_NAME),
        conversation=fields.optional("conversation", most=MAX_NAME),
    )


def _say(fields: Fields | str) -> Say:
    if isinstance(fields, str):
        return Say(text_of(fields, "text", most=MAX_TEXT))
    place = "area" if fields.has("area") else "site"
    fields.only(*_HEADER, "text", "language", place)
    return Say(
        text=fields.text("text", most=MAX_TEXT),
        language=_language(fields),
        area=fields.optional("area", most=MAX_NAME),
        site=fields.optional("site", most=MAX_NAME),
    )


def _listen(fields: Fields | str) -> Listen:
    if isinstance(fields, str):
        if fields not in PRESSES:
            raise BadRequest(
                "plain text can only press the button", remedy="send PRESS, or nothing"
            )
        return Listen()
    fields.only(*_HEADER, "seconds", "site")
    return Listen(
        seconds=fields.number("seconds", DEFAULT_LISTEN, above=0, most=MAX_LISTEN),
        site=fields.optional("site", most=MAX_NAME),
    )


def _volume(fields: Fields | str) -> Loudness:
    if isinstance(fields, str):
        if fields and not _PERCENT.fullmatch(fields):
            raise BadRequest("plain text can only be a percentage", remedy="send 40, or nothing")
        return Loudness(int(fields) if fields else None)
    fields.only(*_HEADER, "percent")
    if not fields.has("percent"):
        return Loudness()
    percent = fields.number("percent", 0, above=-1, most=100)
    if percent < 0:
        raise BadRequest("`percent` must be a number from 0 to 100")
    return Loudness(round(percent))


def _timer(fields: Fields | str) -> Time:
    if isinstance(fields, str):  # a verb alone: "status"
        fields = Fields({"verb": fields})
    fields.only(*_HEADER, "verb", "seconds", "name")
    seconds = 0.0
    if fields.has("seconds"):
        seconds = fields.number("seconds", 0, above=0, most=MAX_SECONDS)
    verb = TimerVerb(fields.word("verb", TimerVerb))
    return Time(verb, seconds, fields.optional("name", most=MAX_NAME))


def _scene(fields: Fields | str) -> Activate:
    if isinstance(fields, str):
        return Activate(text_of(fields, "name", most=MAX_NAME))
    fields.only(*_HEADER, "name", "user")
    return Activate(fields.text("name", most=MAX_NAME), fields.optional("user", most=MAX_NAME))


def _documents(fields: Fields | str) -> AskDocuments:
    if isinstance(fields, str):
        return AskDocuments(text_of(fields, "text", most=MAX_TEXT))
    fields.only(*_HEADER, "text", "language", "site", "user", "collections", "profile")
    return AskDocuments(
        fields.text("text", most=MAX_TEXT),
        _asker(fields),
        fields.matching("profile", _NAME, _NAME_FORM),
    )


def _search(fields: Fields | str) -> SearchDocuments:
    if isinstance(fields, str):
        return SearchDocuments(text_of(fields, "text", most=MAX_TEXT))
    fields.only(*_HEADER, "text", "language", "site", "user", "collections")
    return SearchDocuments(fields.text("text", most=MAX_TEXT), _asker(fields))


def _summary(fields: Fields | str) -> SumUp:
    if isinstance(fields, str):
        return SumUp(text_of(fields, "document", most=MAX_TITLE))
    fields.only(*_HEADER, "document", "language", "site", "user")
    return SumUp(fields.text("document", most=MAX_TITLE), _asker(fields))


def _asker(fields: Fields) -> Asker:
    return Asker(
        language=_language(fields),
        site=fields.optional("site", most=MAX_NAME),
        user=fields.optional("user", most=MAX_NAME),
        collections=fields.names("collections", _NAME, _NAME_FORM, most=MAX_COLLECTIONS),
    )


def _language(fields: Fields) -> str:
    return fields.matching("language", _LANGUAGE, "a language's tag: en, de, zh-CN")


OPERATIONS: Mapping[str, Callable[[Fields | str], Wanted]] = MappingProxyType(
    {
        "ask": _ask,
        "say": _say,
        "listen": _listen,
        "volume": _volume,
        "timer": _timer,
        "scene": _scene,
        "kb/ask": _documents,
        "kb/search": _search,
        "kb/summary": _summary,
    }
)
