"""What programs ask of the box's ears and voice, read by type. Pure; each raises Rejected.

Source: OpenAI's API reference (audio: transcriptions, speech), as far as it is served here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from laresd.frontends.http.cards import ANY, ModelCard, chosen, narrowed
from laresd.frontends.http.encoding import Encoding
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.fields import Body, wrong
from laresd.frontends.http.multipart import Form
from laresd.frontends.http.terms import Terms
from laresd.jobs import JobKind, Routing
from laresd.types import Priority

MAX_CHARACTERS = 4096  # of a text that is spoken, as OpenAI has it
MAX_PROMPT = 1000  # characters of the words that may be said in a recording
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$"
AUTO = "auto"  # the language is found out
FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
VOICE = "lares"  # the box's own; it has one for each language


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said between two pauses of a recording. Seconds from its beginning."""

    text: str
    start: float
    end: float
    language: str = ""
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0


@dataclass(frozen=True, slots=True)
class Means:
    """On what terms something is computed. `deadline`: monotonic seconds."""

    deadline: float
    priority: Priority
    routing: Routing


class Audio(Protocol):
    """The box's ears and voice, as programs may use them."""

    def transcribe(
        self, pcm: bytes, *, language: str, hints: Sequence[str], means: Means
    ) -> AsyncGenerator[Segment, None]:
        """What is said in 16 kHz mono s16, as it is transcribed. Raises what engines raise."""
        ...

    async def speak(self, text: str, *, language: str, means: Means) -> bytes:
        """One sentence as 16 kHz mono s16. Raises what engines raise."""
        ...


class Listening(Protocol):
    async def open_ear(self, seconds: float, *, site: str = "") -> None:
        """As the wake word would. Raises Refused or Temporary."""
        ...


@dataclass(frozen=True, slots=True)
class TranscriptionAsked:
    """`wav`: the file as it came. `language` "": the box's own. `routing`: where it may go."""

    wav: bytes
    language: str
    form: str
    stream: bool
    hints: tuple[str, ...]
    routing: Routing


@dataclass(frozen=True, slots=True)
class SpeechAsked:
    """`language` "": the box's own."""

    text: str
    language: str
    encoding: Encoding
    routing: Routing


def read_transcription(form: Form, terms: Terms, cards: Sequence[ModelCard]) -> TranscriptionAsked:
    """POST /v1/audio/transcriptions. `temperature` is ignored: it is always 0 here."""
    values = form.values
    if "file" not in form.files:
        raise Rejected("'file' is missing", code="missing_required_parameter", param="file")
    card = chosen(cards, values.get("model", ANY), JobKind.TRANSCRIBE)
    for name in ("timestamp_granularities[]", "timestamp_granularities"):
        if values.get(name, "segment") != "segment":
            raise _unsupported(name, "words have no times here, only segments")
    kind = _word(values, "response_format", FORMATS, "json")
    stream = _word(values, "stream", ("true", "false"), "false") == "true"
    if stream and kind not in ("json", "text"):
        raise _unsupported("stream", f"{kind} cannot be streamed")
    _temperature(values)
    return TranscriptionAsked(
        form.files["file"].data,
        _language(values.get("language", ""), "language", auto=True),
        kind,
        stream,
        _hints(values.get("prompt", "")),
        narrowed(terms.routing, card),
    )


def read_speech(body: Body, terms: Terms, cards: Sequence[ModelCard]) -> SpeechAsked:
    """POST /v1/audio/speech. `voice` may be any of OpenAI's: the box has its own for a language."""
    card = chosen(cards, body.text("model", ANY), JobKind.SPEAK)
    text = body.text("input")
    if not text.strip() or len(text) > MAX_CHARACTERS:
        body.wrong("input", f"a text of 1 to {MAX_CHARACTERS} characters")
    if body.real("speed", 1.0, least=0.25, most=4.0) != 1.0:
        body.unsupported("speed", "the voice has one speed", "set speech.words_per_minute")
    if body.word("stream_format", ("audio", "sse"), "audio") == "sse":
        body.unsupported("stream_format", "speech is streamed as audio, not as events")
    body.text("voice", VOICE)
    language = _language(body.text("language", ""), body.name("language"))
    encoding = Encoding(body.word("response_format", tuple(Encoding), Encoding.MP3))
    return SpeechAsked(text, language, encoding, narrowed(terms.routing, card))


def read_listen(body: Body) -> tuple[float, str]:
    """POST /lares/v1/listen: seconds, and the site ("": the box's own ear)."""
    seconds = body.real("seconds", 5.0, least=0.1, most=60.0)
    site = body.text("site", "")
    if len(site) > 64:
        body.wrong("site", "a name of at most 64 characters")
    return seconds, site


def _language(said: str, name: str, *, auto: bool = False) -> str:
    if said and not re.fullmatch(LANGUAGE, said) and not (auto and said == AUTO):
        raise wrong(name, "a language tag: en, de, zh-CN", said)
    return said


def _hints(prompt: str) -> tuple[str, ...]:
    """The phrases of a prompt, which may be said in the recording."""
    if len(prompt) > MAX_PROMPT:
        raise wrong("prompt", f"a text of at most {MAX_PROMPT} characters", prompt)
    phrases = (phrase.strip() for phrase in re.split(r"[,;.\n，。；、]+", prompt))
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def _temperature(values: Mapping[str, str]) -> None:
    said = values.get("temperature", "0")
    if not re.fullmatch(r"0(\.\d{0,9})?|1(\.0{0,9})?", said):
        raise wrong("temperature", "a number from 0 to 1", said)


def _word(values: Mapping[str, str], name: str, words: Sequence[str], default: str) -> str:
    value = values.get(name, default)
    if value not in words:
        raise wrong(name, f"one of {', '.join(words)}", value)
    return value


def _unsupported(name: str, why: str) -> Rejected:
    return Rejected(why, code="unsupported_parameter", param=name)
