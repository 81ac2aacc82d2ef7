"""The voices of a box as a worker: a Piper voice where there is one, else espeak-ng.

Ops: `synthesize` {text, language} -> payload 16 kHz mono s16; `cut` {text} -> {pieces: [{text,
pause}]}, to be synthesized one after the other, with so many seconds of silence after each.

A Piper voice speaks its own language; what is in another one, and what it fails at, is spoken by
espeak-ng.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from laresd.engines import worker
from laresd.engines.speech import espeak, piper
from laresd.engines.speech.espeak import Espeak
from laresd.engines.speech.level import evened, from_s16, to_s16
from laresd.engines.speech.pieces import FIRST, pieces, speakable
from laresd.engines.speech.piper import PiperVoice
from laresd.engines.speech.said import well_said
from laresd.errors import LaresError
from laresd.frames import Fields
from laresd.language import main_language
from laresd.types import SAMPLE_RATE, Json

log = logging.getLogger(__name__)


class Voices:
    """`piper` None: espeak-ng alone."""

    def __init__(self, own: Espeak, piper_voice: PiperVoice | None = None) -> None:
        self._espeak, self._piper = own, piper_voice
        self._told: set[str] = set()

    def synthesize(self, call: worker.Call) -> worker.Answer:
        return worker.Answer(payload=b"".join(self._spoken(call)))

    def cut(self, call: worker.Call) -> worker.Answer:
        found: list[Json] = [
            {"text": piece.text, "pause": piece.pause}
            for piece in pieces(speakable(call.body.text("text")), FIRST)
        ]
        return worker.Answer({"pieces": found})

    def _spoken(self, call: worker.Call) -> Iterator[bytes]:
        """Piece by piece, until nobody waits any more."""
        language = call.body.text("language", "en")
        text = well_said(speakable(call.body.text("text")), language)
        for piece in pieces(text):
            if call.cancelled:
                return
            pcm = self._speak(piece.text, language)
            if pcm:
                yield to_s16(evened(from_s16(pcm))) + bytes(2 * int(piece.pause * SAMPLE_RATE))
            call.progress()

    def _speak(self, text: str, language: str) -> bytes:
        if self._piper is not None and self._piper.file.language == main_language(language):
            try:
                return self._piper.speak(text)
            except LaresError as error:
                if error.message not in self._told:
                    self._told.add(error.message)
                    log.warning("espeak-ng speaks in its place: %s", error)
        return self._espeak.speak(text, language)


def load(options: Fields) -> worker.Loaded:
    """Options: `model` (a Piper voice's .onnx; "": espeak-ng), `speaker`, `threads`, and of
    espeak-ng `voice`, `words_per_minute`, `program` (default: the one on the path).
    """
    words = options.integer("words_per_minute", piper.NORMAL_SPEED)
    own = espeak.found(options.text("program", "espeak-ng"), options.text("voice", ""), words)
    model, voice, fault = options.text("model", ""), None, ""
    if model:
        try:
            voice = piper.load(
                Path(model),
                own,
                speaker=options.text("speaker", ""),
                words_per_minute=words,
                threads=options.integer("threads", 1),
            )
        except LaresError as error:
            fault = error.message
            log.warning("espeak-ng speaks in its place: %s", error)
    voices = Voices(own, voice)
    facts = {"program": own.program, "model": model if voice else "", "fault": fault}
    return worker.Loaded({"synthesize": voices.synthesize, "cut": voices.cut}, facts)
