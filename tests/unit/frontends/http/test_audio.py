"""Transcripts and speech over HTTP: what is asked is what the engines get, and told as it is."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import av
import httpx
import numpy as np
import pytest

from laresd.errors import DeadlineExceeded, Temporary
from laresd.frontends.http import Limits
from laresd.frontends.http.audio import MAX_CHARACTERS, Segment
from laresd.frontends.http.encoding import Encoding, encoder
from laresd.frontends.http.transcripts import told
from laresd.jobs import Reach
from laresd.sound import read_wav, wav_bytes
from laresd.types import SAMPLE_RATE, Priority
from tests.fakes.audio import speech
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.program_audio import FakeAudio, FakeEars
from tests.unit.frontends.http.served import asking, error_of, serving

WAV = wav_bytes(speech(1984))
TONE = (np.sin(np.arange(2 * SAMPLE_RATE) / 8) * 9000).astype("<i2").tobytes()
TRANSCRIBE, SPEAK = "/v1/audio/transcriptions", "/v1/audio/speech"


@asynccontextmanager
async def box(
    audio: FakeAudio | None = None, ears: FakeEars | None = None, limits: Limits | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    served = serving(FakeLanguageModel(), audio=audio, listening=ears, limits=limits)
    async with served as address, asking(address) as client:
        yield client


async def transcribed(
    client: httpx.AsyncClient,
    wav: bytes = WAV,
    headers: Mapping[str, str] | None = None,
    **fields: str,
) -> httpx.Response:
    files = {"file": ("a.wav", wav)}
    return await client.post(TRANSCRIBE, files=files, data=fields, headers=headers)


async def test_a_recording_is_written_down_on_the_terms_of_the_request() -> None:
    audio = FakeAudio()
    headers = {"X-Lares-Priority": "background", "X-Lares-Reach": "device"}
    async with box(audio) as client:
        answer = await transcribed(
            client, headers=headers, language="de", prompt="Lampe, Küche\nLampe"
        )
    assert answer.json() == {
        "text": "Turn on the light. And the fan.",
        "usage": {"type": "duration", "seconds": 1.984},
    }
    ((size, language, hints, means),) = audio.heard
    assert (size, language, hints) == (len(WAV) - 44, "de", ("Lampe", "Küche"))
    assert (means.priority, means.routing.reach) == (Priority.BACKGROUND, Reach.DEVICE)


async def test_any_wav_is_taken_and_nothing_else() -> None:
    audio = FakeAudio()
    async with box(audio) as client:
        await transcribed(client, wav_bytes(speech(1984), 8000))
        refused = await transcribed(client, b"OggS" + bytes(100))
    assert audio.heard[0][0] == 2 * (len(WAV) - 44)
    assert error_of(refused)["code"] == "invalid_audio"
    assert "ffmpeg" in str(error_of(refused)["message"])


@pytest.mark.parametrize(
    ("form", "kind", "text"),
    [
        ("text", "text/plain", "Turn on the light. And the fan.\n"),
        (
            "srt",
            "text/plain",
            "1\n00:00:00,000 --> 00:00:00,992\nTurn on the light.\n\n"
            "2\n00:00:00,992 --> 00:00:01,984\nAnd the fan.\n\n",
        ),
        (
            "vtt",
            "text/vtt",
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.992\nTurn on the light.\n\n"
            "00:00:00.992 --> 00:00:01.984\nAnd the fan.\n\n",
        ),
    ],
)
async def test_a_transcript_has_the_form_that_is_asked_for(form: str, kind: str, text: str) -> None:
    async with box(FakeAudio()) as client:
        answer = await transcribed(client, response_format=form)
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text == text


def test_a_cue_cannot_break_its_form() -> None:
    said = Segment("one\n\n2\n00:00 --> 00:01\ntwo", 3599.9996, 3661.5)
    lines = told("srt", [said], seconds=1, language="en").body.decode().split("\n")
    assert lines == ["1", "01:00:00,000 --> 01:01:01,500", "one 2 00:00 -> 00:01 two", "", ""]


async def test_the_long_form_tells_each_segment_with_its_time() -> None:
    async with box(FakeAudio("So it is.", "So it is. " * 20)) as client:
        answer = (await transcribed(client, response_format="verbose_json")).json()
    assert (answer["language"], answer["duration"], answer["task"]) == ("en", 1.984, "transcribe")
    first, second = answer["segments"]
    assert (first["start"], first["end"], second["start"]) == (0, 0.992, 0.992)
    assert second["compression_ratio"] > 2.4 > first["compression_ratio"]


async def test_a_transcript_is_streamed_pause_by_pause() -> None:
    async with box(FakeAudio()) as client:
        answer = await transcribed(client, stream="true")
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert [event["type"] for event in events] == [
        "transcript.text.delta",
        "transcript.text.delta",
        "transcript.text.done",
    ]
    assert "".join(event["delta"] for event in events[:2]) == events[2]["text"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "pdf"}, "response_format"),
        ({"language": "English!"}, "language"),
        ({"temperature": "2"}, "temperature"),
        ({"stream": "true", "response_format": "srt"}, "stream"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities[]"),
        ({"prompt": "x" * 1001}, "prompt"),
    ],
)
async def test_what_a_form_has_wrong_is_told_by_its_field(
    fields: dict[str, str], param: str
) -> None:
    async with box(FakeAudio()) as client:
        answer = await client.post(TRANSCRIBE, files={"file": ("a.wav", WAV)}, data=fields)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


async def test_a_form_without_a_file_and_a_model_that_there_is_not_are_refused() -> None:
    async with box(FakeAudio()) as client:
        none = await client.post(TRANSCRIBE, files={"other": ("a", b"")})
        unknown = await transcribed(client, model="whisper-9")
    assert error_of(none)["param"] == "file"
    assert unknown.status_code == 404


async def test_recordings_may_be_larger_than_other_bodies_but_not_without_end() -> None:
    limits = Limits(requests_per_minute=0, body_bytes=1000)
    async with box(FakeAudio(), limits=limits) as client:
        assert (await transcribed(client)).status_code == 200
        long = await client.post(SPEAK, content=json.dumps({"input": "x" * 2000}))
        assert long.status_code == 413

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield bytes(1 << 16)

        try:
            answer = await client.post(TRANSCRIBE, content=endless())
            assert answer.status_code == 413
        except httpx.WriteError:
            pass  # it was cut off while it still sent


async def test_a_failure_of_an_engine_is_told() -> None:
    audio = FakeAudio()
    audio.failure = DeadlineExceeded("not in time")
    async with box(audio) as client:
        assert (await transcribed(client)).status_code == 504
        assert (await client.post(SPEAK, json={"input": "Hello."})).status_code == 504


async def test_translations_are_not_offered_and_that_is_said() -> None:
    async with box(FakeAudio()) as client:
        answer = await client.post("/v1/audio/translations", files={"file": ("a.wav", WAV)})
    assert (answer.status_code, error_of(answer)["code"]) == (400, "not_offered")


async def test_a_box_without_ears_and_voice_says_so() -> None:
    async with box() as client:
        for answer in (
            await transcribed(client),
            await client.post(SPEAK, json={"input": "Hello."}),
            await client.post("/lares/v1/listen", json={}),
        ):
            assert (answer.status_code, error_of(answer)["code"]) == (503, "not_configured")


async def test_a_text_is_said_sentence_by_sentence() -> None:
    audio = FakeAudio()
    async with box(audio) as client:
        answer = await client.post(
            SPEAK,
            json={"input": "Hello. How are you?", "voice": "alloy", "response_format": "wav"},
            headers={"X-Lares-Priority": "automation"},
        )
    assert answer.headers["content-type"] == "audio/wav"
    assert [text for text, _, _ in audio.said] == ["Hello.", "How are you?"]
    assert audio.said[0][2].priority is Priority.AUTOMATION
    assert read_wav(answer.content).pcm == speech(320) * 2


async def test_speech_that_breaks_off_is_not_taken_for_the_whole() -> None:
    audio = FakeAudio()
    audio.failure, audio.before = Temporary("the worker died"), 1
    async with box(audio) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(SPEAK, json={"input": "One. Two.", "response_format": "pcm"})


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": "  "}, "input"),
        ({"input": "x" * (MAX_CHARACTERS + 1)}, "input"),
        ({"input": "Hi", "response_format": "midi"}, "response_format"),
        ({"input": "Hi", "speed": 2}, "speed"),
        ({"input": "Hi", "stream_format": "sse"}, "stream_format"),
        ({"input": "Hi", "language": "German!"}, "language"),
        ({"input": "Hi", "voice": 7}, "voice"),
    ],
)
async def test_what_a_text_has_wrong_is_told_by_its_field(
    body: dict[str, str | float], param: str
) -> None:
    async with box(FakeAudio()) as client:
        answer = await client.post(SPEAK, json=body)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


@pytest.mark.parametrize("encoding", [one for one in Encoding if one is not Encoding.PCM])
def test_each_encoding_holds_the_sound_whole_in_whatever_pieces_it_comes(
    encoding: Encoding,
) -> None:
    made = encoder(encoding)
    data = b"".join(made.feed(TONE[at : at + 9001 * 2]) for at in range(0, len(TONE), 9001 * 2))
    data += made.end()
    with av.open(io.BytesIO(data), "r") as file:
        frames = [frame for frame in file.decode(audio=0) if isinstance(frame, av.AudioFrame)]
    seconds = sum(frame.samples for frame in frames) / frames[0].sample_rate
    assert seconds == pytest.approx(2.0, abs=0.15)  # lossy ones pad to whole blocks
    middle = frames[len(frames) // 2].to_ndarray().astype(float)
    full = 32768 if middle.max() > 1 else 1
    assert middle.max() / full == pytest.approx(9000 / 32768, rel=0.2)


def test_pcm_is_at_the_rate_that_openai_has() -> None:
    made = encoder(Encoding.PCM)
    samples = np.frombuffer(made.feed(TONE) + made.end(), "<i2")
    assert len(samples) / 24_000 == pytest.approx(2.0, abs=0.06)


async def test_a_program_opens_the_ear_as_the_wake_word_would() -> None:
    ears = FakeEars("")
    async with box(FakeAudio(), ears) as client:
        assert (await client.post("/lares/v1/listen")).json() == {"status": "listening"}
        assert (await client.post("/lares/v1/listen", json={"seconds": 9})).status_code == 200
        elsewhere = await client.post("/lares/v1/listen", json={"site": "kitchen"})
        ears.busy = True
        busy = await client.post("/lares/v1/listen", json={})
        wrong = await client.post("/lares/v1/listen", json={"seconds": 600})
    assert ears.opened == [5.0, 9.0]
    assert (elsewhere.status_code, error_of(elsewhere)["code"]) == (400, "refused")
    assert (busy.status_code, error_of(busy)["code"]) == (503, "temporarily_unavailable")
    assert error_of(wrong)["param"] == "seconds"


async def test_few_recordings_are_taken_at_once() -> None:
    limits = Limits(requests_per_minute=0, large_at_once=0)
    async with box(FakeAudio(), limits=limits) as client:
        full = await transcribed(client)
        assert (full.status_code, error_of(full)["code"]) == (503, "overloaded")
        assert (await client.post(SPEAK, json={"input": "Hi."})).status_code == 200
