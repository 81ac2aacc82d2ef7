"""Boards that are not this machine: trees of /sys and /proc, and what the firmware answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.board.firmware import Firmware

FOLDER = Path(__file__).parents[1] / "recorded" / "boards"
BOARDS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@dataclass(slots=True)
class FakeFirmware:
    """Answers as `vcgencmd` does; what it has no answer for fails. `asked` in order."""

    answers: Mapping[str, str]
    asked: list[str] = field(default_factory=list)
    at: float = 0.0  # monotonic seconds

    def run(self, command: Sequence[str]) -> str:
        question = command[1]
        self.asked.append(question)
        if question not in self.answers:
            raise subprocess.CalledProcessError(255, command)
        return self.answers[question]

    def firmware(self) -> Firmware:
        return Firmware(self.run, lambda: self.at)


@dataclass(frozen=True, slots=True)
class RecordedBoard:
    """`root` holds its `proc` and `sys`."""

    root: Path
    vcgencmd: FakeFirmware

    @property
    def sysfs(self) -> Path:
        return self.root / "sys"

    def write(self, name: str, value: str) -> None:
        (self.root / name).write_text(value)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


def laid_out(board: str, root: Path) -> RecordedBoard:
    told = json.loads((FOLDER / f"{board}.json").read_text(encoding="utf-8"))
    assert told["about"], "say where it is written down"
    for name, content in told["files"].items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    for name, target in told["links"].items():
        link = root / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    return RecordedBoard(root, FakeFirmware(told["vcgencmd"]))
