"""Measure a model folder: ``python -m training.evaluate --work DIR [--model DIR] [--recordings DIR]
[--json FILE]``.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from training.augment import Strength, distort
from training.calibrate import Limits, choose_limits, read_limits
from training.corpus import HOME, read_shard
from training.features import RATE, log_mel_power
from training.noises import noise_mels, noise_wave
from training.recognize import BEAM, Heard, Recognizer
from training.scoring import normalized, word_errors

BUNDLED = Path(__file__).parent.parent / "laresd" / "bundled" / "speech-en"
_NOISY = Strength(warp=0.0, stretch=0.0, reverb=0.5, noise=0.7, lowest_snr=8.0)


@dataclass(frozen=True)
class Case:
    """One utterance to judge: `wanted` is empty where nothing must be heard."""

    group: str
    name: str
    wanted: str
    log_power: NDArray[np.float32]


@dataclass
class Tally:
    """The figures of one group."""

    total: int = 0
    exact: int = 0
    words: int = 0
    errors: int = 0
    false_commands: int = 0
    refused: int = 0

    def add(self, wanted: list[str], got: list[str]) -> None:
        """Count one utterance."""
        self.total += 1
        self.exact += wanted == got
        self.words += len(wanted)
        self.errors += word_errors(wanted, got) if wanted else 0
        self.false_commands += bool(got) and not wanted
        self.refused += bool(wanted) and not got


def synthetic_cases(work: Path, calibration: bool = False) -> Iterator[Case]:
    """The evaluation shards, clean and as a noisy room would make them, and made-up noises.

    With `calibration` only the sets for choosing limits, else all but those.
    """
    noises = noise_mels(20, 7_000)
    for path in sorted((work / "data" / "evaluation").glob("*.json")):
        if path.stem.startswith("calibration") != calibration:
            continue
        shard, dice = read_shard(path), np.random.default_rng(1)
        for number, item in enumerate(shard.items):
            log_power = shard.mel[item.start : item.start + item.frames].astype(np.float32)
            wanted = item.text if item.kind == HOME else ""
            name = f"{item.engine}/{item.voice}: {item.text}"
            yield Case(path.stem, name, wanted, log_power)
            if number % 2 == 0:
                noisy = distort(log_power, noises, _NOISY, dice)[0]
                yield Case(f"{path.stem}, noisy room", name, wanted, noisy)
    first = 500 if calibration else 0
    for seed in range(first, first + 60):
        noise = noise_wave(8_000 + seed, 4.0) * np.float32(0.05)
        yield Case("noise", f"noise {seed}", "", log_mel_power(noise))


def recorded_cases(folder: Path) -> Iterator[Case]:
    """The wav files of a manifest.json; only English home commands must be heard."""
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        path = folder / entry["file"]
        if path.suffix != ".wav":
            continue
        top = entry["file"].split("/")[0]
        command = (
            top == "home-en"
            and "oov_" not in path.name
            and "out-of-vocabulary" not in entry["kind"]
        )
        group = f"{top}: {entry['kind']}" if top == "home-en" else top
        yield Case(
            group,
            entry["file"],
            entry["transcript"] if command else "",
            log_mel_power(read_wave(path)),
        )


def read_wave(path: Path) -> NDArray[np.float32]:
    """Samples of a wav file in [-1, 1] at 16 kHz, channels averaged."""
    rate, samples = wavfile.read(path)
    scale = {np.dtype("int16"): 32768.0, np.dtype("int32"): 2147483648.0}.get(samples.dtype, 1.0)
    mono = (samples.astype(np.float32) / scale).reshape(len(samples), -1).mean(axis=1)
    return np.asarray(mono if rate == RATE else resample_poly(mono, RATE, rate), np.float32)


def evaluate(
    recognizer: Recognizer, cases: Iterator[Case], limits: Limits, verbose: bool = False
) -> tuple[dict[str, Tally], list[tuple[Case, Heard]]]:
    """Figures by group, and everything that was heard."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    everything = []
    for case in cases:
        heard = recognizer.hear(case.log_power)
        everything.append((case, heard))
        wanted = normalized(case.wanted)
        got = normalized(heard.text) if limits.accept(heard) else []
        tallies[case.group].add(wanted, got)
        if verbose and wanted != got:
            print(
                f"  {case.group} | {case.name} | wanted {' '.join(wanted)!r} heard {heard.text!r}"
            )
    return dict(tallies), everything


def calibrate(recognizer: Recognizer, work: Path, folder: Path) -> Limits:
    """Choose the model's limits on the calibration sets and write them into its folder."""
    _, everything = evaluate(recognizer, synthetic_cases(work, calibration=True), Limits())
    right = [
        h for case, h in everything if case.wanted and normalized(h.text) == normalized(case.wanted)
    ]
    limits = choose_limits(right, [heard for case, heard in everything if not case.wanted])
    limits.write(folder)
    return limits


def table(tallies: dict[str, Tally]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| what | utterances | exact | word errors | refused | false commands |",
        "|---|---|---|---|---|---|",
    ]
    for name, tally in tallies.items():
        if tally.words:
            exact = f"{100 * tally.exact / tally.total:.1f} % ({tally.exact})"
            wer = f"{100 * tally.errors / tally.words:.1f} %"
            lines.append(f"| {name} | {tally.total} | {exact} | {wer} | {tally.refused} | |")
        else:
            share = f"{100 * tally.false_commands / tally.total:.1f} %"
            lines.append(f"| {name} | {tally.total} | | | | {share} ({tally.false_commands}) |")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="the work folder, for the synthetic sets")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings with manifest.json")
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--beam", type=int, default=BEAM)
    parser.add_argument("--calibrate", action="store_true", help="choose the model's limits first")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--verbose", action="store_true", help="print what was heard wrongly")
    arguments = parser.parse_args()
    recognizer, tallies = Recognizer(arguments.model, arguments.beam), {}
    if arguments.calibrate:
        print(calibrate(recognizer, arguments.work, arguments.model))
    limits = read_limits(arguments.model)
    for place, cases in (
        (arguments.work, synthetic_cases),
        (arguments.recordings, recorded_cases),
    ):
        if place is not None:
            tallies.update(evaluate(recognizer, cases(place), limits, arguments.verbose)[0])
    print(table(tallies))
    if arguments.json is not None:
        figures = {name: asdict(tally) for name, tally in tallies.items()}
        arguments.json.write_text(json.dumps(figures, indent=1), "utf-8")


if __name__ == "__main__":
    main()
