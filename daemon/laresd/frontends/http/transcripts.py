"""How a transcript is told: OpenAI's forms, SubRip (srt) and WebVTT (vtt). Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from laresd.frontends.http.audio import Segment
from laresd.frontends.http.wire import JSON, Reply, encoded
from laresd.types import Json

PLAIN = "text/plain; charset=utf-8"
VTT = "text/vtt; charset=utf-8"


def told(form: str, segments: Sequence[Segment], *, seconds: float, language: str) -> Reply:
    """The whole answer. `seconds`: of the recording; `language`: that was asked for."""
    match form:
        case "text":
            return Reply(body=f"{joined(segments)}\n".encode(), content_type=PLAIN)
        case "srt":
            return Reply(body=_srt(segments).encode(), content_type=PLAIN)
        case "vtt":
            return Reply(body=_vtt(segments).encode(), content_type=VTT)
        case "verbose_json":
            form_ = verbose(segments, seconds=seconds, language=language)
            return Reply(body=encoded(form_), content_type=JSON)
        case _:
            return Reply(body=encoded({"text": joined(segments), "usage": _usage(seconds)}))


def joined(segments: Sequence[Segment]) -> str:
    """Their texts as they follow each other; each has the space that it needs before it."""
    return "".join(segment.text for segment in segments).strip()


def verbose(segments: Sequence[Segment], *, seconds: float, language: str) -> dict[str, Json]:
    found = next((segment.language for segment in segments if segment.language), language)
    return {
        "task": "transcribe",
        "language": found,
        "duration": round(seconds, 3),
        "text": joined(segments),
        "segments": [_segment(number, segment) for number, segment in enumerate(segments)],
        "usage": _usage(seconds),
    }


def delta(segment: Segment) -> Json:
    """An event of a stream."""
    return {"type": "transcript.text.delta", "delta": segment.text}


def done(segments: Sequence[Segment], seconds: float) -> Json:
    """The last event."""
    return {
        "type": "transcript.text.done",
        "text": joined(segments),
        "usage": _usage(seconds),
    }


def _segment(number: int, segment: Segment) -> Json:
    """`compression_ratio` as Whisper has it: of a text that repeats itself it is high."""
    text = segment.text.encode()
    return {
        "id": number,
        "seek": round(segment.start * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(len(text) / len(zlib.compress(text)), 3) if text else 0.0,
        "no_speech_prob": segment.no_speech_prob,
    }


def _usage(seconds: float) -> Json:
    return {"type": "duration", "seconds": round(seconds, 3)}


def _srt(segments: Sequence[Segment]) -> str:
    return "".join(
        f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{_line(one.text)}\n\n"
        for number, one in enumerate(segments, 1)
    )


def _vtt(segments: Sequence[Segment]) -> str:
    cues = (
        f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n{_line(one.text)}\n\n"
        for one in segments
    )
    return "WEBVTT\n\n" + "".join(cues)


def _line(text: str) -> str:
    """A cue's text may hold no arrow, and no empty line."""
    return " ".join(text.split()).replace("-->", "->")


def _time(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    hours, minutes = ms // 3_600_000, ms // 60_000 % 60
    return f"{hours:02}:{minutes:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
