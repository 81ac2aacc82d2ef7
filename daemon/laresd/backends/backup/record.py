"""When this box's state was last kept safely, for `lares status`, doctor and a sensor."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from laresd.backends.backup.folders import BACKUP
from laresd.backends.checks.finding import Finding, fail, ok, warn
from laresd.backends.whole_file import write_whole
from laresd.config import Backup
from laresd.errors import LaresError
from laresd.frames import Fields

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Record:
    """Wall seconds; None: never. `good_at`: of the last backup in which all was, and which passed
    its check. `fault`: why the last try was none; "" when it was.
    """

    good_at: float | None = None
    snapshot: str = ""
    place: str = ""
    size: int = 0
    tried_at: float | None = None
    fault: str = ""


def read(state: Path) -> Record:
    """Nothing known where the file is not there or damaged: it is only told of. Blocks."""
    try:
        told = Fields({"record": json.loads(_file(state).read_bytes())}).row("record")
        if told is None:
            return Record()
        return Record(
            told.real("good_at", -1.0) if told.real("good_at", -1.0) >= 0 else None,
            told.text("snapshot", ""),
            told.text("place", ""),
            told.integer("size", 0),
            told.real("tried_at", -1.0) if told.real("tried_at", -1.0) >= 0 else None,
            told.text("fault", ""),
        )
    except (OSError, ValueError, RecursionError, LaresError):
        return Record()


def write(state: Path, record: Record) -> None:
    """Raises OSError."""
    write_whole(_file(state), json.dumps(dataclasses.asdict(record), ensure_ascii=False).encode())


def finding(settings: Backup, record: Record, now: float) -> Finding:
    """For `lares doctor`."""
    if not settings.target:
        return warn(
            "backup", "there is none: a dead card takes all with it", "see [backup] in lares.toml"
        )
    if record.good_at is None:
        return warn("backup", record.fault or "none was made yet", "lares backup")
    text = f"the last good one is {told_age(now - record.good_at)} old, in {record.place}"
    if record.fault:
        return fail("backup", f"{text}; since then: {record.fault}", "lares backup")
    if now - record.good_at > settings.warn_after_days * DAY_S > 0:
        return warn("backup", text, "lares backup, or systemctl list-timers")
    return ok("backup", text)


def told_age(seconds: float) -> str:
    """As people say it: "5 hours"."""
    for length, name in ((DAY_S, "day"), (3600.0, "hour")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {name}{'s' if count != 1 else ''}"
    return "less than an hour"


def _file(state: Path) -> Path:
    return state / BACKUP / "record.json"
