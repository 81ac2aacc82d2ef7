"""The sections on what is kept, where, and for how long; see sections.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Storage:
    """What is kept of documents and of sound, how long as it is, and how much of it."""

    cold_dir: Path | None = None  # where old files go, compressed; default: cold in box.state_dir
    cold_after_days: float = 30.0  # 0: none goes
    keep_originals: Literal["none", "web", "all"] = "none"  # copies of what was read
    originals_mb: int = 2048  # on disk, in both places together; then the oldest go
    audio_mb: int = 256  # likewise, kept clips of wake words that have no label; 0: no limit


@dataclass(frozen=True, slots=True)
class Backup:
    """`lares backup`, by restic. Whoever has the password has all of it."""

    target: str = ""  # a folder, sftp:user@host:/path, s3:https://host/bucket; "": none
    password_file: Path | None = None  # one line: the backups are encrypted with it
    key_id_file: Path | None = None  # of an S3 store
    secret_key_file: Path | None = None
    ssh_key_file: Path | None = None  # of an sftp target; default: what ssh finds
    keep_daily: int = 7
    keep_weekly: int = 5
    keep_monthly: int = 12
    check_percent: float = 1.0  # of the stored data that is read again after each backup
    warn_after_days: float = 3.0  # `lares doctor` warns then; 0: never
