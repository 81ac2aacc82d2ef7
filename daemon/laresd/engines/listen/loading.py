"""The listening engine. Runs as a worker, all day, so it is kept cheap: one thread, no waiting
loops, and one call of the voice model for all frames of a request.

Ops, each with the name of its `stream` (default ""): `hear`, payload 16 kHz mono s16 that follows
the stream's previous call's -> {heard: [{kind, sample, score, name}]}: one `speech` for each
complete 512-sample frame, `wake` where a wake word ended, `near_wake` where one almost was.
`words` {name: sensitivity} says which wake words are wanted there; without it all of them are, at
normal sensitivity. `reset`: forget the stream's audio so far. `close`: forget the stream.

`examine`, payload a clip -> {peaks: [{name, model, score, threshold, seconds, verified,
accepted}]}: for each wake word how likely it was at its likeliest, when, and what its verifier says
of it (-1 without one); the payload is the clip as a verifier is trained on it, described for each
word, float32.

`tune` {name, wanted, unwanted, made_wanted, made_unwanted}, payload so many described clips, one
after the other, float32 -> {verifier (the text of its file), worth_it, wanted, unwanted, lost,
lost_at_most, rejected, made}.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np

from laresd.engines import worker
from laresd.engines.listen.streams import Stream, Streams, Wanted
from laresd.engines.listen.tuning import Examples, tune
from laresd.engines.listen.verifier import SIZE, Verifier
from laresd.engines.listen.voice import VoiceModel, silero
from laresd.engines.listen.words import NORMAL, Peak, WakeWords, Word, word
from laresd.errors import Permanent, Refused
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
    handlers = {**_listening(voice, words), "examine": _examining(words), "tune": _tuning(words)}
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
        described = np.array([peak.described for peak in peaks], "<f4").tobytes()
        return worker.Answer({"peaks": rows}, described)

    return examine


def _tuning(words: list[Word]) -> worker.Handler:
    known = {word.name: word for word in words}

    def tuned(call: worker.Call) -> worker.Answer:
        name = call.body.text("name")
        if name not in known:
            raise Refused(f"there is no wake word {name!r} here")
        verifier, report = tune(name, known[name].digest(), _examples(call))
        facts: dict[str, Json] = {**asdict(report), "lost_at_most": report.lost_at_most}
        text = replace(verifier, report=facts).to_json().decode()
        return worker.Answer({"verifier": text, "worth_it": report.worth_it, **facts})

    return tuned


def _examples(call: worker.Call) -> Examples:
    counts = [call.body.integer(field.name) for field in fields(Examples)]
    if min(counts) < 0 or len(call.payload) != sum(counts) * SIZE * 4:
        raise Permanent(f"{len(call.payload)} bytes are not the described clips {counts}")
    rows = np.frombuffer(call.payload, "<f4").astype(np.float64).reshape(-1, SIZE)
    return Examples(*np.split(rows, np.cumsum(counts)[:-1]))


def _peak(word: Word, peak: Peak) -> dict[str, Json]:
    verified = word.verifier.score(peak.described) if word.verifier else -1.0
    return {
        "name": word.name,
        "model": word.digest(),
        "score": round(peak.score, 4),
        "threshold": word.threshold,
        "seconds": round(max(0, peak.sample - SAMPLE_RATE) / SAMPLE_RATE, 3),
        "verified": round(verified, 4),
        "accepted": word.verifier is None or word.verifier.accepts(peak.described),
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
