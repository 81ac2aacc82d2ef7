"""`lares status`: the running daemon in a few lines."""

from __future__ import annotations

import argparse
import time

from laresd.backends.backup import record
from laresd.commands import backup
from laresd.commands.client import parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.frames import Fields


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when the broker is connected and no engine is broken, else 1."""
    (told,) = parts(config, {"op": "status"})
    status = Fields(told)
    broker = status.row("broker")
    connected = broker is not None and broker.flag("connected")
    engines = status.rows("engines")
    if arguments.json:
        kept = record.read(config.box.state_dir)
        print_json({**told, "backup": {"good_at": kept.good_at, "fault": kept.fault}})
    else:
        version, pid = status.text("version"), status.integer("pid")
        print(f"laresd {version}, pid {pid}, {status.integer('devices')} devices")
        if broker is not None:
            fault = broker.text("fault")
            print(f"broker {broker.text('where')}: {fault or 'connected'}")
        print(f"last backup: {backup.told(config, time.time())}")
        if (machine := status.row("machine")) is not None:
            print(f"machine {_machine(machine)}")
        print(*table([_row(engine) for engine in engines]), sep="\n")
        if stages := status.rows("stages"):
            print(*table([_stage(stage) for stage in stages]), sep="\n")
    return 0 if connected and not any(map(_broken, engines)) else 1


def _row(engine: Fields) -> list[str]:
    rss = engine.real("rss_mb", 0.0)
    memory = f"{rss:.0f} MB" if rss else ""
    return [f"engine {engine.text('name')}", engine.text("phase"), memory, engine.text("error")]


def _machine(machine: Fields) -> str:
    """What it tells of itself, the trouble first."""
    flags = machine.texts("throttled")
    told = {
        "celsius": "{:.0f} °C",
        "available_percent": "{:.0f} % of the memory can be had",
        "free_gb": "{:.1f} GB free",
        "worn_percent": "{:.0f} % of the storage's life used",
        "watts": "{:.1f} W",
        "answer_joules": "{:.1f} J an answer",
    }
    values = {key: machine.real(key, -1.0) for key in told}
    figures = [told[key].format(value) for key, value in values.items() if value >= 0]
    held = "" if machine.flag("background") else "work that nobody waits for has stopped"
    named = machine.text("model") or machine.text("kind")
    return ", ".join(filter(None, [named, *flags, machine.text("why"), held, *figures]))


def _stage(stage: Fields) -> list[str]:
    """Milliseconds: the median of the last turns, and what all but a twentieth of them kept."""
    middle, most = stage.real("p50_ms"), stage.real("p95_ms")
    times = f"{stage.integer('count')} times"
    return [f"stage {stage.text('stage')}", times, f"p50 {middle:.0f} ms", f"p95 {most:.0f} ms"]


def _broken(engine: Fields) -> bool:
    return engine.text("phase") in ("failed", "backoff", "stopped")
