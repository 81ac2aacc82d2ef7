"""The sound of what woke a box and of what nearly did, kept for its owner to label.

A folder (0700) of wav files (0600), whose names say what they are:
TIME~WORD~KIND~SCORE~EAR~LABEL.wav, with the time as UTC, the kind `wake`, `near_wake` or
`rejected_wake`, and the label `yes`, `no` or `none`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from laresd.backends.cold import Shelf
from laresd.backends.whole_file import write_whole
from laresd.config import Config
from laresd.errors import LaresError, Permanent, Temporary
from laresd.ports import Listener
from laresd.sound import wav_bytes
from laresd.types import SAMPLE_RATE, Heard, HeardKind

BEFORE = 3 * SAMPLE_RATE  # samples of a clip, most of them before the detection
QUEUED = 8  # clips that wait for the disk; then one is not kept
KINDS = (HeardKind.WAKE, HeardKind.NEAR_WAKE, HeardKind.REJECTED_WAKE)
_TIME = "%Y%m%dT%H%M%S"

log = logging.getLogger(__name__)


class Label(StrEnum):
    """What the owner says of a clip."""

    YES = "yes"  # the wake word was said
    NO = "no"
    NONE = "none"  # nothing yet


@dataclass(frozen=True, slots=True)
class Clip:
    """`at`: wall seconds. `name` is short, for people to type: the first part of the file's."""

    at: float
    word: str
    kind: HeardKind
    score: float
    ear: str
    label: Label = Label.NONE

    @property
    def name(self) -> str:
        when = datetime.fromtimestamp(self.at, UTC)
        return f"{when.strftime(_TIME)}.{when.microsecond // 1000:03d}"

    @property
    def file_name(self) -> str:
        words = (self.name, _plain(self.word), self.kind.value, f"{self.score:.3f}")
        return "~".join((*words, _plain(self.ear), self.label.value)) + ".wav"

    @classmethod
    def of(cls, file_name: str) -> Clip | None:
        """None for a file that is no clip of ours."""
        if not file_name.endswith(".wav"):
            return None
        parts = file_name.removesuffix(".wav").split("~")
        try:
            name, word, kind, score, ear, label = parts
            moment, _, milliseconds = name.partition(".")
            at = datetime.strptime(moment, _TIME).replace(tzinfo=UTC).timestamp()
            at += int(milliseconds) / 1000
            return cls(at, word, HeardKind(kind), float(score), ear, Label(label))
        except ValueError:
            return None


class KeptClips:
    """The folder. All of it blocks; errors of the disk are Permanent."""

    def __init__(self, folder: Path, limit: int, cold: Path | None = None) -> None:
        """`cold`: where old ones are, as a Shelf has them."""
        self.folder = folder
        self.shelf = Shelf(folder, cold or folder / "cold")
        self._limit = limit

    def add(self, clip: Clip, pcm: bytes) -> None:
        """Keep it; the oldest without a label make room. Raises Temporary when all have one."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._make_room()
            write_whole(self.folder / clip.file_name, wav_bytes(pcm))
        except OSError as error:
            raise self._trouble(error) from error

    def all(self) -> list[Clip]:
        """By time; [] where none was ever kept."""
        try:
            names = self.shelf.names()
        except OSError as error:
            raise self._trouble(error) from error
        return sorted((clip for name in names if (clip := Clip.of(name))), key=lambda clip: clip.at)

    def named(self, name: str) -> Clip:
        """The clip of that name, or the only one whose name begins so. Raises Permanent."""
        found = [clip for clip in self.all() if clip.name.startswith(name)]
        exact = [clip for clip in found if clip.name == name]
        if len(exact) != 1 and len(found) != 1:
            raise Permanent(
                f"{len(found)} clips are called {name}", remedy="`lares wake list` shows them"
            )
        return (exact or found)[0]

    def read(self, clip: Clip) -> bytes:
        """The wav file."""
        try:
            return self.shelf.read(clip.file_name)
        except OSError as error:
            raise self._trouble(error) from error

    def label(self, clip: Clip, label: Label) -> Clip:
        changed = replace(clip, label=label)
        try:
            self.shelf.rename(clip.file_name, changed.file_name)
        except OSError as error:
            raise self._trouble(error) from error
        return changed

    def remove(self, clip: Clip) -> None:
        try:
            self.shelf.remove(clip.file_name)
        except OSError as error:
            raise self._trouble(error) from error

    def _make_room(self) -> None:
        clips = self.all()
        unlabelled = [clip for clip in clips if clip.label is Label.NONE]
        spare = len(clips) + 1 - self._limit
        if spare > len(unlabelled):
            raise Temporary(
                f"all {len(clips)} kept clips have a label", remedy="raise [wake] kept_clips"
            )
        for clip in unlabelled[: max(0, spare)]:
            self.remove(clip)

    def _trouble(self, error: OSError) -> Permanent:
        return Permanent(
            f"the clips in {self.folder} cannot be kept or read: {error.strerror}",
            remedy="use the user that laresd runs as: sudo -u lares lares wake ...",
        )


def verifiers_of(config: Config) -> Path:
    """The folder of the verifiers that `lares wake tune` makes; its clips are below it."""
    return config.box.state_dir / "wake"


def clips_of(config: Config) -> KeptClips:
    folder, state = verifiers_of(config) / "clips", config.box.state_dir
    cold = config.storage.cold_dir or state / "cold"
    return KeptClips(folder, config.wake.kept_clips, cold / "clips")


class ClipWriter:
    """Writes clips as they come, apart from whoever hears; what the disk cannot take is lost."""

    def __init__(self, clips: KeptClips, wall: Callable[[], float]) -> None:
        self._clips, self._wall = clips, wall
        self._queue: asyncio.Queue[tuple[Clip, bytes]] = asyncio.Queue(QUEUED)

    def keep(self, heard: Heard, ear: str, pcm: bytes) -> None:
        clip = Clip(self._wall(), heard.name, heard.kind, heard.score, ear)
        try:
            self._queue.put_nowait((clip, pcm))
        except asyncio.QueueFull:
            log.warning("a clip of the wake word was not kept: the disk is slow")

    async def run(self) -> None:
        """Until cancelled."""
        told = ""
        while True:
            clip, pcm = await self._queue.get()
            try:
                await asyncio.to_thread(self._clips.add, clip, pcm)
                told = ""
            except LaresError as error:
                if str(error) != told:
                    log.warning("a clip of the wake word was not kept: %s", error)
                told = str(error)


class RecentSound:
    """Port Listener over another one; `on_found` gets each find of a wake word with the sound up
    to then, and `recent` has the last samples at any time.
    """

    def __init__(self, listener: Listener, on_found: Callable[[Heard, bytes], None]) -> None:
        self._listener = listener
        self._on_found = on_found
        self._pcm = bytearray()

    @property
    def recent(self) -> bytes:
        """At most BEFORE samples, 16 kHz mono s16, since the last reset."""
        return bytes(self._pcm)

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        found = await self._listener.hear(pcm)
        self._pcm += pcm
        del self._pcm[: max(0, len(self._pcm) - 2 * BEFORE)]
        for heard in found:
            if heard.kind in KINDS:
                self._on_found(heard, self.recent)
        return found

    async def reset(self) -> None:
        self._pcm.clear()
        await self._listener.reset()

    async def close(self) -> None:
        self._pcm.clear()
        await self._listener.close()


def _plain(text: str) -> str:
    """A part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", text)[:40] or "_"
