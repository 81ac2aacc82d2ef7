"""Make the shards of speech: ``python -m training.synthesize --work DIR [--ordinary N] [--kokoro N]``; resumes."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from training import corpus
from training.voices import CATALOGUE, ENGINE_SHARES, Voice, voices_of

_EVALUATION_SEED = 90_000


def evaluation_sets() -> dict[str, tuple[list[Voice], int, str, bool]]:
    """name -> (voices, utterances, kind, whether the sentences are held out)."""
    trained = [voice for engine in ENGINE_SHARES for voice in voices_of(engine)[:: max(1, len(voices_of(engine)) // 8)]]
    unheard = [voice for voice in CATALOGUE if voice.held_out and voice.engine in (*ENGINE_SHARES, "kokoro")]
    strangers = [voice for voice in CATALOGUE if voice.engine == "festival"]
    return {
        "sentences": (trained, 400, corpus.HOME, True),
        "voices": (unheard, 400, corpus.HOME, True),
        "synthesizer": (strangers, 300, corpus.HOME, True),
        "other": ([*unheard, *strangers, *trained[::3]], 500, corpus.OTHER, True),
    }


def synthesize(work: Path, ordinary: int, kokoro: int, evaluation: bool = True) -> None:
    """Make every shard that is not there yet, saying how long each takes."""
    if evaluation:
        for number, (name, (voices, count, kind, held_out)) in enumerate(evaluation_sets().items()):
            path = work / "evaluation" / name
            _make(path, lambda p, n=number, v=voices, c=count, k=kind, h=held_out: corpus.make_evaluation_shard(p, _EVALUATION_SEED + n, v, c, k, h))
    for number in range(ordinary):
        _make(work / "train" / f"ordinary-{number:04d}", lambda p, n=number: corpus.make_training_shard(p, n))
    for number in range(kokoro):
        _make(work / "train" / f"kokoro-{number:04d}", lambda p, n=number: corpus.make_kokoro_shard(p, 50_000 + n))


def _make(path: Path, maker) -> None:  # type: ignore[no-untyped-def]
    if Path(f"{path}.json").exists():
        return
    began = time.monotonic()
    maker(path)
    print(f"{path.name}: {time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ordinary", type=int, default=40)
    parser.add_argument("--kokoro", type=int, default=25)
    parser.add_argument("--no-evaluation", action="store_true")
    arguments = parser.parse_args()
    synthesize(arguments.work, arguments.ordinary, arguments.kokoro, not arguments.no_evaluation)


if __name__ == "__main__":
    main()
