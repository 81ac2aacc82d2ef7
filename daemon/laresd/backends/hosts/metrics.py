"""Prometheus' text format (version 0.0.4), as far as the figures of hosts need it."""

from __future__ import annotations

import math


def read_metrics(page: str) -> dict[str, float]:
    """The value of each metric, added up over its labels. What is no sample is left out."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if not line or line.startswith("#"):
            continue
        name, value = _sample(line)
        if name and math.isfinite(value):
            found[name] = found.get(name, 0.0) + value
    return found


def _sample(line: str) -> tuple[str, float]:
    """Name and value; a timestamp may follow, and a label may hold spaces and braces."""
    name, _, rest = line.partition("{")
    if rest:
        rest = rest.rpartition("}")[2]
    else:
        name, _, rest = line.partition(" ")
    try:
        return name.strip(), float(rest.split()[0])
    except (ValueError, IndexError):
        return "", 0.0
