"""`lares doctor`: what is wrong with this box, and what to do about it. Needs no running laresd."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from laresd.backends.audio import PortAudio
from laresd.backends.backup import record
from laresd.backends.checks import broker, machine, models, places, rights, sound
from laresd.backends.checks.finding import Finding, Verdict, fail, ok, warn
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.memory import read_memory
from laresd.backends.modelstore.store import ModelStore
from laresd.commands import speech_models
from laresd.commands.client import DaemonAway, parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.errors import LaresError
from laresd.frames import Fields
from laresd.types import Json

ROOT = Path("/")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when nothing fails (warnings may remain), else 1."""
    findings = list(examine(config))
    if arguments.json:
        rows: list[Json] = [
            {
                "check": one.check,
                "verdict": str(one.verdict),
                "text": one.text,
                "remedy": one.remedy,
            }
            for one in findings
        ]
        print_json({"findings": rows, "verdict": str(_worst(findings))})
    else:
        for one, line in zip(findings, table([_row(one) for one in findings]), strict=True):
            print(line)
            if one.remedy:
                print(f"      -> {one.remedy}")
    return 1 if _worst(findings) is Verdict.FAIL else 0


def examine(config: Config, root: Path = ROOT) -> Iterator[Finding]:
    """Every check, the daemon's own word first when it runs."""
    daemon = _daemon(config)
    yield from daemon
    if not any(finding.check == "broker" for finding in daemon):
        yield broker.reachable(config.mqtt)
    yield from rights.rights(config)
    yield from places.secret(config.mqtt.password_file, "mqtt.password_file")
    yield from places.secret(config.http.token_file, "http.token_file")
    for name, host in config.hosts.items():
        yield from places.secret(host.token_file, f"hosts.{name}.token_file")
    yield from sound.devices(config.audio, PortAudio().devices)
    if config.audio.enabled:
        yield from places.sound_rights(root)
    yield sound.voice()
    store = ModelStore(config.box.state_dir)
    yield from models.used(config, store, read_memory())
    ear = store.effective(ModelKind.SPEECH_TO_TEXT, config.speech_to_text.model)
    if (known := speech_models.reading(store, config.box.state_dir, ear)) is not None:
        yield ok("models", f"{ModelKind.SPEECH_TO_TEXT}: {speech_models.told(known)}")
    yield places.state_dir(config.box.state_dir)
    yield machine.disk(config.box.state_dir)
    yield record.finding(config.backup, record.read(config.box.state_dir), time.time())
    yield from places.secret(config.backup.password_file, "backup.password_file")
    yield from places.secret(config.backup.secret_key_file, "backup.secret_key_file")
    yield from machine.read_only(config.box.state_dir.absolute(), root)
    yield machine.clock(time.time(), Path(machine.__file__).stat().st_mtime, root)
    yield machine.python((sys.version_info.major, sys.version_info.minor))
    yield machine.processor(platform.machine(), root)
    yield from machine.temperature(root)
    yield from machine.throttling(root)
    yield from machine.hardware(config.box.state_dir.absolute(), root)


def _daemon(config: Config) -> list[Finding]:
    """What a running laresd says of itself; it knows its broker and engines best."""
    try:
        (told,) = parts(config, {"op": "status"})
    except DaemonAway as error:
        return [warn("laresd", error.message, error.remedy)]
    except LaresError as error:
        return [fail("laresd", error.message, error.remedy)]
    status = Fields(told)
    found = [ok("laresd", f"{status.text('version')}, pid {status.integer('pid')}")]
    link = status.row("broker")
    if link is not None and not link.flag("connected"):
        found.append(fail("broker", link.text("fault"), "see lares doctor with laresd stopped"))
    elif link is not None:
        found.append(ok("broker", f"connected to {link.text('where')}"))
    for engine in status.rows("engines"):
        name, phase = engine.text("name"), engine.text("phase")
        if phase in ("failed", "backoff"):
            found.append(fail("engines", f"{name}: {engine.text('error')}", "see laresd's log"))
        else:
            found.append(ok("engines", f"{name}: {phase}"))
    return found


def _worst(findings: list[Finding]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    return next(v for v in (Verdict.FAIL, Verdict.WARN, Verdict.OK) if v in verdicts)


def _row(finding: Finding) -> list[str]:
    return [str(finding.verdict), finding.check, finding.text]
