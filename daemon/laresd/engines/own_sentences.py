"""Sentences of our own beside Home Assistant's, where people say what those do not have."""

from __future__ import annotations

from collections.abc import Mapping

_LENGTHS = (
    "{timer_hours:hours}( |-)hour[s]",
    "{timer_minutes:minutes}( |-)minute[s]",
    "{timer_seconds:seconds}( |-)second[s]",
    "{timer_hours:hours}( |-)hour[s] [and] {timer_minutes:minutes}( |-)minute[s]",
    "{timer_minutes:minutes}( |-)minute[s] [and] {timer_seconds:seconds}( |-)second[s]",
)

OWN_SENTENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        # "set a pizza timer for ten minutes"; German and Chinese have theirs
        "HassStartTimer": tuple(
            f"<timer_set> (a|an|the|my) {{timer_name:name}} timer for {length}"
            for length in _LENGTHS
        )
    }
}
"""By language and Home Assistant's intent, in hassil's template language."""
