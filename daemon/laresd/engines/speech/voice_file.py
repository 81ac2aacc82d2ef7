"""The configuration of a Piper voice, which lies beside its model: NAME.onnx.json.

The format is what Piper's training exports (OHF-Voice/piper1-gpl, docs/TRAINING.md; the keys are
those of the voices in rhasspy/piper-voices).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.language import main_language

BEGIN, END, PAD = "^", "$", "_"
RATES = range(8_000, 48_001)  # Hz
PULL = "pull the voice again: lares models pull"


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """`ids`: by phoneme, one code point each. `phonemes`: whether the model reads IPA; else it
    reads letters. `noise`, `length`, `noise_w`: what it sounds best with; `language`: as of
    espeak-ng's voice, "en-us".
    """

    rate: int
    ids: Mapping[str, tuple[int, ...]]
    speakers: Mapping[str, int]
    speaker_count: int
    espeak_voice: str
    phonemes: bool = True
    noise: float = 0.667
    length: float = 1.0
    noise_w: float = 0.8

    @property
    def language(self) -> str:
        """Without region: en, de, zh ("cmn" is Mandarin)."""
        main = main_language(self.espeak_voice)
        return "zh" if main in ("cmn", "yue") else main

    def sequence(self, text: str) -> tuple[list[int], int]:
        """The ids of phonemes or letters, each followed by a pad, and how many were not known."""
        found, unknown = [*self.ids[BEGIN], *self.ids[PAD]], 0
        for point in unicodedata.normalize("NFD", text):
            ids = self.ids.get(point)
            if ids is None:
                unknown += 1
                continue
            found += [*ids, *self.ids[PAD]]
        return [*found, *self.ids[END]], unknown

    def speaker(self, name: str) -> int:
        """The number of a speaker by name or number; "" is the first. Raises Permanent."""
        if not name:
            return 0
        if name in self.speakers:
            return self.speakers[name]
        if name.isdecimal() and int(name) < self.speaker_count:
            return int(name)
        known = ", ".join(list(self.speakers)[:8]) or f"0 to {self.speaker_count - 1}"
        raise Permanent(
            f"the voice has no speaker {name!r}", remedy=f"set speech.speaker to one of: {known}"
        )


def config_of(model: Path) -> Path:
    return model.with_name(model.name + ".json")


def read(model: Path) -> VoiceFile:
    """Of the model's file. Raises Permanent for what is missing or no such configuration."""
    path = config_of(model)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Permanent(f"cannot read {path}: {error.strerror}", remedy=PULL) from error
    except (ValueError, RecursionError) as error:
        raise Permanent(f"{path} is damaged: it is no JSON", remedy=PULL) from error
    try:
        return _voice(Fields(fields if isinstance(fields, dict) else {}))
    except Permanent as error:
        raise Permanent(
            f"{path} is no configuration of a Piper voice: {error.message}", remedy=PULL
        ) from error


def _voice(fields: Fields) -> VoiceFile:
    audio, espeak = fields.row("audio"), fields.row("espeak")
    scales = fields.row("inference") or Fields({})
    rate = audio.integer("sample_rate") if audio else 0
    if rate not in RATES:
        raise Permanent(f"a sample rate of {rate} Hz")
    kind = fields.text("phoneme_type", "espeak")
    if kind not in ("espeak", "text"):
        raise Permanent(f"phonemes of type {kind!r} are not known here")
    voice = espeak.text("voice") if espeak else ""
    if not voice or voice.startswith("-"):
        raise Permanent("the espeak-ng voice of its phonemes is missing")
    count = fields.integer("num_speakers", 1)
    return VoiceFile(
        rate,
        _ids(fields.mapping("phoneme_id_map")),
        {
            name: number
            for name, number in fields.mapping("speaker_id_map").items()
            if isinstance(number, int) and 0 <= number < count
        },
        count,
        voice,
        phonemes=kind == "espeak",
        noise=scales.real("noise_scale", 0.667),
        length=scales.real("length_scale", 1.0),
        noise_w=scales.real("noise_w", 0.8),
    )


def _ids(told: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for phoneme, ids in told.items():
        if not isinstance(ids, Sequence) or not all(isinstance(one, int) for one in ids):
            raise Permanent(f"phoneme_id_map has no ids for {phoneme!r}")
        found[phoneme] = tuple(ids)
    missing = [mark for mark in (BEGIN, END, PAD) if mark not in found]
    if missing:
        raise Permanent(f"phoneme_id_map lacks {' '.join(missing)}")
    return found
