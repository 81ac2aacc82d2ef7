"""Keeps tests/bench/results.json (for programs) and RESULTS.md (for people) in step."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
JSON_FILE = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
MISSED = FOLDER / "missed"  # <area>.md: by how much a goal is missed there, and why
AREAS = {
    "main": "The daemon, end to end",
    "voice": "Voice",
    "home": "The home",
    "llm": "The LLM engine",
    "sched": "The scheduler",
    "kb": "Documents",
    "console": "Console",
    "appliance": "Appliance",
    "models": "Models",
    "chaos": "Failures",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `name`: `<area>/<what>_<unit>`; `goal`: `<=300`; `peer`: the figure beside it."""

    name: str
    value: float | int | str
    goal: str
    command: str
    peer: str = ""
    note: str = ""


def machine() -> str:
    """What the figures were taken on, e.g. `2 cores, Intel Xeon, x86_64`."""
    model = platform.processor() or "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} cores, {model}, {platform.machine()}"


def record(rows: Sequence[Row]) -> None:
    """Put the rows in place of those of the same name and write both files."""
    known = {row["name"]: row for row in _read()}
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    for row in rows:
        area = row.name.split("/", 1)[0]
        if area not in AREAS:
            raise ValueError(f"{row.name}: begin with one of {', '.join(AREAS)}")
        known[row.name] = {**asdict(row), "machine": machine(), "date": today}
    ordered = sorted(known.values(), key=lambda row: str(row["name"]))
    JSON_FILE.write_text(
        json.dumps({"rows": ordered}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    PAGE.write_text(_page(ordered), encoding="utf-8")
    for row in rows:
        print(f"{row.name}: {row.value} (goal {row.goal or 'none'}) {row.note}")


def _read() -> list[dict[str, object]]:
    if not JSON_FILE.exists():
        return []
    rows: list[dict[str, object]] = json.loads(JSON_FILE.read_text(encoding="utf-8"))["rows"]
    return rows


def _page(rows: Sequence[dict[str, object]]) -> str:
    lines = ["# Measured", "", "Written by `make bench-NAME`; good and bad figures alike.", ""]
    for area, title in AREAS.items():
        mine = [row for row in rows if str(row["name"]).startswith(f"{area}/")]
        if not mine:
            continue
        lines += [
            f"## {title}",
            "",
            "| figure | value | goal | beside it | note | made by | date |",
        ]
        lines.append("|---|---|---|---|---|---|---|")
        lines += [
            f"| {row['name']} | {row['value']} | {row['goal']} | {row['peer']} | {row['note']} "
            f"| `{row['command']}` | {row['date']} |"
            for row in mine
        ]
        lines.append("")
        lines += _missed(area)
    machines = sorted({str(row["machine"]) for row in rows})
    lines += ["Machines: " + "; ".join(machines) + ".", ""]
    return "\n".join(lines)


def _missed(area: str) -> list[str]:
    file = MISSED / f"{area}.md"
    return [*file.read_text(encoding="utf-8").splitlines(), ""] if file.exists() else []
