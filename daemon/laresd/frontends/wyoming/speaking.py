"""Text of a client, spoken: whole, or sentence by sentence while it is still being written."""

from __future__ import annotations

import html
import re

from laresd.errors import Permanent, Refused
from laresd.frames.wyoming import Event, audio
from laresd.frontends.wyoming.doors import Connection
from laresd.frontends.wyoming.info import FORM
from laresd.frontends.wyoming.services import Services
from laresd.sentences import sentences

_END = re.compile(r"[.!?…][\"'”’)\]]*\s|[。！？]|\n")  # of a sentence that will not go on
_TAG = re.compile(r"<[^>]*>")


class Speaking:
    """Raises, from all of its methods, what the client is to be told."""

    def __init__(self, services: Services, client: Connection) -> None:
        self._services = services
        self._client = client
        self._writing = False  # synthesize-start has come, and no synthesize-stop yet
        self._language = ""
        self._marked_up = False
        self._text = ""  # of the sentence that is not whole yet

    async def synthesize(self, event: Event) -> None:
        """The whole text at once. In the midst of a stream it repeats that, for older servers."""
        if self._writing:
            return
        self._prepare(event)
        text = self._plain(self._checked(event.fields.text("text")))
        await self._client.send(Event("audio-start", {**FORM.data(), "timestamp": 0}))
        said_ms = 0
        for sentence in sentences(text):
            said_ms += await self._say(sentence, said_ms)
        await self._client.send(Event("audio-stop", {"timestamp": said_ms}))

    async def start(self, event: Event) -> None:
        self._prepare(event)
        self._writing, self._text = True, ""

    async def chunk(self, event: Event) -> None:
        """Says each sentence as soon as it is whole."""
        if not self._writing:
            raise Permanent("synthesize-chunk without synthesize-start")
        self._text = self._checked(self._text + event.fields.text("text"))
        while (end := _END.search(self._text)) is not None:
            sentence, self._text = self._text[: end.end()], self._text[end.end() :]
            await self._cycle(sentence)

    async def stop(self) -> None:
        if not self._writing:
            raise Permanent("synthesize-stop without synthesize-start")
        self._writing = False
        rest, self._text = self._text, ""
        await self._cycle(rest)
        await self._client.send(Event("synthesize-stopped"))

    def give_up(self) -> None:
        """Something failed: what comes next begins anew."""
        self._writing, self._text = False, ""

    async def _cycle(self, text: str) -> None:
        if not (text := self._plain(text).strip()):
            return
        await self._client.send(Event("audio-start", {**FORM.data(), "timestamp": 0}))
        said_ms = await self._say(text, 0)
        await self._client.send(Event("audio-stop", {"timestamp": said_ms}))

    async def _say(self, sentence: str, begin_ms: int) -> int:
        """How many milliseconds it takes."""
        services = self._services
        pcm = await services.synthesizer.synthesize(
            sentence,
            language=self._language,
            deadline=services.clock.now() + services.config.speech.timeout_s,
        )
        await self._client.send(*audio(pcm, FORM, begin_ms=begin_ms))
        return len(pcm) * 1000 // (2 * FORM.rate)

    def _prepare(self, event: Event) -> None:
        self._language = self._choose(event)
        self._marked_up = event.fields.text("text_format", "text").lower() == "ssml"

    def _choose(self, event: Event) -> str:
        """The language of the voice that is asked for, by name or by language."""
        asked = event.fields.row("voice")
        name = asked.text("name", "") if asked is not None else ""
        if not name:
            language = asked.text("language", "") if asked is not None else ""
            return language.replace("_", "-") or self._services.language
        offered = self._services.offer().voices
        found = next((voice for voice in offered if voice.name == name), None)
        if found is None:
            there = ", ".join(voice.name for voice in offered)
            raise Permanent(f"there is no voice {name!r}", remedy=f"there is: {there or 'none'}")
        own = self._services.language
        return own if own in found.languages or not found.languages else found.languages[0]

    def _checked(self, text: str) -> str:
        most = self._client.limits.text
        if len(text) > most:
            raise Refused(f"a text of more than {most} characters", remedy="send it in parts")
        return text

    def _plain(self, text: str) -> str:
        """Of marked-up text, what is said in it."""
        return html.unescape(_TAG.sub(" ", text)) if self._marked_up else text
