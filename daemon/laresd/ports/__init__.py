"""Every border between the boxes. A frontend or the core asks for one of these; app gives it.

Deadlines are absolute, on the clock of `Clock.now`. Everything that can fail raises one of
`laresd.errors`; nothing else crosses a port.
"""

from laresd.ports.documents import DocumentReader, Librarian, Library, PassageIndex
from laresd.ports.house import (
    Assistant,
    Bus,
    Devices,
    Grammar,
    Notes,
    RoutineStore,
    Seen,
    Subscription,
    Timers,
    TimerStore,
)
from laresd.ports.machine import Board, Clock, Meter, Pins, Pressures, Spare
from laresd.ports.minds import Embedder, Host, Hosts, LanguageModel, LocalModel
from laresd.ports.sound import (
    AudioSink,
    AudioSource,
    Dictation,
    Listener,
    Signs,
    StreamingSynthesizer,
    Synthesizer,
    Transcriber,
    TurnMachine,
    Volume,
    one,
)

__all__ = [
    "Assistant",
    "AudioSink",
    "AudioSource",
    "Board",
    "Bus",
    "Clock",
    "Devices",
    "Dictation",
    "DocumentReader",
    "Embedder",
    "Grammar",
    "Host",
    "Hosts",
    "LanguageModel",
    "Librarian",
    "Library",
    "Listener",
    "LocalModel",
    "Meter",
    "Notes",
    "PassageIndex",
    "Pins",
    "Pressures",
    "RoutineStore",
    "Seen",
    "Signs",
    "Spare",
    "StreamingSynthesizer",
    "Subscription",
    "Synthesizer",
    "TimerStore",
    "Timers",
    "Transcriber",
    "TurnMachine",
    "Volume",
    "one",
]
