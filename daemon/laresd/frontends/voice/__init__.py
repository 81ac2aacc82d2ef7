"""Ask by voice: from the frames of a microphone or a recording to turns."""

from laresd.frontends.voice.ear import Ear
from laresd.frontends.voice.frontend import MICROPHONE, VoiceFrontend
from laresd.frontends.voice.muting import MutableSource
from laresd.frontends.voice.parts import Parts

__all__ = ["MICROPHONE", "Ear", "MutableSource", "Parts", "VoiceFrontend"]
