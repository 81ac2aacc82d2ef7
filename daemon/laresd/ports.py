"""Every border between the boxes. A frontend or the core asks for one of these; app.py gives it.

Deadlines are absolute, on the clock of `Clock.now`. Everything that can fail raises one of
`laresd.errors`; nothing else crosses a port.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from laresd.documents import (
    Cited,
    Collection,
    Document,
    Extracted,
    Found,
    Held,
    Progress,
    Query,
    Source,
)
from laresd.generation import Generation, Piece
from laresd.generation import Message as ChatMessage
from laresd.jobs import HostCosts, HostFacts
from laresd.timing import TimerCommand, TimerRecord, TimerResult
from laresd.turns import Effect, Event, Phase, Sign, Wholeness
from laresd.types import (
    Action,
    Heard,
    Home,
    Json,
    Message,
    Outcome,
    PartialTranscript,
    Pressure,
    Priority,
    Reading,
    Recognition,
    Reply,
    Request,
    RoutineRecord,
    Sent,
    Transcript,
    Vectors,
)


class Clock(Protocol):
    """Time as the daemon sees it; tests bring their own."""

    def now(self) -> float:
        """Monotonic seconds, the clock of every deadline (the event loop's)."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for what outlives a restart."""
        ...

    async def wait(self, event: asyncio.Event, until: float | None) -> bool:
        """Wait for the event, at most until `until` (on `now`; None: without end).

        True when the event is set, False when the time came first.
        """
        ...


class Pins(Protocol):
    """The house's PIN, which only its hash is kept of."""

    async def check(self, digits: str) -> bool:
        """Whether it is the PIN, in a time that does not tell how nearly. Raises Permanent when
        there is none to compare with.
        """
        ...


class Transcriber(Protocol):
    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        """The text of one utterance (16 kHz mono s16). Empty text where nothing was said.

        `language`: AUTO to find it out; `Transcript.language` says it then, where the engine can.
        `hints`: names that may be said, the likeliest first; an engine may leave them out, and
        never writes one down that was not said. Raises Temporary (worker died twice, deadline) or
        Permanent (model unusable, or it does not know the language).
        """
        ...


class Dictation(Protocol):
    """Text that comes out while it is still being said, for as long as somebody speaks."""

    def stream(
        self, frames: AsyncIterator[bytes], *, language: str, hints: Sequence[str] = ()
    ) -> AsyncGenerator[PartialTranscript, None]:
        """The pieces of the transcript of a sound (16 kHz mono s16 in parts of any length).

        `frames` is not read while a part is transcribed: its owner holds what comes meanwhile.
        Made-up text is left out. Raises what `Transcriber.transcribe` raises; closing it gives
        the work up.
        """
        ...


class Listener(Protocol):
    """Wake word and voice activity of one stream, in one worker because both read every frame."""

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        """What was found in these samples, which follow the previous call's without a gap.

        One SPEECH per complete 512-sample frame, WAKE where a wake word ended. Any length of pcm.
        """
        ...

    async def reset(self) -> None:
        """Forget the audio so far (after a gap, or when a turn has ended)."""
        ...

    async def close(self) -> None:
        """Free what is kept of its stream; the next `hear` would begin a new one."""
        ...


class Synthesizer(Protocol):
    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        """Speech as 16 kHz mono s16."""
        ...


class StreamingSynthesizer(Synthesizer, Protocol):
    def stream(self, text: str, *, language: str, timeout_s: float) -> AsyncGenerator[bytes, None]:
        """The same in pieces that are played one after the other, the first of them short, so that
        it is there early. Each is computed when it is asked for, within `timeout_s` seconds.
        """
        ...


class LanguageModel(Protocol):
    """Requests run side by side; the higher `Generation.priority` has the machine at once."""

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        """The answer in pieces as they are decoded, after what is `said`; the last one has the
        ending. Raises Temporary, Permanent or Refused; closing it gives the work up.
        """
        ...

    async def prepare(self, head: Sequence[ChatMessage], *, deadline: float) -> None:
        """Have the messages that later prompts begin with computed, as background work, and kept
        for the next start.

        Gives way to every `generate` and goes on afterwards. Raises what `generate` raises.
        """
        ...

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        """Have the prompt of a question computed whose last message is still being said: all that
        is certain of it. A later `generate` that begins so need not read it; one that does not
        loses nothing. Raises what `generate` raises.
        """
        ...


class LocalModel(LanguageModel, Protocol):
    """The box's own language model."""

    async def hold(self, priority: Priority, seconds: float, *, deadline: float) -> None:
        """Compute nothing that is less urgent than this class for so long, or until the next call:
        the machine is wanted by other work of that class. Raises what `generate` raises.
        """
        ...

    async def pace(self, share: float, *, deadline: float) -> None:
        """Compute with so much of the threads from now on, over 0, at most 1; also after the model
        was started anew. Raises what `generate` raises.
        """
        ...

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        """The prompt as this model's tokens, for a host that has the same model. Raises what
        `generate` raises.
        """
        ...


class Host(Protocol):
    """An engine on another machine of the LAN, which the operator trusts.

    Every call raises Temporary when the host cannot be reached, is full, breaks off, or says what
    is no answer, and Permanent when it cannot do it at all (no such model, wrong token or
    certificate, a kind of job that `HostFacts.jobs` lacks). Nothing is tried again here.
    """

    @property
    def name(self) -> str: ...

    @property
    def costs(self) -> HostCosts: ...

    async def probe(self, *, deadline: float) -> HostFacts:
        """What it is and does now, as it tells itself. Costs it no computation."""
        ...

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        """As LanguageModel.generate; closing it ends the host's work, too."""
        ...

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors: ...

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript: ...

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        """Speech as 16 kHz mono s16."""
        ...

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        """A picture (PNG) of what is described; pixels."""
        ...

    async def wake(self) -> None:
        """Send it a magic packet; it may take `HostCosts.wake_s` until it answers."""
        ...

    async def rest(self) -> None:
        """Have the operator's command put it to sleep; nothing where there is none."""
        ...


class Hosts(Protocol):
    """The trusted hosts, as they are configured and as they come and go on the LAN."""

    def trusted(self) -> Sequence[Host]:
        """The same objects until the configuration of one, or its address, changes."""
        ...


class Board(Protocol):
    """The machine that Lares runs on."""

    async def reading(self) -> Reading:
        """How warm it is now. Raises nothing: what cannot be read is not there."""
        ...


class Meter(Protocol):
    """What measures the energy that is used."""

    async def joules(self) -> float | None:
        """Since the first call. None: there is no such figure, or it may not be read."""
        ...


class Pressures(Protocol):
    async def pressure(self) -> Pressure:
        """How scarce memory, processor and disk are now. Raises nothing."""
        ...


class Spare(Protocol):
    """Something that can do without its memory until it is used again."""

    @property
    def name(self) -> str: ...

    def rest(self) -> bool:
        """Give it back, if nobody uses it now. Whether there was something to give."""
        ...


class Embedder(Protocol):
    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        """What the texts mean, as vectors: the closer, the more alike (dot product)."""
        ...


class Grammar(Protocol):
    """Home Assistant's sentence templates, matched in a worker so that a slow match can be cut."""

    async def learn(self, home: Home, language: str) -> None:
        """The names and areas that sentences may use from now on."""
        ...

    async def recognize(
        self, text: str, *, language: str, area: str | None, deadline: float
    ) -> Sequence[Recognition]:
        """The matches, best first; empty when no template fits."""
        ...


class Devices(Protocol):
    """The home as the broker tells it."""

    def home(self) -> Home:
        """What is known now; the same object until something changes."""
        ...

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        """Publish each action and wait for each device's own echo, at most until the deadline.

        Never raises for one device: the outcome says what happened, in the order of `actions`.
        """
        ...


class TimerStore(Protocol):
    """Timers that outlive a restart. Calls are short and safe from the event loop (one fsync)."""

    async def load(self) -> Sequence[TimerRecord]: ...

    async def save(self, timer: TimerRecord) -> TimerRecord:
        """Insert (id 0: a new id is given) or replace; durable when this returns."""
        ...

    async def delete(self, timer_id: int) -> None:
        """Forget it; durable when this returns. Unknown ids are no error."""
        ...


class RoutineStore(Protocol):
    """Routines made by voice or text, which outlive a restart. Safe from the event loop."""

    async def load(self) -> Sequence[RoutineRecord]:
        """In the order in which they were made."""
        ...

    async def save(self, routine: RoutineRecord) -> None:
        """Insert, or replace the one of the same phrase; durable when this returns."""
        ...

    async def delete(self, phrase: str) -> None:
        """Forget it; durable when this returns. Unknown phrases are no error."""
        ...


class Timers(Protocol):
    """The box's timers (core.timekeeper.Timekeeper)."""

    async def handle(self, command: TimerCommand) -> TimerResult:
        """Do what was asked; when this returns it is on disk.

        Never raises for a request's fault (no such timer, several, too long): the result says it.
        Raises Temporary or Permanent when the store cannot be written.
        """
        ...


def one() -> int:
    """Each frame by itself."""
    return 1


class AudioSource(Protocol):
    """Microphone, or a recording that plays the microphone."""

    def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
        """Frames of FRAME_SAMPLES samples until the source ends; closing it frees the device.

        `at_once` is asked before each wait: a microphone that has nothing need not come back
        before it has so many frames. Raises Permanent when there can be no sound.
        """
        ...


class AudioSink(Protocol):
    """A loudspeaker. Sounds follow each other in the order of the calls and never overlap."""

    async def play(self, pcm: bytes) -> None:
        """Play 16 kHz mono s16 to its end; cancelling silences the loudspeaker within 60 ms.

        Raises Temporary when the loudspeaker is gone, Permanent without a sound system.
        """
        ...

    def duck(self, share: float) -> None:
        """How loud what plays now and later is, 0 to 1; 1: as it is set."""
        ...


class Signs(Protocol):
    """Lamps, earcons, whatever shows how an ear fares."""

    def show(self, sign: Sign, site: str) -> None:
        """From now on, for the ear at this site ("" for the box's own). Returns at once, and raises
        nothing.
        """
        ...


class Volume(Protocol):
    """How loud the box's own voice is, 0 to 100 percent."""

    @property
    def percent(self) -> int: ...

    async def set(self, percent: int) -> None:
        """From now on, and after a restart. Raises Refused for what is no percentage, Temporary
        where it is set and cannot be kept.
        """
        ...


class TurnMachine(Protocol):
    """Decides by the audio when a spoken turn opens, what its command is, when it ends. Pure."""

    @property
    def phase(self) -> Phase: ...

    @property
    def keep_from(self) -> int:
        """The first sample that a later effect may name; what is older can be forgotten."""
        ...

    def step(self, event: Event) -> Sequence[Effect]:
        """What to do now, in order. Any event may come at any time."""
        ...


class Subscription(Protocol):
    """The messages of some filters, across reconnects, until it is closed.

    Its queue is bounded and drops its oldest message with a warning, so that a slow reader never
    stops the network. Retained messages come again after `add` and after a reconnect. Filters of
    one bus should not overlap: some brokers then deliver a message twice.
    """

    def __aiter__(self) -> AsyncIterator[Message]: ...

    async def __anext__(self) -> Message: ...

    def add(self, *topic_filters: str) -> None:
        """Have these too, from now on; a broker that is away learns of them when it is back."""
        ...

    def remove(self, *topic_filters: str) -> None: ...

    def close(self) -> None:
        """No more messages: the iteration ends after those in the queue."""
        ...


class Bus(Protocol):
    """The MQTT broker, however often its connection comes and goes."""

    @property
    def connected(self) -> bool: ...

    async def wait_connected(self, *, deadline: float) -> None:
        """Until there is a connection. Raises Temporary with the reason when there is none."""
        ...

    async def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        response_topic: str = "",
        correlation: bytes = b"",
        keep_until: float | None = None,
        repeatable: bool = True,
    ) -> Sent:
        """Sent.NOW: acknowledged by the broker (QoS 1). Raises Temporary if it is away, Permanent
        if it lets this box not publish there (which only MQTT 5 tells).

        With `keep_until` (wall seconds) a message is kept on disk while the broker is away and goes
        out afterwards, in the order of the calls, unless that time has passed: then it is dropped
        and reported. Raises Temporary when there is no room for more. `repeatable`: a second
        delivery does no harm, so it goes out again where the acknowledgement was lost; a message
        that is not is Sent.UNKNOWN then.

        `expiry_s`: how long the broker may keep it for a reader that is away, at least a second;
        `response_topic` and `correlation`: where the answer is waited for. All three need a broker
        of MQTT 5: on 3.1.1 the message goes out without them, and never expires.
        """
        ...

    def subscribe(self, *topic_filters: str, durable: bool = False) -> Subscription:
        """The messages of these filters; subscribed before anything that is published later.

        `durable`: the broker keeps what is published (QoS 1) while this box is away, for
        `mqtt.requests_wait_s` at most, and none of its retained messages need come. For requests;
        never for states, which would be old news.
        """
        ...


class Seen(Protocol):
    """The requests that were begun lately, however often the daemon was restarted since."""

    async def first(self, request_id: str) -> bool:
        """Whether this id comes for the first time; from now on it does not. Durable when this
        returns. Raises Temporary or Permanent when that cannot be written down.
        """
        ...

    async def forget(self, request_id: str) -> None:
        """It was not begun after all, and may come again."""
        ...


class Assistant(Protocol):
    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        """Understand and act. Never raises for a request's fault: the reply says it.

        `on_sentence` gets each sentence of a reply that is still being generated as soon as it will
        not change. Either it is never called, or when this returns, what it got, joined by spaces,
        is the reply's text. Never for what is done to devices: that is said after the echo.
        """
        ...

    async def anticipate(self, request: Request) -> None:
        """Get ready to answer a request that is still being said. Nothing acts. Cancel it when
        the words change, or when `answer` is asked. Raises Temporary or Permanent when an engine
        cannot.
        """
        ...

    async def wholeness(self, request: Request) -> Wholeness:
        """Whether somebody who pauses after these words has ended. Quick; nothing acts, and nothing
        is raised: in doubt it is UNSURE.
        """
        ...


class Notes(Protocol):
    """Where a turn's spans and facts are noted as they happen (core.telemetry.Trace)."""

    def begin(self, name: str) -> None: ...

    def end(self, name: str, detail: Mapping[str, Json] | None = None) -> None: ...


class DocumentReader(Protocol):
    """Text of files that nobody vouches for, each read apart from the daemon."""

    async def extract(self, path: Path, *, media_type: str = "", deadline: float) -> Extracted:
        """Raises Permanent for what cannot be read (broken, locked, a bomb, no text in it, or more
        than the limits of memory and time allow), with the reason for a person; Temporary when
        the machine ran out of memory, the reader was restarted, or did not answer in time.
        """
        ...


class Library(Protocol):
    """The documents that the box knows, and where they come from. All of it is on disk."""

    async def collections(self) -> Sequence[Collection]: ...

    async def sources(self) -> Sequence[Source]: ...

    async def add(self, source: Source) -> Source:
        """From now on its documents are read, and followed as they change. The same one again is
        no error. Raises Permanent for what is not there or may not be read.
        """
        ...

    async def remove(self, source_id: int) -> None:
        """Forget it with all its documents. Raises Permanent when there is none."""
        ...

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        """By title; those that could not be read among them."""
        ...

    async def text(self, document_id: int) -> str:
        """All that is known of one. Raises Permanent when there is none."""
        ...

    def progress(self) -> Mapping[int, Progress]:
        """Of the sources that are being read now, by id."""
        ...


class PassageIndex(Protocol):
    """Finds passages in two ways. Each raises Temporary or Permanent when it cannot be used."""

    async def words_leg(
        self, asked: Sequence[str], query: Query, limit: int
    ) -> Sequence[tuple[int, float]]:
        """(passage, BM25) of those that hold any of the words, best first."""
        ...

    async def vector_leg(
        self, model: str, vector: Vectors, query: Query, limit: int
    ) -> Sequence[tuple[int, float]]:
        """(passage, cosine) of those nearest to the one vector, best first; none where the model
        has no vectors yet. `model`: the key of the embedding model.
        """
        ...

    async def passages(self, ids: Sequence[int]) -> Mapping[int, Held]:
        """Those of these that are there still."""
        ...


class Librarian(Protocol):
    """Answers from documents, and from nothing else. It has no tools: text never acts."""

    async def search(self, request: Request, collections: Sequence[str] = ()) -> Sequence[Found]:
        """What says most about it, best first, neighbours joined and repetitions folded; of the
        collections that the asker may ask: those named, or all. Raises Refused when one that is
        named may not be asked.
        """
        ...

    async def answer(
        self,
        request: Request,
        collections: Sequence[str] = (),
        on_sentence: Callable[[str], None] | None = None,
        *,
        profile: str = "",
    ) -> Cited:
        """A refusal where nothing in them says it. `profile`: of the configuration, "" for none.
        Raises what `search` and the language model raise, Permanent for a profile that is not
        there.
        """
        ...

    async def summary(
        self,
        request: Request,
        document: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> str:
        """Of one document, by its number or title; in the request's language where a model writes
        it. Background work: the request's deadline counts for the whole. Raises Refused where there
        is no such document, or not only one, that the asker may ask; what the language model
        raises, and goes on where it was when it is asked again.
        """
        ...
