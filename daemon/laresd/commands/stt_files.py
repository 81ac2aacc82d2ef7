"""Recordings and what is said in them: a manifest.json, or files named by their transcript.

The manifest is a list of objects with `file` (relative to it), `transcript` (null: unknown, or
nothing is said), `lang` and `kind`. It lies in the folder or above it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from laresd.errors import Permanent
from laresd.types import Json

SOUNDS = (".wav", ".raw")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording. `group`: its folder and kind. `transcript` None: it is not known."""

    path: Path
    name: str
    transcript: str | None
    language: str
    group: str
    is_command: bool


def utterances(path: Path, *, language: str) -> list[Utterance]:
    """The recordings in a folder, or the one in a file, by name.

    `language`: of those of which no manifest tells. Raises Permanent when there are none, or when
    the manifest is damaged.
    """
    path = path.expanduser().resolve()
    manifest = _manifest(path)
    told = dict(_told(manifest)) if manifest else {}
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if _is_sound(p))
    if not files:
        raise Permanent(f"there are no wav files in {path}", remedy="give a folder that has some")
    base = manifest.parent if manifest else (path if path.is_dir() else path.parent)
    return [told.get(file) or _by_name(file, base, language) for file in files]


def _is_sound(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SOUNDS


def _manifest(path: Path) -> Path | None:
    folders = [path, *path.parents] if path.is_dir() else list(path.parents)
    return next((found for f in folders if (found := f / "manifest.json").is_file()), None)


def _told(manifest: Path) -> Iterator[tuple[Path, Utterance]]:
    try:
        rows: Json = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Permanent(f"cannot read {manifest}: {error}") from error
    if not isinstance(rows, list):
        raise Permanent(f"{manifest} is not a list of recordings")
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise Permanent(f"{manifest} has an entry without a file: {json.dumps(row)[:80]}")
        name, transcript = str(row["file"]), row.get("transcript")
        path = (manifest.parent / name).resolve()
        yield (
            path,
            Utterance(
                path=path,
                name=name,
                transcript=transcript if isinstance(transcript, str) and transcript else None,
                language=str(row.get("lang") or ""),
                group=f"{_folder(name)}: {row.get('kind') or 'unknown'}",
                is_command=_folder(name).startswith("home"),
            ),
        )


def _by_name(file: Path, base: Path, language: str) -> Utterance:
    name = str(file.relative_to(base))
    words = file.stem.rpartition("__")[2].replace("_", " ").strip()
    return Utterance(file, name, words, language, _folder(name), is_command=True)


def _folder(name: str) -> str:
    return name.split("/", 1)[0] if "/" in name else "."
