"""One place where somebody may speak to Lares and be answered."""

from __future__ import annotations

from dataclasses import dataclass

from laresd.ports import AudioSink, AudioSource


@dataclass(frozen=True, slots=True)
class Ear:
    """`name`: its own among the ears that are attended. `site` of its requests ("": the box's own
    ear), the `area` that it stands in, and the `language` that is spoken to it ("": the box's).
    """

    name: str
    source: AudioSource
    sink: AudioSink
    site: str = ""
    area: str | None = None
    language: str = ""
