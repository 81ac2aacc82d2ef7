"""Files of /sys and /proc: one value each. What is not there, or may not be read, is not known."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str:
    """ "" for what is not there or cannot be read. Device tree strings end with NUL."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip(" \t\r\n\0")
    except OSError:
        return ""


def number(path: Path) -> int | None:
    """A whole number in decimal digits."""
    try:
        return int(text(path))
    except ValueError:
        return None
