"""What the scheduler tells of itself: the engines for `lares hosts`, and the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from laresd.core.scheduler.counts import Counts, Event, Happening
from laresd.core.scheduler.engine import Engine, State
from laresd.core.scheduler.pool import Pool
from laresd.core.stages import escaped
from laresd.jobs import JobKind
from laresd.types import Json


def engine_row(engine: Engine, now: float) -> dict[str, Json]:
    """One engine; speeds in tokens a second, 0 where nothing is known."""
    facts, speeds = engine.facts, engine.speeds()
    learned = speeds.count > 0
    slope = speeds.first.slope
    text = facts is not None and JobKind.TEXT in facts.jobs
    return {
        "name": engine.name,
        "state": str(engine.state(now)),
        "kind": str(facts.kind) if facts and engine.host else "",
        "jobs": _texts(facts.jobs) if facts else [],
        "models": _texts(map(titled, facts.models)) if facts else [],
        "model": titled(facts.model) if facts else "",
        "running": max(engine.running, facts.running if facts else 0),
        "waiting": facts.waiting if facts else 0,
        "slots": facts.slots if facts else 0,
        "decode_speed": round(1 / speeds.token_s(), 1) if text and learned else 0.0,
        "prefill_speed": round(1 / slope, 1) if text and learned and slope > 0 else 0.0,
        "round_trip_ms": round(facts.round_trip_s * 1000, 1) if facts else 0.0,
        "verdict": engine.verdict(now),
    }


def happening_row(happening: Happening) -> dict[str, Json]:
    """`at`: seconds since the epoch."""
    return {
        "at": round(happening.at, 3),
        "event": str(happening.event),
        "where": happening.where,
        "words": happening.words,
        "reason": happening.reason,
        "priority": happening.priority,
    }


def metrics(pool: Pool, counts: Counts, now: float) -> str:
    """In Prometheus' text form (its documentation, "Text-based format"); ends with a newline."""
    lines = [
        *_counter(
            "lares_placements_total", "Jobs by the engine that got them, and why.", _by(counts)
        ),
        *_counter("lares_scheduler_events_total", "What became of jobs.", _events(counts)),
        "# HELP lares_engine_up Whether an engine takes work.",
        "# TYPE lares_engine_up gauge",
    ]
    working = (State.READY, State.BUSY)
    for engine in pool.engines:
        up = int(engine.state(now) in working)
        lines.append(f'lares_engine_up{{engine="{escaped(engine.name)}"}} {up}')
    lines += [
        "# HELP lares_threads_share Share of its threads that the box computes with.",
        "# TYPE lares_threads_share gauge",
        f"lares_threads_share {pool.weather.threads:g}",
        *counts.first_tokens.lines(),
        *counts.tokens.lines(),
        *counts.jobs.lines(),
    ]
    return "\n".join(lines) + "\n"


def titled(model: str) -> str:
    """A model's name as people say it: llama-server calls it by its whole path."""
    return PurePosixPath(model).name if model.startswith("/") else model


def _texts(values: Iterable[str]) -> list[Json]:
    return [str(value) for value in values]


def _by(counts: Counts) -> Sequence[tuple[str, int]]:
    return [
        (f'engine="{escaped(where)}",reason="{reason}"', count)
        for (where, reason), count in sorted(counts.placements.items())
    ]


def _events(counts: Counts) -> Sequence[tuple[str, int]]:
    return [
        (f'engine="{escaped(where)}",event="{event}"', count)
        for (event, where), count in sorted(counts.events.items())
        if event is not Event.PLACED
    ]


def _counter(name: str, words: str, samples: Sequence[tuple[str, int]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} counter"
    for labels, count in samples:
        yield f"{name}{{{labels}}} {count}"
