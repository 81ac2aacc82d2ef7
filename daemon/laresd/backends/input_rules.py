"""The file of unsafe requests: the operator's, or the one that comes with Lares."""

from __future__ import annotations

from pathlib import Path

from laresd.errors import ConfigError

SHIPPED = Path(__file__).resolve().parents[1] / "bundled" / "input_rules.toml"


def read(path: Path | None) -> tuple[str, str]:
    """The text and the name for errors; blocks. Raises ConfigError when it cannot be read."""
    file = path or SHIPPED
    try:
        return file.read_text(encoding="utf-8"), str(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the rules of unsafe requests {file}: {error}",
            remedy="check input.rules_file; without it Lares' own rules are used",
        ) from error
