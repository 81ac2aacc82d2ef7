"""What the benchmarks have in common: where public data is, and running `lares` as users do."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def data(*parts: str) -> Path:
    """A folder of the public test data beside the checkout; exits with the reason without it."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        sys.exit(f"this benchmark reads public test data from {path}, which is not there")
    return path


def lares(*arguments: str, timeout: float = 3600) -> dict[str, object]:
    """The JSON object that `lares ARGUMENTS --json` prints last; exits with its error otherwise."""
    command = [str(Path(sys.executable).with_name("lares")), *arguments, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
    text = done.stdout.strip()
    start = text.rfind("\n{") + 1 if "\n{" in text else text.find("{")
    if start < 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-800:]}")
    return cast("dict[str, object]", json.loads(text[start:]))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
