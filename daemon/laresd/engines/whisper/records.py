"""What checks have found about speech models, kept by the hash of their weights."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from laresd.engines.llm.store import kept_digest
from laresd.engines.whisper.habits import Context
from laresd.errors import LaresError
from laresd.frames import Fields

log = logging.getLogger(__name__)

VERSION = 1  # of what is checked, and how


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much the encoder of a model must read, as `Context` writes it, and why."""

    padding: str
    because: str

    @property
    def context(self) -> Context:
        return Context.of(self.padding)


def recorded(folder: Path, kept: Path) -> Verdict | None:
    """What was found about the model in `folder`; None where nothing is known."""
    if not kept.is_dir():  # a reader must not make it: it may be somebody else than the daemon
        return None
    try:
        body = Fields(json.loads(_file(folder, kept).read_bytes()))
        found = Verdict(body.text("padding"), body.text("because"))
        return found if body.integer("version") == VERSION and found.context else None
    except (OSError, ValueError, AttributeError, LaresError):
        return None


def record(folder: Path, kept: Path, verdict: Verdict) -> None:
    """Keep it. What cannot be written is checked again at the next start."""
    try:
        path = _file(folder, kept)
        kept.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"version": VERSION, **asdict(verdict)}), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        log.warning("the check of the speech model cannot be kept: %s", error)


def _file(folder: Path, kept: Path) -> Path:
    return kept / f"{kept_digest(folder / 'model.bin', kept)}.json"
