"""What is passed around: frozen values with one meaning everywhere.

Time is in seconds (monotonic clock unless the name says `_ms` or "wall"), audio is mono signed
16-bit little-endian PCM, colours are (red, green, blue) of 0 to 255, shares are percent 0 to 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Union

SAMPLE_RATE = 16_000  # hertz, of every PCM buffer inside Lares
FRAME_SAMPLES = 512  # samples of one audio frame: 32 ms, the window of silero VAD
AUTO = "auto"  # in place of a language: find out which one is spoken

Scalar = str | int | float | bool | None
Json = Union[Scalar, list["Json"], dict[str, "Json"]]  # noqa: UP007  # forward references
EMPTY: Mapping[str, str] = MappingProxyType({})
NO_FLOORS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Command(StrEnum):
    """What can be done to an entity. Parameters are listed in `core.intent` by command."""

    TURN_ON = "turn_on"  # lights take brightness_pct, rgb, color_name, color_temp_k
    TURN_OFF = "turn_off"
    TOGGLE = "toggle"
    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    SET_POSITION = "set_position"  # position: percent open
    SET_TILT = "set_tilt"  # tilt: percent, of a cover's slats; 100: open
    LOCK = "lock"
    UNLOCK = "unlock"
    SET_TEMPERATURE = "set_temperature"  # temperature: in the entity's unit
    SET_MODE = "set_mode"  # mode: one of the entity's options (climate, fan, humidifier)
    SET_SPEED = "set_speed"  # percentage (fan)
    PRESS = "press"
    ACTIVATE = "activate"  # scene, script
    SELECT = "select"  # option
    SET_VALUE = "set_value"  # value (number)
    PLAY = "play"
    PAUSE = "pause"
    NEXT = "next"
    PREVIOUS = "previous"
    SET_VOLUME = "set_volume"  # volume_pct
    MUTE = "mute"
    UNMUTE = "unmute"
    START = "start"  # vacuum, lawn mower
    DOCK = "dock"
    ADD_ITEM = "add_item"  # item (to-do list)
    COMPLETE_ITEM = "complete_item"  # item


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing of the home that has a state or takes commands.

    `entity_id` is `<domain>.<slug>`, unique in the home. `domain` is Home Assistant's component
    name (light, switch, fan, cover, lock, climate, sensor, binary_sensor, media_player, button,
    scene, number, select, vacuum, valve, todo). `features` names what it can do beyond on and off:
    brightness, rgb, color_temp, position, tilt, percentage, temperature, mode, volume, stop.
    `read_only`: its state is known, and there is no way to command it.
    """

    entity_id: str
    domain: str
    name: str
    area: str | None = None
    aliases: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    device_class: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class EntityState:
    """The last state that the device itself reported.

    `state` uses Home Assistant's words: on, off, open, closed, opening, locked, unlocked, heat,
    playing, a number as text, or "unknown". `attributes` may hold brightness_pct, rgb,
    color_temp_k, position, tilt, percentage, temperature, current_temperature, preset_mode,
    volume_pct, muted, items.
    """

    state: str = "unknown"
    attributes: Mapping[str, Json] = field(default_factory=lambda: EMPTY)
    available: bool = True


@dataclass(frozen=True, slots=True)
class Home:
    """A snapshot of what the home has and what its devices last reported. `floors`: their rooms."""

    entities: Mapping[str, Entity]
    states: Mapping[str, EntityState]
    areas: tuple[str, ...] = ()
    floors: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_FLOORS)

    def state(self, entity_id: str) -> EntityState:
        return self.states.get(entity_id, UNKNOWN)


UNKNOWN = EntityState()


@dataclass(frozen=True, slots=True)
class Action:
    """One command to one entity."""

    entity_id: str
    command: Command
    params: Mapping[str, Json] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Message:
    """An MQTT message that came in. `retained`: the broker kept it from before the subscription.

    `response_topic` and `correlation` (MQTT 5) say where its sender waits for the answer, and what
    belongs to it there; empty where there is none. `expires_at`: monotonic seconds, None: never.
    """

    topic: str
    payload: bytes
    retained: bool = False
    response_topic: str = ""
    correlation: bytes = b""
    expires_at: float | None = None


class Sent(StrEnum):
    """What became of a message that was given to the broker, or to be kept for it."""

    NOW = "now"  # the broker has it
    LATER = "later"  # kept on disk; it goes out when the broker is back, unless its time passed
    UNKNOWN = "unknown"  # it went out, and the connection broke before the broker had confirmed it


@dataclass(frozen=True, slots=True)
class Dropped:
    """A kept message that did not go out. `age`: seconds that it was kept."""

    topic: str
    reason: str  # expired, unknown (it may have gone out; a second time was not safe), refused
    age: float


class Status(StrEnum):
    """What came of an action; only CONFIRMED may be spoken of as done."""

    CONFIRMED = "confirmed"  # the device echoed the state that was asked for
    ALREADY = "already"  # it was in that state; still published
    ACCEPTED = "accepted"  # it has no state to echo (button, scene)
    NO_ANSWER = "no_answer"  # published, no matching echo in time
    UNAVAILABLE = "unavailable"  # the device says that it is offline; nothing published
    UNSUPPORTED = "unsupported"  # the device cannot do this; nothing published
    FAILED = "failed"  # could not be published
    DELAYED = "delayed"  # the broker is away: sent when it is back, or dropped at the deadline


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that went out or came in. `at`: monotonic seconds."""

    topic: str
    payload: str
    at: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one action."""

    action: Action
    status: Status
    published: tuple[Publication, ...] = ()
    echo: Publication | None = None
    detail: str = ""


class Priority(StrEnum):
    VOICE = "voice"
    INTERACTIVE = "interactive"
    AUTOMATION = "automation"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Request:
    """Something a person or a program asked, however it arrived. `deadline`: monotonic seconds.

    `site`: the ear or the program that it came from, "" for the box's own ear; what was said before
    at the same site, and in the same `conversation` where one is named, is what "it" and "yes" are
    about. `user`: who it is, where that is known.
    """

    id: str
    text: str
    language: str
    deadline: float
    source: str  # voice, mqtt, control
    priority: Priority = Priority.INTERACTIVE
    area: str | None = None  # where it was said
    site: str = ""
    user: str = ""
    conversation: str = ""


class ReplyKind(StrEnum):
    DONE = "done"  # every action confirmed
    PARTIAL = "partial"  # some actions confirmed
    FAILED = "failed"  # no action confirmed, or an engine failed
    ANSWER = "answer"  # a question answered, talk
    NOT_UNDERSTOOD = "not_understood"
    REFUSED = "refused"
    QUESTION = "question"  # asked back: the answer is expected at the same site


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a Request. `understood_by`: grammar, loose, documents, llm or "" for nobody.

    `spans`: the stages between request and reply, as they were noted. `secret`: what was said held
    a PIN and is to be shown and kept nowhere.
    """

    request_id: str
    kind: ReplyKind
    text: str
    understood_by: str = ""
    intent: str = ""
    outcomes: tuple[Outcome, ...] = ()
    spans: tuple[Span, ...] = ()
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Recognition:
    """A sentence matched by the grammar: Home Assistant's intent name and slots."""

    intent: str
    slots: Mapping[str, Scalar] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the speech model heard. Empty text: nothing worth acting on, and `reason` says why.

    `language`: the one that was asked for, or that was found; "" where an engine does not tell.
    """

    text: str
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    audio_seconds: float = 0.0
    compute_seconds: float = 0.0
    reason: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """What is known of speech that still goes on.

    `text`: what is certain since the piece before, and never changes; all texts joined without
    anything between are the transcript. `maybe`: what seems to follow, to be shown and nothing
    else: the next piece replaces it. `audio_seconds`: how much of the sound `text` covers so far.
    """

    text: str = ""
    maybe: str = ""
    language: str = ""
    audio_seconds: float = 0.0


class HeardKind(StrEnum):
    WAKE = "wake"
    SPEECH = "speech"  # probability of speech in one frame
    NEAR_WAKE = "near_wake"
    REJECTED_WAKE = "rejected_wake"  # a wake word by its model, not by a second look


@dataclass(frozen=True, slots=True)
class Heard:
    """What the listening worker found. `sample`: index of the frame's end since the reset."""

    kind: HeardKind
    sample: int
    score: float
    name: str = ""  # of the wake word


@dataclass(frozen=True, slots=True)
class WakeClaim:
    """An ear heard the wake word and would answer. `site`: which ear of the box, "" its own.

    `score`: 0 to 1, of the wake word. `loudness`: dBFS, of what was heard. `number` tells one
    claim of an ear from the next.
    """

    box: str
    site: str
    score: float
    loudness: float
    number: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the board tells of its heat. `celsius` of the CPU, None: there is no sensor.
    `throttled`: the flags of `vcgencmd get_throttled`, 0 where the board has none.
    """

    celsius: float | None = None
    throttled: int = 0


@dataclass(frozen=True, slots=True)
class Stall:
    """Percent of the last 10 s in which `some` work waited for a resource, and in which all did."""

    some: float
    full: float


@dataclass(frozen=True, slots=True)
class Pressure:
    """None: the kernel does not tell. `available`: share of the memory that is free or soon is."""

    memory: Stall | None = None
    cpu: Stall | None = None
    io: Stall | None = None
    available: float | None = None


@dataclass(frozen=True, slots=True)
class Vectors:
    """Of texts, in their order: rows of `width` float32 (little endian), each of length 1. `cut`:
    how many texts were longer than the model reads, and count by their beginning.
    """

    width: int
    rows: bytes
    cut: int = 0


@dataclass(frozen=True, slots=True)
class RoutineRecord:
    """A routine that was made by voice or text, as kept on disk: what is said, and the sentences
    that are then carried out as if each of them had been said.
    """

    phrase: str
    steps: tuple[str, ...]
    language: str
    area: str | None = None  # where it was made: "the lights" are those there


@dataclass(frozen=True, slots=True)
class Span:
    """One stage of a turn. `start` and `end`: monotonic seconds."""

    name: str  # wake, endpoint, transcribe, understand, act, echo, reply, speak
    start: float
    end: float
    detail: Mapping[str, Json] = field(default_factory=lambda: EMPTY)

    @property
    def ms(self) -> float:
        return (self.end - self.start) * 1000.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One spoken turn, from the wake word to the end of the reply.

    `closing`: done, no_speech, nothing_heard, not_addressed, interrupted or cancelled; `reason`
    says it to a person, with notes on the recording. Stages that audio alone decides (wake,
    endpoint) are as long as the audio, however fast the recording was played.
    """

    id: str
    source: str  # microphone, or the recording's name
    closing: str
    reason: str = ""
    wake_word: str = ""
    transcript: Transcript | None = None
    reply: Reply | None = None
    spans: tuple[Span, ...] = ()

    @property
    def publications(self) -> tuple[Publication, ...]:
        """What was sent to devices, in the order of the actions."""
        outcomes = self.reply.outcomes if self.reply else ()
        return tuple(sent for outcome in outcomes for sent in outcome.published)
