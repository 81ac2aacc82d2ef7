"""The protocol's own package, whose module of sound warns of what Python 3.13 lacks."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from wyoming.audio import AudioChunk, AudioChunkConverter, AudioStart, AudioStop
    from wyoming.info import Describe, Info
    from wyoming.wake import Detect, Detection, NotDetected

__all__ = [
    "AudioChunk",
    "AudioChunkConverter",
    "AudioStart",
    "AudioStop",
    "Describe",
    "Detect",
    "Detection",
    "Info",
    "NotDetected",
]
