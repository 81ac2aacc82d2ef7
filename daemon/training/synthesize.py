"""Make the shards of speech: ``python -m training.synthesize --work DIR [--ordinary N] [--kokoro
N]``; resumes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training import corpus
from training.voices import CATALOGUE, ENGINE_SHARES, Voice, voices_of

_EVALUATION_SEED, _KOKORO_SEED = 90_000, 50_000


@dataclass(frozen=True)
class EvaluationSet:
    """`count` utterances of `kind` by `voices` in turn."""

    voices: list[Voice]
    count: int
    kind: str
    held_out: bool


def evaluation_sets() -> dict[str, EvaluationSet]:
    """The sets by name; those for calibration are not part of the figures."""
    trained = [
        voice
        for engine in ENGINE_SHARES
        for voice in voices_of(engine)[:: max(1, len(voices_of(engine)) // 8)]
    ]
    engines = (*ENGINE_SHARES, "kokoro")
    unheard = [voice for voice in CATALOGUE if voice.held_out and voice.engine in engines]
    strangers = [voice for voice in CATALOGUE if voice.engine == "festival"]
    return {
        "sentences": EvaluationSet(trained, 400, corpus.HOME, True),
        "voices": EvaluationSet(unheard, 400, corpus.HOME, True),
        "synthesizer": EvaluationSet(strangers, 300, corpus.HOME, True),
        "calibration-home": EvaluationSet([*trained, *strangers], 300, corpus.HOME, False),
        "calibration-other": EvaluationSet([*trained, *strangers], 1000, corpus.OTHER, False),
        "other": EvaluationSet([*unheard, *strangers, *trained[::3]], 500, corpus.OTHER, True),
    }


def synthesize(
    work: Path, ordinary: int, kokoro: int, *, first: int = 0, evaluation: bool = True
) -> None:
    """Make every shard that is not there yet, saying how long each takes.

    `first`: the number of the first shard; others than an earlier training had say other things.
    """
    if evaluation:
        for number, (name, sentences) in enumerate(evaluation_sets().items()):
            path, seed = work / "evaluation" / name, _EVALUATION_SEED + number
            _make(path, partial(corpus.make_evaluation_shard, path, seed, **vars(sentences)))
    for number in range(first, first + ordinary):
        path = work / "train" / f"ordinary-{number:04d}"
        _make(path, partial(corpus.make_training_shard, path, number))
    for number in range(first, first + kokoro):
        path = work / "train" / f"kokoro-{number:04d}"
        _make(path, partial(corpus.make_kokoro_shard, path, _KOKORO_SEED + number))


def _make(path: Path, maker: Callable[[], None]) -> None:
    if Path(f"{path}.json").exists():
        return
    began = time.monotonic()
    maker()
    print(f"{path.name}: {time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--ordinary", type=int, default=40)
    parser.add_argument("--kokoro", type=int, default=25)
    parser.add_argument("--first", type=int, default=0, help="the number of the first shard")
    parser.add_argument("--no-evaluation", action="store_true")
    arguments = parser.parse_args()
    synthesize(
        arguments.work,
        arguments.ordinary,
        arguments.kokoro,
        first=arguments.first,
        evaluation=not arguments.no_evaluation,
    )


if __name__ == "__main__":
    main()
