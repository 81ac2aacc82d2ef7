"""Which voice speaks, and that there is always one."""

from __future__ import annotations

import io
import logging
import shutil
from pathlib import Path

import pytest

from laresd.engines import worker
from laresd.engines.speech import service
from laresd.engines.speech.level import from_s16
from laresd.frames import Fields, Frame
from laresd.sound import level_dbfs
from laresd.types import SAMPLE_RATE, Json
from tests.fakes import piper_voice
from tests.fakes.piper_voice import RATE, SAMPLES, config

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


class Engine:
    """The service as its worker has it."""

    def __init__(self, **options: Json) -> None:
        self._channel = worker.Channel(io.BytesIO(), io.BytesIO())
        self._loaded = service.load(Fields(options))
        self.facts = self._loaded.facts

    def call(self, op: str, text: str, language: str = "en") -> bytes:
        """The payload of the result."""
        frame = Frame(op, 1, {"text": text, "language": language})
        answer = self._loaded.handlers[op](worker.Call(frame, self._channel))
        assert answer is not None
        return answer.payload

    def pieces(self, text: str) -> list[tuple[str, float]]:
        call = worker.Call(Frame("cut", 1, {"text": text}), self._channel)
        answer = self._loaded.handlers["cut"](call)
        assert answer is not None
        rows = Fields(answer.body).rows("pieces")
        return [(row.text("text"), row.real("pause")) for row in rows]


def is_of_piper(pcm: bytes) -> bool:
    """The fake voice is nothing but its tones, from the first sample on."""
    first = from_s16(pcm)[: int(SAMPLES / RATE * SAMPLE_RATE)]
    return len(first) > 0 and float(abs(first[:400]).max()) > 0.05 and _is_tone(pcm)


def _is_tone(pcm: bytes) -> bool:
    heard = list(piper_voice.tones(from_s16(pcm), SAMPLE_RATE, SAMPLES / RATE))
    return all(
        abs(tone / piper_voice.TONE - round(tone / piper_voice.TONE)) < 0.25 for tone in heard
    )


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(piper_voice.write(tmp_path))


def test_without_a_model_espeak_speaks() -> None:
    engine = Engine()
    assert engine.facts["model"] == ""
    assert len(engine.call("synthesize", "The lamp is on.")) > SAMPLE_RATE


def test_a_piper_voice_speaks_its_own_language(model: str) -> None:
    engine = Engine(model=model)
    assert engine.facts["model"] == model
    assert is_of_piper(engine.call("synthesize", "The lamp is on.", "en-GB"))


def test_espeak_speaks_what_is_in_another_language(model: str) -> None:
    plain, engine = Engine(), Engine(model=model)
    german = "Die Lampe ist an."
    assert engine.call("synthesize", german, "de") == plain.call("synthesize", german, "de")


def test_a_damaged_voice_is_told_once_and_espeak_speaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = piper_voice.write(tmp_path)
    path.write_bytes(b"\x08\x08 no model")
    with caplog.at_level(logging.WARNING):
        engine = Engine(model=str(path))
        assert len(engine.call("synthesize", "The lamp is on.")) > SAMPLE_RATE
        engine.call("synthesize", "It is off.")
    assert "cannot load the voice" in str(engine.facts["fault"])
    assert caplog.text.count("espeak-ng speaks in its place") == 1


def test_a_voice_that_fails_at_sentences_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = config()
    ids = whole["phoneme_id_map"]
    assert isinstance(ids, dict)
    broken: dict[str, Json] = {
        symbol: [9999] if symbol in "ɪæ" else number for symbol, number in ids.items()
    }
    engine = Engine(model=str(piper_voice.write(tmp_path, config(phoneme_id_map=broken))))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert len(engine.call("synthesize", "The lamp is on.")) > SAMPLE_RATE
    assert caplog.text.count("espeak-ng speaks in its place") == 1
    assert "lamp" not in caplog.text


@pytest.mark.parametrize("kind", ["espeak", "piper"])
def test_all_voices_are_equally_loud(kind: str, model: str) -> None:
    pcm = Engine(model=model if kind == "piper" else "").call("synthesize", "The lamp is on.")
    assert level_dbfs(pcm) == pytest.approx(-20.5, abs=1.5)


def test_a_text_is_cut_where_its_first_sound_comes_early() -> None:
    clause = "the lamp in the kitchen is on"
    (first, *_) = Engine().pieces(f"Now {clause}, and {clause}, and {clause}.")
    assert first == (f"Now {clause},", 0.1)
    assert Engine().pieces("It is on. Good night.") == [("It is on.", 0.25), ("Good night.", 0.0)]


def test_a_long_text_is_spoken_to_its_end() -> None:
    engine = Engine()
    short = len(engine.call("synthesize", "The lamp is on. " * 10))
    long = len(engine.call("synthesize", "The lamp is on. " * 200))
    assert long == pytest.approx(20 * short, rel=0.02)
