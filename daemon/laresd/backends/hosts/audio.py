"""Speech over the OpenAI audio API: Speaches, LocalAI, Kokoro-FastAPI, vLLM and their like.

`/v1/audio/transcriptions` (a form with a wav file) and `/v1/audio/speech`, as the API reference of
OpenAI has them. Which of a host's models does what is not part of that API: it is told by the
`task` that Speaches lists, else by the model's name.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence

from laresd.backends.hosts import faults, reading
from laresd.backends.hosts.http import HttpClient, Upload
from laresd.errors import Permanent
from laresd.jobs import JobKind
from laresd.language import main_language
from laresd.sound import read_wav, resample, wav_bytes
from laresd.types import AUTO, SAMPLE_RATE, Json, Transcript

MODELS = "/v1/models"
VOICE = "alloy"  # one that every server of the API knows, or maps to its own first
PCM_RATE = 24_000  # hertz of the API's headerless answers

_TASKS = {
    "automatic-speech-recognition": JobKind.TRANSCRIBE,
    "text-to-speech": JobKind.SPEAK,
    "text-to-image": JobKind.IMAGE,
}
_NAMES = {  # the first that fits: "whisper-tts" is no ear
    JobKind.SPEAK: r"tts|kokoro|piper|chatterbox|orpheus|text-to-speech",
    JobKind.TRANSCRIBE: r"whisper|parakeet|canary-|moonshine|transcri|sensevoice|-asr|speech-to-",
    JobKind.IMAGE: r"diffusion|sdxl|\bsd[-_.]?\d|flux|dall-e|gpt-image|qwen-image|z-image",
}


def media_models(rows: Sequence[Mapping[str, Json]]) -> dict[JobKind, str]:
    """The first model of each kind of job beside text, in a host's list of models."""
    found: dict[JobKind, str] = {}
    for row in rows:
        name = reading.text(row.get("id"))
        job = _TASKS.get(reading.text(row.get("task"))) or next(
            (job for job, words in _NAMES.items() if re.search(words, name.lower())), None
        )
        if job is not None and name:
            found.setdefault(job, name)
    return found


class MediaModel:
    """The model of a host for one kind of job: the one that is named, else the first that fits."""

    def __init__(self, http: HttpClient, job: JobKind, name: str = "") -> None:
        self._http = http
        self._job = job
        self._name = name

    async def name(self, *, deadline: float) -> str:
        """Raises Permanent where the host has none, and what HttpClient raises."""
        if not self._name:
            rows = self._http.json(await self._http.get(MODELS, deadline=deadline))
            found = media_models(reading.objects(reading.an_object(rows).get("data")))
            if self._job not in found:
                raise Permanent(
                    f"the host {self._http.host} has no model of the kind {self._job}",
                    remedy=f"install one there, or name it: hosts.{self._http.host}.model",
                )
            self._name = found[self._job]
        return self._name


class OpenAiTranscriber:
    """Port `Transcriber`; errors are those of port `Host`."""

    def __init__(self, http: HttpClient, model: str = "") -> None:
        self._http = http
        self._model = MediaModel(http, JobKind.TRANSCRIBE, model)

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        if not pcm:
            return Transcript("", reason="there was no sound")
        begun = time.perf_counter()
        form: dict[str, str | Upload] = {
            "file": Upload("speech.wav", wav_bytes(pcm), "audio/wav"),
            "model": await self._model.name(deadline=deadline),
            "response_format": "json",
        }
        if language != AUTO:
            form["language"] = main_language(language)
        if hints:
            form["prompt"] = ", ".join(hints)
        answer = await self._http.post_form("/v1/audio/transcriptions", form, deadline=deadline)
        told = reading.an_object(self._http.json(answer))
        said = told.get("text")
        if not isinstance(said, str):
            raise faults.no_answer(self._http.host, "a transcription without text")
        seconds = len(pcm) / 2 / SAMPLE_RATE
        took = time.perf_counter() - begun
        return Transcript(
            said.strip(),
            audio_seconds=seconds,
            compute_seconds=took,
            language=reading.text(told.get("language")) if language == AUTO else language,
        )


class OpenAiSynthesizer:
    """Port `Synthesizer`; errors are those of port `Host`. The language is the voice's own."""

    def __init__(self, http: HttpClient, model: str = "", voice: str = VOICE) -> None:
        self._http = http
        self._model = MediaModel(http, JobKind.SPEAK, model)
        self._voice = voice

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        if not text.strip():
            return b""
        body: dict[str, Json] = {
            "model": await self._model.name(deadline=deadline),
            "input": text,
            "voice": self._voice,
            "response_format": "wav",
        }
        answer = await self._http.post("/v1/audio/speech", body, deadline=deadline)
        if not answer.ok:
            raise self._http.refusal(answer)
        return await asyncio.to_thread(self._converted, answer.content_type, answer.body)

    def _converted(self, content_type: str, sound: bytes) -> bytes:
        """16 kHz mono s16. Computes: in a thread."""
        if content_type in ("audio/pcm", "audio/l16") and not sound.startswith(b"RIFF"):
            sound = resample(sound[: len(sound) // 2 * 2], PCM_RATE, SAMPLE_RATE)
            if sound:
                return sound
        try:
            return read_wav(sound).pcm
        except Permanent as error:
            raise faults.no_answer(self._http.host, error.message) from error
