"""What a listener found in the sound, as events of the turn machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from laresd.frontends.voice.tape import Tape
from laresd.sound import level_dbfs
from laresd.turns import Event, FrameHeard, WakeHeard
from laresd.types import FRAME_SAMPLES, Heard, HeardKind

_ORDER = {HeardKind.SPEECH: 0, HeardKind.WAKE: 1}


def events(found: Sequence[Heard], tape: Tape) -> Iterator[Event]:
    """In the order of the sound, at the samples of the tape, which ends with it.

    The listener counts anew after a restart; its last frame is the last that was recorded.
    """
    frames = [heard.sample for heard in found if heard.kind is HeardKind.SPEECH]
    shift = tape.end - max(frames) if frames else 0
    known = [heard for heard in found if heard.kind in _ORDER]
    for heard in sorted(known, key=lambda heard: (heard.sample, _ORDER[heard.kind])):
        at = heard.sample + shift
        if heard.kind is HeardKind.SPEECH:
            level = level_dbfs(tape.cut(at - FRAME_SAMPLES, at))
            yield FrameHeard(at, heard.score, level)
        else:
            yield WakeHeard(at, heard.name, heard.score)
