"""What requests over MQTT do, once they are let in: an answer, or what went wrong is raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from laresd.config import Config
from laresd.errors import Refused
from laresd.frontends.forms import reply_form
from laresd.frontends.mqtt import documents
from laresd.frontends.mqtt.documents import Documents
from laresd.frontends.mqtt.faults import Expired
from laresd.frontends.mqtt.recordings import Recordings
from laresd.frontends.mqtt.requests import (
    PARTS,
    Activate,
    Ask,
    AskDocuments,
    Header,
    Listen,
    Loudness,
    OfDocuments,
    Say,
    SearchDocuments,
    SumUp,
    Time,
    Wanted,
)
from laresd.frontends.streaming import streamed
from laresd.ports import (
    Assistant,
    Bus,
    Clock,
    Devices,
    Librarian,
    Seen,
    Timers,
    Transcriber,
    Volume,
)
from laresd.sentences import sentences
from laresd.timing import TimerCommand, TimerResult, TimerVerb, TimerView
from laresd.types import Json, Priority, Reply, Request, Transcript

LATE = "there was no answer within the deadline"
GRACE = 5.0  # seconds after its deadline that an answer is still waited for, or delivered
SITE = "mqtt"  # of a request that names no site: never that of the box's own ear
_STARTED = ("scene", "script")

Form = Mapping[str, Json]
Doubt = Callable[[Transcript, str], str | None]
"""(heard, language) -> why it must not reach an action; None when it may."""


class Voice(Protocol):
    """The ears and mouths of the box (frontends.voice.VoiceFrontend); `site` "" is its own."""

    async def announce(self, text: str, *, language: str, deadline: float, site: str = "") -> None:
        """Say it aloud to its end. Raises what the voice or the loudspeaker raises, Refused where
        there is none.
        """
        ...

    async def open_ear(self, seconds: float, *, site: str = "") -> None:
        """As the wake word would. Raises Refused without a microphone there, Temporary when it is
        in use.
        """
        ...


def no_routines() -> Mapping[str, str]:
    """There are none."""
    return {}


@dataclass(frozen=True, slots=True)
class Services:
    """What the requests are carried out with. `words`: a timer's result as a sentence.

    `routines`: what is to be said for each routine, by its name. `is_device_topic`: whether
    a device of the home is known to use a topic. `librarian`: None where there are no documents;
    `volume`: None where Lares has no voice of its own.
    """

    config: Config
    clock: Clock
    bus: Bus
    seen: Seen
    assistant: Assistant
    devices: Devices
    timers: Timers
    transcriber: Transcriber
    voice: Voice
    doubt: Doubt
    words: Callable[[TimerResult, str], str]
    routines: Callable[[], Mapping[str, str]] = no_routines
    is_device_topic: Callable[[str], bool] = lambda topic: False
    librarian: Librarian | None = None
    volume: Volume | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A request that was let in. `client`: who sent it, as far as that is known; `deadline`:
    monotonic seconds; `mark`: what it is remembered by, "" for nothing.
    """

    header: Header
    wanted: Wanted
    client: str
    deadline: float
    request_id: str
    mark: str


class Operations:
    """Carries orders out."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._recordings = Recordings(services.config.mqtt_api)
        self._documents = Documents(services.librarian, GRACE)

    async def answers(self, order: Order) -> AsyncGenerator[Form, None]:
        """The answer, after its parts where they are wanted. Raises what went wrong."""
        if order.mark and not await self._services.seen.first(order.mark):
            raise Refused(
                "it was begun once before, perhaps before a restart, and is not done again",
                remedy="look at what it did, and give each request an id of its own",
            )
        match order.wanted:
            case Ask():
                request = await self._asked(order, order.wanted)
                if order.header.reply == PARTS:
                    async with aclosing(self._in_parts(order, request)) as forms:
                        async for form in forms:
                            yield form
                else:
                    reply = await self._answered(request)
                    yield {**reply_form(reply), "id": order.header.id}
            case Activate():
                reply = await self._activate(order, order.wanted)
                yield {**reply_form(reply), "id": order.header.id}
            case Say():
                await self._say(order, order.wanted)
                yield _done(order, order.wanted.text)
            case Listen():
                await self._listen(order.wanted)
                yield _done(order, "")
            case Loudness():
                yield await self._volume(order, order.wanted)
            case Time():
                yield await self._time(order, order.wanted)
            case AskDocuments() | SearchDocuments() | SumUp():
                request, parts = self._of_documents(order, order.wanted), order.header.reply
                answers = self._documents.answers(
                    order.wanted, request, order.header.id, in_parts=parts == PARTS
                )
                async with aclosing(answers) as forms:
                    async for form in forms:
                        yield form

    async def _asked(self, order: Order, ask: Ask) -> Request:
        language = ask.language or self._services.config.box.language
        request = self._request(order, ask.text, language)
        if ask.audio:
            heard = await self._heard(order, ask.audio, language)
            request = replace(request, text=heard)
        return replace(
            request,
            area=ask.area or None,
            site=ask.site or request.site,
            user=ask.user or order.client,
            conversation=ask.conversation,
        )

    def _of_documents(self, order: Order, wanted: OfDocuments) -> Request:
        asker = wanted.asker
        language = asker.language or self._services.config.box.language
        request = self._request(order, documents.text_of(wanted), language)
        return replace(request, site=asker.site or request.site, user=asker.user or order.client)

    async def _in_parts(self, order: Order, request: Request) -> AsyncGenerator[Form, None]:
        """Each sentence as it comes, or all of them once the reply is there; then the whole."""
        told = 0
        until = request.deadline + GRACE
        async with aclosing(streamed(self._services.assistant, request, until=until)) as parts:
            try:
                async for part in parts:
                    if isinstance(part, str):
                        texts = [part]
                    else:
                        texts = [] if told else sentences(part.text)
                    for text in texts:
                        told += 1
                        yield {"id": order.header.id, "part": told, "text": text}
                    if isinstance(part, Reply):
                        yield {**reply_form(part), "id": order.header.id}
            except TimeoutError:
                raise Expired(LATE) from None

    async def _heard(self, order: Order, audio: str, language: str) -> str:
        """What is said in a recording. Raises Refused where nothing is, or too little for sure."""
        pcm = await self._recordings.sound(audio, deadline=order.deadline)
        heard = await self._services.transcriber.transcribe(
            pcm, language=language, deadline=order.deadline
        )
        doubt = self._services.doubt(heard, language) if heard.text else "no words were heard"
        if doubt or not heard.text:
            raise Refused(f"the recording is not understood well enough: {doubt}")
        return heard.text

    async def _activate(self, order: Order, scene: Activate) -> Reply:
        """By its exact name, through the assistant, whose guard sees what it starts."""
        wanted = scene.name.casefold()
        home = self._services.devices.home()
        known = {
            entity.name
            for entity in home.entities.values()
            if entity.domain in _STARTED
            and wanted in {n.casefold() for n in (entity.entity_id, entity.name, *entity.aliases)}
        }
        routines = self._services.routines()
        known |= {said for name, said in routines.items() if name.casefold() == wanted}
        if len(known) != 1:
            there = "no scene, script or routine has" if not known else "several have"
            raise Refused(f"{there} this name", remedy="`lares devices` lists them")
        language = self._services.config.box.language
        request = self._request(order, known.pop(), language)
        return await self._answered(replace(request, user=scene.user or order.client))

    def _request(self, order: Order, text: str, language: str) -> Request:
        return Request(
            id=order.request_id,
            text=text,
            language=language,
            deadline=order.deadline,
            source="mqtt",
            priority=Priority.AUTOMATION,
            site=f"{SITE}/{order.client}" if order.client else SITE,
            user=order.client,
        )

    async def _answered(self, request: Request) -> Reply:
        try:
            async with asyncio.timeout_at(request.deadline + GRACE):
                return await self._services.assistant.answer(request)
        except TimeoutError:
            raise Expired(LATE) from None

    async def _say(self, order: Order, say: Say) -> None:
        box = self._services.config.box
        if say.area and say.area.casefold() != box.area.casefold():
            where = f"in {box.area}" if box.area else "in no room that is configured (box.area)"
            raise Refused(f"this box stands {where}", remedy="send it to the box that stands there")
        await self._services.voice.announce(
            say.text,
            language=say.language or box.language,
            deadline=order.deadline,
            site=self._site(say.site),
        )

    async def _listen(self, listen: Listen) -> None:
        await self._services.voice.open_ear(listen.seconds, site=self._site(listen.site))

    def _site(self, said: str) -> str:
        """As the voice names it; the box's own ear goes by the box's name, too."""
        return "" if said == self._services.config.box.name else said

    async def _volume(self, order: Order, wanted: Loudness) -> Form:
        volume = self._services.volume
        if volume is None:
            raise Refused("this box uses no loudspeaker", remedy="set audio.enabled = true")
        if wanted.percent is not None:
            await volume.set(wanted.percent)
        return {"id": order.header.id, "kind": "done", "percent": volume.percent}

    async def _time(self, order: Order, time: Time) -> Form:
        box = self._services.config.box
        start = time.verb is TimerVerb.START
        result = await self._services.timers.handle(
            TimerCommand(
                time.verb, time.seconds, time.name, area=box.area or None if start else None
            )
        )
        timers: list[Json] = [_timer(view) for view in result.timers]
        return {
            "id": order.header.id,
            "kind": "done" if result.done else "refused",
            "outcome": result.outcome.value,
            "text": self._services.words(result, box.language),
            "timers": timers,
        }


def _done(order: Order, text: str) -> Form:
    return {"id": order.header.id, "kind": "done", "text": text}


def _timer(view: TimerView) -> Json:
    return {
        "id": view.id,
        "name": view.name,
        "duration_s": view.duration,
        "remaining_s": round(view.remaining, 1),
        "paused": view.paused,
        "area": view.area,
    }
