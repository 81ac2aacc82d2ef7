"""Files and rights: the state folder, secrets, the sound card's device files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from laresd.backends.checks.finding import Finding, fail, ok, warn

Access = Callable[[Path, int], bool]


def state_dir(folder: Path, access: Access = os.access) -> Finding:
    """Whether this user can keep timers, models and the socket there."""
    place = next(part for part in (folder, *folder.parents) if part.exists())
    if not place.is_dir():
        return fail("state folder", f"{place} is a file", "move it away, or set box.state_dir")
    if not access(place, os.W_OK | os.X_OK):
        return fail(
            "state folder",
            f"this user may not write {place}",
            "run doctor as laresd's user (sudo -u lares lares doctor), or chown it",
        )
    return ok("state folder", f"{folder} can be written")


def secret(file: Path | None, key: str) -> list[Finding]:
    """A file with a password: there, readable, not empty, and for nobody else."""
    if file is None:
        return []
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        reason = f"cannot read {file}: {error.strerror}"
        return [fail("secrets", reason, f"correct {key}, or the file's owner")]
    if not content.strip():
        return [fail("secrets", f"{file} is empty", "put the password into it")]
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return [fail("secrets", f"everybody can read {file}", f"chmod 600 {file}")]
    return [ok("secrets", f"{file} is for its owner")]


def sound_rights(root: Path, access: Access = os.access) -> list[Finding]:
    """Whether this user may open the sound card, where there is one."""
    cards = sorted(root.glob("dev/snd/pcm*"))
    if not cards or all(access(card, os.R_OK | os.W_OK) for card in cards):
        return []
    return [
        warn(
            "sound",
            "this user may not use the sound card",
            "sudo usermod -aG audio $USER, then log in again",
        )
    ]
