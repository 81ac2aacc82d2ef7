"""Ears and mouth of the box: microphone, recordings that play the microphone, loudspeaker."""

from laresd.backends.audio.card import SoundCard
from laresd.backends.audio.earcons import Earcons
from laresd.backends.audio.echo import EchoCanceller
from laresd.backends.audio.loudspeaker import Loudspeaker, Silence
from laresd.backends.audio.microphone import Microphone
from laresd.backends.audio.portaudio import PortAudio
from laresd.backends.audio.recording import Recording
from laresd.backends.audio.volume import KeptVolume

__all__ = [
    "Earcons",
    "EchoCanceller",
    "KeptVolume",
    "Loudspeaker",
    "Microphone",
    "PortAudio",
    "Recording",
    "Silence",
    "SoundCard",
]
