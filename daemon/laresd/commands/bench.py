"""`lares bench llm --calibrate`: which settings are the fastest on this box. Needs no laresd.

What it finds is kept under the state directory, by CPU and model, and used from the next start of
the language model on.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import ModelStore
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.engines.llm.calibration import (
    BATCHES,
    Calibration,
    ContextSpeed,
    Trial,
    calibrate,
    write_calibration,
)
from laresd.engines.llm.context import Settings
from laresd.engines.llm.gguf_facts import read_facts
from laresd.engines.llm.machine import Cpu, cpu, machine_memory, resident_memory
from laresd.engines.llm.memory import MemoryPlan, plan_memory
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.store import kept_digest
from laresd.errors import Permanent
from laresd.types import Json

BUSY = 0.5  # processes that compute or wait for it, on average: others are at work, too


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was tried on a machine with a model, in order, and what was chosen of it."""

    model: str
    machine: Cpu
    trials: Sequence[Trial]
    found: Calibration

    def report(self) -> list[str]:
        """A table with a mark at what was chosen, and a sentence."""
        rows = [["", "what", "threads", "batch", "tokens/s"]]
        for trial in self.trials:
            mark = "*" if self._chosen(trial) else ""
            what = "write" if trial.tokens == 1 else "read"
            rows.append([mark, what, str(trial.threads), str(trial.tokens), f"{trial.rate:.1f}"])
        return [
            f"{self.model} on {self.machine.name}, {self.machine.cores} cores",
            *table(rows),
            f"the language model will write with {_threads(self.found.threads)} and read with "
            f"{_threads(self.found.threads_batch)}, {self.found.ubatch} tokens at once, "
            "from its next start on",
        ]

    def as_json(self) -> dict[str, Json]:
        tried: list[Json] = [
            {**asdict(trial), "chosen": self._chosen(trial)} for trial in self.trials
        ]
        return {
            "model": self.model,
            "cpu": self.machine.name,
            "cores": self.machine.cores,
            "trials": tried,
            "calibration": asdict(self.found),
        }

    def _chosen(self, trial: Trial) -> bool:
        if trial.tokens == 1:
            return trial.threads == self.found.threads
        chosen = (self.found.threads_batch, self.found.ubatch)
        return (trial.threads, trial.tokens) == chosen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="llm", required=True)
    text = "find and keep the fastest settings of the language model"
    llm = kinds.add_parser("llm", help=text, description=text)
    llm.add_argument("--calibrate", action="store_true", required=True, help="a minute on a Pi 5")
    llm.add_argument("--model", help="a name from `lares models list`, or a GGUF file")
    llm.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    llm.add_argument("--config", type=Path, default=argparse.SUPPRESS)


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was found and kept; errors are raised."""
    models = ModelStore(config.box.state_dir)
    name = arguments.model or models.effective(ModelKind.LLM, config.llm.model)
    path = models.resolve(ModelKind.LLM, name)
    machine = cpu()
    warning = busy_warning(os.getloadavg()[0])
    if warning:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"reading {path}", file=sys.stderr, flush=True)
    digest = _digest(path, config.box.state_dir / "heads")
    trials: list[Trial] = []

    def show(trial: Trial) -> None:
        trials.append(trial)
        print(_described(trial), file=sys.stderr, flush=True)

    found = _measured(path, machine, show)
    kept = write_calibration(config.box.state_dir / "calibration", machine, digest, found)
    measured = Measurement(path.name, machine, trials, found)
    if arguments.json:
        print_json({**measured.as_json(), "kept": str(kept), "warning": warning})
    else:
        print(*measured.report(), sep="\n")
    return 0


def busy_warning(load: float) -> str:
    """ "" where nothing else computes. `load`: the kernel's average over a minute."""
    if load <= BUSY:
        return ""
    return f"this machine is at work (load {load:.1f}): what is found may not be what is best"


def _measured(path: Path, machine: Cpu, show: Callable[[Trial], None]) -> Calibration:
    """Loads the model, alone in this process, and tries the settings."""
    plan = _planned(path, machine)
    most = min(max(BATCHES), plan.cells)
    try:
        model = NativeModel(path, use_mmap=plan.use_mmap)
        context = NativeContext(
            model,
            Settings(
                plan.cells,
                1,
                most,
                machine.cores,
                machine.cores,
                kv_type=plan.kv_type,
                flash=plan.flash,
            ),
        )
    except ValueError as error:
        raise Permanent(
            f"the language model {path} cannot be used: {error}",
            remedy="name another with --model (lares models list)",
        ) from error
    try:
        speed = ContextSpeed(context, time.perf_counter)
        return calibrate(speed, cores=machine.cores, most_tokens=most, show=show)
    finally:
        context.close()
        model.close()


def _planned(path: Path, machine: Cpu) -> MemoryPlan:
    return plan_memory(
        read_facts(path),
        cells=max(BATCHES),
        ubatch=max(BATCHES),
        sequences=1,
        free_bytes=machine_memory(),
        repacks=machine.features,
        base_bytes=resident_memory(),
        grammars=False,
    )


def _digest(path: Path, folder: Path) -> str:
    try:
        return kept_digest(path, folder)
    except OSError as error:
        raise Permanent(f"the model {path} cannot be read: {error.strerror or error}") from error


def _described(trial: Trial) -> str:
    what = "write" if trial.tokens == 1 else f"read {trial.tokens} at once"
    return f"{what}, {_threads(trial.threads)}: {trial.rate:.1f} tokens/s"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
