"""Port `Host` for speech servers of the Wyoming protocol: faster-whisper, Piper and their like.

The protocol: OHF-Voice/wyoming README.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self

from laresd.backends.hosts import faults, reading
from laresd.backends.hosts.wake import Waker, costs
from laresd.config import HostSettings
from laresd.errors import DeadlineExceeded, Permanent, Temporary
from laresd.frames import Fields
from laresd.frames.wyoming import Bounds, Event, Format, address, audio, encode, format_of, read
from laresd.generation import Generation, Piece
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.language import main_language
from laresd.sound import Intake
from laresd.types import AUTO, SAMPLE_RATE, Json, Transcript, Vectors

CONNECT_S = 1.0  # a LAN answers in milliseconds
BOUNDS = Bounds()
MAX_SOUND = 64 << 20  # bytes of one answer


@dataclass(frozen=True, slots=True)
class _Model:
    """An ear or a voice; no languages: it does not say."""

    name: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    ears: tuple[_Model, ...]
    voices: tuple[_Model, ...]


class WyomingHost:
    """A connection for each request, as these servers expect; closing it ends their work."""

    def __init__(self, name: str, settings: HostSettings) -> None:
        """Raises Permanent for an address, or a network card's address, that is none."""
        self._name = name
        self._model = settings.model
        self._address = _address(name, settings.url)
        self._costs = costs(settings)
        self._waker = Waker(name, settings)
        self._offer: _Offer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """It holds nothing between requests."""

    @property
    def name(self) -> str:
        return self._name

    @property
    def costs(self) -> HostCosts:
        return self._costs

    async def probe(self, *, deadline: float) -> HostFacts:
        async with self._connected(deadline) as wire:
            begun = asyncio.get_running_loop().time()
            self._offer = offer = await self._described(wire)
            round_trip = asyncio.get_running_loop().time() - begun
        models = tuple(model.name for model in (*offer.ears, *offer.voices))
        jobs = {JobKind.TRANSCRIBE: offer.ears, JobKind.SPEAK: offer.voices}
        return HostFacts(
            kind=HostKind.WYOMING,
            jobs=frozenset(job for job, offered in jobs.items() if offered),
            models=models,
            model=self._model or next(iter(models), ""),
            round_trip_s=round_trip,
        )

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        if not pcm:
            return Transcript("", reason="there was no sound")
        begun = asyncio.get_running_loop().time()
        async with self._connected(deadline) as wire:
            offer = self._offer or await self._described(wire)
            ear, spoken = self._choose(offer.ears, language, "transcribe")
            asked = None if language == AUTO else spoken or main_language(language)
            await wire.send(_transcribe(ear, asked, hints))
            await wire.send_sound(pcm)
            text, found = await self._transcript(wire)
        took = asyncio.get_running_loop().time() - begun
        seconds = len(pcm) / 2 / SAMPLE_RATE
        return Transcript(
            text.strip(), audio_seconds=seconds, compute_seconds=took, language=asked or found
        )

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        if not text.strip():
            return b""
        async with self._connected(deadline) as wire:
            offer = self._offer or await self._described(wire)
            voice, _ = self._choose(offer.voices, language, "speak")
            await wire.send(Event("synthesize", {"text": text, "voice": {"name": voice}}))
            form, sound = await self._sound(wire)
        return await asyncio.to_thread(_converted, form, sound)

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        self._cannot("write")
        yield  # what makes it a generator

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        self._cannot("embed")

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        self._cannot("draw")

    async def wake(self) -> None:
        await self._waker.wake()

    async def rest(self) -> None:
        await self._waker.rest()

    @asynccontextmanager
    async def _connected(self, deadline: float) -> AsyncIterator[_Wire]:
        """A connection for one request, with what happens to it in the errors of the ports."""
        try:
            async with asyncio.timeout_at(deadline) as limit:
                async with asyncio.timeout(CONNECT_S):
                    reader, writer = await asyncio.open_connection(
                        *self._address, limit=BOUNDS.line
                    )
                try:
                    yield _Wire(self._name, reader, writer)
                finally:
                    writer.transport.abort()
        except OSError as error:
            if isinstance(error, TimeoutError) and limit.expired():
                raise DeadlineExceeded(f"the host {self._name} did not answer in time") from None
            raise faults.unreachable(self._name, error) from None

    async def _described(self, wire: _Wire) -> _Offer:
        await wire.send(Event("describe"))
        info = await wire.expect("info")
        try:
            return _Offer(_installed(info, "asr", "models"), _installed(info, "tts", "voices"))
        except Permanent as error:
            raise faults.no_answer(self._name, error.message) from error

    async def _transcript(self, wire: _Wire) -> tuple[str, str]:
        """The text, and its language where the host tells it."""
        try:
            while (event := await wire.receive()).type != "transcript":
                pass
            return event.fields.text("text"), reading.text(event.data.get("language"))
        except Permanent as error:
            raise faults.no_answer(self._name, error.message) from error

    async def _sound(self, wire: _Wire) -> tuple[Format, bytes]:
        """The samples up to the end that the server announces, in its format."""
        form: Format | None = None
        sound = bytearray()
        while (event := await wire.receive()).type != "audio-stop":
            if event.type != "audio-chunk":
                continue
            told = self._format(event)
            if form not in (None, told):
                raise faults.no_answer(self._name, "sound whose format changes")
            form = told
            sound += event.payload
            if len(sound) > MAX_SOUND:
                raise faults.no_answer(self._name, f"more than {MAX_SOUND >> 20} MiB of sound")
        if form is None or not sound:
            raise faults.no_answer(self._name, "no sound")
        return form, bytes(sound)

    def _format(self, event: Event) -> Format:
        try:
            return format_of(event)
        except Permanent as error:
            raise faults.no_answer(self._name, error.message) from error

    def _choose(self, models: Sequence[_Model], language: str, doing: str) -> tuple[str, str]:
        """The model for a language, and how it writes that; "" where it does not say.

        The configured one, if it is among these; else the first that has the very language, then
        the first that has it in another country.
        """
        if not models:
            self._cannot(doing)
        named = [model for model in models if model.name == self._model]
        for same in (_same, _similar):
            for model in named or models:
                if not model.languages or language == AUTO:
                    return model.name, ""
                for offered in model.languages:
                    if same(offered, language):
                        return model.name, offered
        which = f"{self._model} of the host" if named else "the host"
        raise Permanent(
            f"{which} {self._name} does not {doing} {language}",
            remedy="`lares hosts` shows what it has; install a model or a voice there",
        )

    def _cannot(self, doing: str) -> NoReturn:
        raise Permanent(f"the host {self._name} does not {doing}: it has no model for that")


class _Wire:
    """Events, to and fro."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer

    async def send(self, *events: Event) -> None:
        for event in events:
            self._writer.write(encode(event))
            await self._writer.drain()

    async def send_sound(self, pcm: bytes) -> None:
        form = Format(SAMPLE_RATE)
        end = {"timestamp": len(pcm) * 1000 // (2 * SAMPLE_RATE)}
        await self.send(Event("audio-start", {**form.data(), "timestamp": 0}))
        await self.send(*audio(pcm, form), Event("audio-stop", end))

    async def expect(self, kind: str) -> Fields:
        """The next event of a kind; others are for whoever understands them."""
        while (event := await self.receive()).type != kind:
            pass
        return event.fields

    async def receive(self) -> Event:
        """Raises Temporary for an error event, for garbage, and for the end of the stream."""
        try:
            event = await read(self._reader, BOUNDS)
        except Temporary:
            event = None
        except Permanent as error:
            raise faults.no_answer(self._host, error.message) from None
        if event is None:
            raise faults.broke_off(self._host)
        if event.type == "error":
            said = faults.saying(json.dumps({"error": event.data.get("text")}).encode())
            raise Temporary(f"the host {self._host} failed" + (f": {said}" if said else ""))
        return event


def _transcribe(model: str, language: str | None, hints: Sequence[str]) -> Event:
    data: dict[str, Json] = {"name": model}
    if language:
        data["language"] = language
    if hints:
        data["transcript_names"] = [*hints]
    return Event("transcribe", data)


def _converted(form: Format, sound: bytes) -> bytes:
    """16 kHz mono s16. Computes: in a thread."""
    intake = Intake(form.rate, form.width, form.channels)
    return intake.feed(sound) + intake.end()


def _installed(info: Fields, domain: str, models: str) -> tuple[_Model, ...]:
    return tuple(
        _Model(model.text("name"), model.texts("languages"))
        for program in info.rows(domain)
        if program.flag("installed", default=True)
        for model in program.rows(models)
        if model.flag("installed", default=True)
    )


def _same(offered: str, language: str) -> bool:
    return offered.replace("_", "-").lower() == language.lower()


def _similar(offered: str, language: str) -> bool:
    return main_language(offered) == main_language(language)


def _address(name: str, url: str) -> tuple[str, int]:
    found = address(url)
    if found is None:
        raise Permanent(
            f"the address of the host {name} is not one of a Wyoming server: {url[:80]!r}",
            remedy=f'set hosts.{name}.url, e.g. "tcp://192.168.1.20:10300"',
        )
    return found
