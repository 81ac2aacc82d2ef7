"""The listening engine. Runs as a worker, all day, so it is kept cheap: one thread, no waiting
loops, and one call of the voice model for all frames of a request.

Ops, each with the name of its `stream` (default ""): `hear`, payload 16 kHz mono s16 that follows
the stream's previous call's -> {heard: [{kind, sample, score, name}]}: one `speech` for each
complete 512-sample frame, `wake` where a wake word ended, `near_wake` where one almost was.
`words` {name: sensitivity} says which wake words are wanted there; without it all of them are, at
normal sensitivity. `reset`: forget the stream's audio so far. `close`: forget the stream.
"""

from __future__ import annotations

import time

from laresd.engines import worker
from laresd.engines.listen.streams import Stream, Streams, Wanted
from laresd.engines.listen.voice import VoiceModel, silero
from laresd.engines.listen.words import NORMAL, word
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json


def load(options: Fields) -> worker.Loaded:
    """Options: `words` (names or .tflite paths), `threshold` (0: each model's own)."""
    threshold = options.real("threshold", 0.0)
    words = [word(given, threshold) for given in options.texts("words")]
    voice = VoiceModel(silero())
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

    names: list[Json] = [word.name for word in words]
    phrases: dict[str, Json] = {word.name: word.phrase for word in words}
    facts: dict[str, Json] = {"words": names, "phrases": phrases, "vad": silero().stem}
    return worker.Loaded({"hear": hear, "reset": reset, "close": close}, facts)


def _wanted(body: Fields) -> Wanted:
    wanted: dict[str, float] = {}
    for name, value in body.mapping("words").items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise Permanent(f"the sensitivity of {name!r} must be from 0 to 1, not {value!r:.20}")
        wanted[name] = float(value)
    return wanted
