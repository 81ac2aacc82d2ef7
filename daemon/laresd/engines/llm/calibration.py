"""Which thread counts and which batch are the fastest on this box, measured and remembered.

Reading weights soon is bound by memory, where more threads only wait and cost power; a prompt is
bound by the cores. Where two settings are as good as each other the smaller one is taken: it leaves
a core to the ear, and memory to others.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from laresd.engines.llm.context import Context, Decoded, Slot
from laresd.engines.llm.machine import Cpu
from laresd.errors import Permanent

log = logging.getLogger(__name__)

BATCHES = (64, 128, 256, 512)  # tokens of a prompt at once; fewer leave no room for a draft
_FOR_THREADS = 32  # tokens at once while the threads are chosen; more take longer, and tell no more
NEAR = 0.03  # a setting this close to the best is as good
CLEARLY_WORSE = 0.9  # of the best: then no larger setting is tried
LEAST_RUNS, MOST_RUNS = 3, 7  # of which the median counts
ENOUGH_S = 2.0  # of measuring one setting; then LEAST_RUNS are enough
SLOW_S = 6.0  # and then two are: a Pi reads a large model a few tokens a second
_DECODED = 4  # tokens of one run, one after the other
_FORMAT = "lares-calibration-1"
_MAX_FILE = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class Calibration:
    """The best settings, and the tokens a second that they gave: for one token at a time, and for
    a prompt.
    """

    threads: int
    threads_batch: int
    ubatch: int
    decode_rate: float
    prefill_rate: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting and its tokens a second. `tokens`: of a batch; 1: text is written."""

    threads: int
    tokens: int
    rate: float


class Speed(Protocol):
    """What is measured."""

    def rate(self, threads: int, tokens: int) -> float:
        """Tokens a second in batches of that many, with that many threads."""
        ...


class Tunable(Context, Protocol):
    """A context whose threads can be set."""

    def threads(self, one: int, many: int) -> None: ...


class ContextSpeed:
    """Speed of a context, which must be empty. `clock`: seconds, for durations."""

    def __init__(self, context: Tunable, clock: Callable[[], float]) -> None:
        self._context, self._clock = context, clock

    def rate(self, threads: int, tokens: int) -> float:
        """The median of a few runs (of two, the faster one: what disturbs only slows), after a
        token that does not count: threads start with it. Raises Permanent when a batch fails.
        """
        self._context.threads(threads, threads)
        self._run(1, batches=1)
        runs: list[float] = []
        begun = self._clock()
        while not _enough(len(runs), self._clock() - begun):
            runs.append(self._run(tokens, batches=_DECODED if tokens == 1 else 1))
        return statistics.median_high(runs)

    def _run(self, tokens: int, *, batches: int) -> float:
        begun = self._clock()
        for number in range(batches):
            first = number * tokens
            slots = [Slot(1 + at % 97, at, 0) for at in range(first, first + tokens)]
            slots[-1] = Slot(slots[-1].token, slots[-1].position, 0, logits=True)
            self._decode(slots)
        seconds = self._clock() - begun
        self._context.remove(0)
        return batches * tokens / max(seconds, 1e-9)

    def _decode(self, slots: Sequence[Slot]) -> None:
        try:
            decoded = self._context.decode(slots)
        except RuntimeError as error:
            raise Permanent(f"the language model failed: {error}") from error
        if decoded is not Decoded.DONE:
            raise Permanent(f"the language model did not compute a batch: {decoded.value}")


def calibrate(
    speed: Speed, *, cores: int, most_tokens: int, show: Callable[[Trial], None]
) -> Calibration:
    """The best settings for batches of at most `most_tokens`; `show` sees each that is tried."""

    def tried(threads: int, tokens: int) -> Trial:
        trial = Trial(threads, tokens, speed.rate(threads, tokens))
        show(trial)
        return trial

    counts = thread_counts(cores)
    decode = _fastest(tried(threads, 1) for threads in counts)
    some = min(_FOR_THREADS, most_tokens)
    prompt = _fastest(tried(threads, some) for threads in counts if 2 * threads >= cores)
    sizes = [tokens for tokens in BATCHES if tokens <= most_tokens] or [most_tokens]
    batch = _last_that_pays(tried(prompt.threads, tokens) for tokens in sizes)
    return Calibration(
        threads=decode.threads,
        threads_batch=batch.threads,
        ubatch=batch.tokens,
        decode_rate=round(decode.rate, 3),
        prefill_rate=round(batch.rate, 3),
    )


def thread_counts(cores: int) -> list[int]:
    """Those worth trying, rising: up to four each, then steps that grow, and all cores."""
    counts = [1, 2, 3, 4]
    while counts[-1] < cores:
        counts.append(counts[-1] + max(2, counts[-1] // 4))
    return sorted({*(count for count in counts if count <= cores), max(1, cores)})


def write_calibration(folder: Path, cpu: Cpu, model_digest: str, found: Calibration) -> Path:
    """Keep it for `read_calibration`. Raises Permanent when it cannot be written."""
    path = _path(folder, cpu, model_digest)
    content = {"format": _FORMAT, **_key(cpu, model_digest), **asdict(found)}
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise Permanent(
            f"the calibration cannot be kept in {folder}: {error.strerror or error}",
            remedy="run it as the user of laresd, or free some disk",
        ) from error
    return path


def read_calibration(folder: Path, cpu: Cpu, model_digest: str) -> Calibration | None:
    """What was found for this CPU and model; None: nothing, or its file is damaged."""
    path = _path(folder, cpu, model_digest)
    try:
        with path.open(encoding="utf-8") as file:
            content = json.loads(file.read(_MAX_FILE))
        return _checked(content, cpu, model_digest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("the calibration %s is not used: %s", path, error)
        return None


def _fastest(trials: Iterable[Trial]) -> Trial:
    """Of rising settings, tried until one is clearly worse: the first that is as good as any."""
    seen: list[Trial] = []
    for trial in trials:
        seen.append(trial)
        if trial.rate < CLEARLY_WORSE * max(one.rate for one in seen):
            break
    best = max(trial.rate for trial in seen)
    return next(trial for trial in seen if trial.rate >= (1 - NEAR) * best)


def _last_that_pays(trials: Iterable[Trial]) -> Trial:
    """Of ever larger batches, the last of those that each are faster than the one before."""
    rest = iter(trials)
    best = next(rest)
    for trial in rest:
        if trial.rate < (1 + NEAR) * best.rate:
            break
        best = trial
    return best


def _enough(runs: int, seconds: float) -> bool:
    """Whether so many runs, which took so long together, tell how fast a setting is."""
    if runs >= MOST_RUNS:
        return True
    return (runs >= LEAST_RUNS and seconds >= ENOUGH_S) or (runs >= 2 and seconds >= SLOW_S)


def _checked(content: object, cpu: Cpu, model_digest: str) -> Calibration:
    """Raises ValueError for what `write_calibration` would not have written."""
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError("it is no calibration")
    key = _key(cpu, model_digest)
    if {name: content.get(name) for name in key} != key:
        raise ValueError("it is of another CPU or model")
    return Calibration(
        threads=_whole(content, "threads", cpu.cores),
        threads_batch=_whole(content, "threads_batch", cpu.cores),
        ubatch=_whole(content, "ubatch", max(BATCHES)),
        decode_rate=_rate(content, "decode_rate"),
        prefill_rate=_rate(content, "prefill_rate"),
    )


def _whole(content: Mapping[str, object], name: str, most: int) -> int:
    value = content.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}")
    return value


def _rate(content: Mapping[str, object], name: str) -> float:
    value = content.get(name)
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{name} is {value!r}")
    return float(value)


def _key(cpu: Cpu, model_digest: str) -> dict[str, object]:
    return {"cpu": cpu.name, "cores": cpu.cores, "model": model_digest}


def _path(folder: Path, cpu: Cpu, model_digest: str) -> Path:
    key = json.dumps(_key(cpu, model_digest), sort_keys=True)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
