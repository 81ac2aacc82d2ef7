"""eSpeak NG in this process: waveforms with the moment at which each phoneme begins, and word
pronunciations.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.phones import arpabet

_RETRIEVAL = 1  # espeak_AUDIO_OUTPUT: samples go to the callback
_PHONEME_EVENTS = 1
_UTF8 = 1
_IPA = 2
_EVENT_END, _EVENT_PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Utterance:
    """Samples in [-1, 1] at `rate` Hz; `phonemes` are (second of its start, eSpeak's name)."""

    samples: NDArray[np.float32]
    rate: int
    phonemes: list[tuple[float, str]]


class Espeak:
    """One eSpeak library. There can be one per process, used by one thread."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self.rate = int(self._library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS))
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start: is espeak-ng-data installed?")
        self._chunks: list[NDArray[np.int16]] = []
        self._phonemes: list[tuple[float, str]] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: object, count: int, events: object) -> int:
        if count > 0:
            chunk = np.ctypeslib.as_array(samples, shape=(count,))
            self._chunks.append(chunk.copy())
        index = 0
        while events[index].type != _EVENT_END:  # type: ignore[index]
            event = events[index]  # type: ignore[index]
            if event.type == _EVENT_PHONEME:
                self._phonemes.append(
                    (event.sample / self.rate, event.id.string.decode("utf-8", "replace"))
                )
            index += 1
        return 0

    def voice(self, name: str) -> None:
        """Choose a voice by file, such as ``en-us``, ``gmw/en+f3`` or ``de``; raises ValueError if
        there is none.
        """
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {name!r}")

    def speak(
        self, text: str, words_per_minute: int = 170, pitch: int = 50, spread: int = 50
    ) -> Utterance:
        """Speak `text` with the chosen voice; `pitch` and `spread` (its range) are 0 to 100."""
        self._chunks, self._phonemes = [], []
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        whole = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)
        return Utterance(whole.astype(np.float32) / 32768.0, self.rate, self._phonemes)

    def names(self, text: str) -> list[str]:
        """The eSpeak phoneme names of `text` in the chosen voice."""
        return [
            name
            for name in self._phonemize(text, ord("_") << 8).replace(" ", "_").split("_")
            if name
        ]

    def ipa(self, text: str) -> str:
        """`text` in the International Phonetic Alphabet, with stress marks and spaces between
        words.
        """
        return self._phonemize(text, _IPA)

    def _phonemize(self, text: str, mode: int) -> str:
        pointer = ctypes.c_char_p(text.encode() + b"\0")
        parts: list[str] = []
        while pointer.value:
            part = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, mode)
            parts.append((part or b"").decode())
        return " ".join(parts)


_WEAK_FORMS = {
    "the": "dh ax",
    "a": "ax",
    "an": "ax n",
    "to": "t ax",
    "of": "ax v",
    "and": "ax n d",
    "for": "f ao r",
    "at": "ae t",
    "in": "ih n",
    "is": "ih z",
    "my": "m ay",
    "nabu": "n ah b uw",
    "i'm": "ay m",
}


@lru_cache(maxsize=1)
def shared_engine() -> Espeak:
    """The one Espeak of this process; whoever uses it chooses the voice first."""
    return Espeak()


@lru_cache(maxsize=50_000)
def word_phones(word: str) -> tuple[str, ...]:
    """The phones of one lower-case English word, as spoken on its own in American English."""
    if word in _WEAK_FORMS:
        return tuple(_WEAK_FORMS[word].split())
    engine = shared_engine()
    engine.voice("en-us")
    phones = [phone for name in engine.names(word) for phone in arpabet(name)]
    return tuple(
        phone
        for phone, before in zip(phones, ["", *phones], strict=False)
        if not phone == before == "r"
    )


def sentence_phones(text: str) -> list[str]:
    """The phones of a lower-case sentence, word by word."""
    return [phone for word in text.replace(",", " ").split() for phone in word_phones(word)]


def timed_phones(utterance: Utterance) -> Iterator[tuple[float, str]]:
    """(second, phone) for each phoneme of an English utterance; diphthongs with r are halved;
    pauses are ``sil``.
    """
    ends = [start for start, _ in utterance.phonemes[1:]] + [
        len(utterance.samples) / utterance.rate
    ]
    for (start, name), end in zip(utterance.phonemes, ends, strict=True):
        try:
            phones = arpabet(name) or ("sil",)
        except KeyError:
            phones = ("sil",)
        for part, phone in enumerate(phones):
            yield start + (end - start) * part / len(phones), phone
