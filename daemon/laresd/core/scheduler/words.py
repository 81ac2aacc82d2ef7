"""Measures as a person reads them in the reason of a placement."""

from __future__ import annotations

import math


def seconds(value: float) -> str:
    """ "0.4 s", "12 s", "3 min", "2 h"; "any time" where there is no end."""
    if math.isinf(value):
        return "any time"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 119.5:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7170 else f"{value / 3600:.0f} h"


def joules(value: float) -> str:
    """ "85 J", "1.2 kJ"."""
    return f"{value:.0f} J" if value < 999.5 else f"{value / 1000:.1f} kJ"
