"""The listening engine. Runs as a worker, all day, so it is kept cheap: one thread, no waiting
loops, and one call of the voice model for all frames of a request.

Ops, each with the name of its `stream` (default ""): `hear`, payload 16 kHz mono s16 that follows
the stream's previous call's -> {heard: [{kind, sample, score, name}]}: one `speech` for each
complete 512-sample frame, `wake` where a wake word ended, `near_wake` where one almost was.
`words` {name: sensitivity} says which wake words are wanted there; without it all of them are, at
normal sensitivity. `reset`: forget the stream's audio so far. `close`: forget the stream.

`examine`, payload a clip -> {peaks: [{name, model, score, threshold, seconds, described,
verified}]}: for each wake word how likely it was at its likeliest, when, what its verifier is
trained on, and what that says of it (-1 without one).
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

from laresd.engines import worker
from laresd.engines.listen.streams import Stream, Streams, Wanted
from laresd.engines.listen.verifier import Verifier
from laresd.engines.listen.voice import VoiceModel, silero
from laresd.engines.listen.words import NORMAL, Peak, WakeWords, Word, word
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import SAMPLE_RATE, Json

QUIET = bytes(SAMPLE_RATE * 2)  # around an examined clip, for models that look back

log = logging.getLogger(__name__)


def load(options: Fields) -> worker.Loaded:
    """Options: `words` (names or .tflite paths), `threshold` (0: each model's own), `verifiers`
    (a folder with one NAME.json for each word that has one; "": none).
    """
    threshold = options.real("threshold", 0.0)
    words = [word(given, threshold) for given in options.texts("words")]
    folder = options.text("verifiers", "")
    if folder:
        words = [_verified(word, Path(folder) / f"{word.name}.json") for word in words]
    voice = VoiceModel(silero())
    handlers = {**_listening(voice, words), "examine": _examining(words)}
    facts: dict[str, Json] = {
        "words": [word.name for word in words],
        "phrases": {word.name: word.phrase for word in words},
        "verified": [word.name for word in words if word.verifier],
        "vad": silero().stem,
    }
    return worker.Loaded(handlers, facts)


def _listening(voice: VoiceModel, words: list[Word]) -> dict[str, worker.Handler]:
    streams = Streams(lambda: Stream(voice, words), time.monotonic)
    everything = {word.name: NORMAL for word in words}

    def hear(call: worker.Call) -> worker.Answer:
        wanted = everything if call.body.row("words") is None else _wanted(call.body)
        found = streams.of(call.body.text("stream", "")).hear(call.payload, wanted)
        return worker.Answer({"heard": [f.row() for f in found]})

    def reset(call: worker.Call) -> worker.Answer:
        streams.of(call.body.text("stream", "")).reset()
        return worker.Answer()

    def close(call: worker.Call) -> worker.Answer:
        streams.close(call.body.text("stream", ""))
        return worker.Answer()

    return {"hear": hear, "reset": reset, "close": close}


def _examining(words: list[Word]) -> worker.Handler:
    def examine(call: worker.Call) -> worker.Answer:
        detectors = WakeWords({word: word.threshold for word in words})
        peaks = detectors.peaks(QUIET + call.payload + QUIET)
        rows: list[Json] = [_peak(word, peak) for word, peak in zip(words, peaks, strict=True)]
        return worker.Answer({"peaks": rows})

    return examine


def _peak(word: Word, peak: Peak) -> dict[str, Json]:
    verified = word.verifier.score(peak.described) if word.verifier else -1.0
    return {
        "name": word.name,
        "model": word.digest(),
        "score": round(peak.score, 4),
        "threshold": word.threshold,
        "seconds": round(max(0, peak.sample - SAMPLE_RATE) / SAMPLE_RATE, 3),
        "described": [round(float(number), 4) for number in peak.described],
        "verified": round(verified, 4),
    }


def _verified(word: Word, file: Path) -> Word:
    """With the verifier of this home; one that cannot be used is told of and left out."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return word
    except OSError as error:
        log.warning("the verifier %s is ignored: %s", file, error.strerror)
        return word
    try:
        verifier = Verifier.from_json(data, word=word.name, model=word.digest())
    except Permanent as error:
        log.warning("the verifier %s is ignored: %s; `lares wake tune` makes it anew", file, error)
        return word
    return replace(word, verifier=verifier)


def _wanted(body: Fields) -> Wanted:
    wanted: dict[str, float] = {}
    for name, value in body.mapping("words").items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise Permanent(f"the sensitivity of {name!r} must be from 0 to 1, not {value!r:.20}")
        wanted[name] = float(value)
    return wanted
