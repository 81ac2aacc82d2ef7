"""A state folder in which every store of a box holds something, and what they hold when read."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace
from pathlib import Path

from laresd.backends.broker.outbox import Outbox
from laresd.backends.hosts.trust import Trusted, TrustStore
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.near_misses import Clip, Label, clips_of
from laresd.backends.pins import PinFile
from laresd.backends.pins import write as write_pin
from laresd.backends.routines import SqliteRoutineStore
from laresd.backends.switches import SwitchFile
from laresd.backends.timers import SqliteTimerStore
from laresd.config import Backup, Box, Config, Risk, Storage
from laresd.core.knowledge.words import asked, words
from laresd.documents import Document, Passage, Place, Query, Source, SourceKind
from laresd.timing import TimerRecord
from laresd.types import HeardKind, RoutineRecord, Vectors
from tests.fakes.clock import FakeClock

MODEL, WIDTH = "tiny-1", 8
TEXT = "Press reset for five seconds when the boiler shows error E119."
TIMER = TimerRecord(0, "pasta", 600.0, 2_000_000_000.0, None, "Kitchen")
ROUTINE = RoutineRecord("good night", ("turn everything off", "lock the door"), "en", "Bedroom")
TOWER = Trusted("tower", "tower._http._tcp.local.", "http://192.168.1.20:8080", since=1.0)
CLIP = Clip(1_750_000_000.0, "okay_nabu", HeardKind.NEAR_WAKE, 0.61, "kitchen", Label.YES)
SECOND = bytes(range(256)) * 125
PIN = "4711"


def box(folder: Path) -> tuple[Config, Path]:
    """A configuration whose state, secrets and backups are below the folder, and its file."""
    made = Config(
        box=Box(name="attic", state_dir=folder / "state"),
        risk=Risk(pin_file=folder / "etc" / "pin"),
        storage=Storage(cold_dir=folder / "cold"),
        backup=Backup(target=str(folder / "kept"), password_file=folder / "etc" / "password"),
    )
    file = folder / "etc" / "lares.toml"
    file.parent.mkdir()
    file.write_text('[box]\nname = "attic"\n')
    (folder / "etc" / "password").write_text("long and secret\n")
    (folder / "etc" / "password").chmod(0o600)
    return made, file


async def fill(config: Config) -> None:
    """All of its stores, and what is made again."""
    state = config.box.state_dir
    async with SqliteTimerStore(state / "timers.db") as timers:
        await timers.save(TIMER)
    async with SqliteRoutineStore(state / "routines.db") as routines:
        await routines.save(ROUTINE)
    async with Outbox(state / "outbox.db") as outbox:
        await outbox.first("request-1")
        await outbox.note_connection(5.0)
    async with LibraryStore(state / "library.db", words) as library:
        source = await library.add(Source("house", SourceKind.FOLDER, "/srv/papers"))
        await library.put(
            Document(0, source.id, "house", "boiler.pdf", "Boiler", "d1", 10, 1000.0, "en"),
            TEXT,
            [Passage(TEXT, Place(0, len(TEXT), page=2), 12)],
        )
        for missing in await library.unembedded(MODEL, 8):
            await library.put_vectors(MODEL, WIDTH, [(missing.content, bytes([127] + [0] * 7))])
    await SwitchFile(state / "switches.json").save({"microphone": False})
    await asyncio.to_thread(_fill_files, config)


def _fill_files(config: Config) -> None:
    state = config.box.state_dir
    trust = TrustStore(state)
    token = trust.keep_token("tower", "a token")
    trust.save({"tower": replace(TOWER, token_file=token)})
    clips = clips_of(config)
    clips.add(CLIP, SECOND)
    clips.shelf.sweep(4e9, cold_after_s=1.0, most_bytes=0)
    clips.add(replace(CLIP, at=CLIP.at + 9, label=Label.NONE), SECOND)
    (state / "wake" / "okay_nabu.npz").write_bytes(b"a verifier")
    assert config.risk.pin_file is not None
    write_pin(config.risk.pin_file, PIN)
    for name in ("models/tiny", "heads", "embedding"):
        (state / name).mkdir(parents=True)
        (state / name / "large").write_bytes(b"made again")


async def told(config: Config) -> dict[str, object]:
    """What the box knows, read through its own stores."""
    state = config.box.state_dir
    found: dict[str, object] = {}
    async with SqliteTimerStore(state / "timers.db") as timers:
        found["timers"] = [replace(timer, id=0) for timer in await timers.load()]
    async with SqliteRoutineStore(state / "routines.db") as routines:
        found["routines"] = list(await routines.load())
    async with Outbox(state / "outbox.db") as outbox:
        found["seen"] = not await outbox.first("request-1")
        found["connection"] = await outbox.last_connection()
        found["waiting"] = list(await outbox.load())
    async with LibraryStore(state / "library.db", words) as library:
        await Upkeep(library, FakeClock(), _always).settle()
        found["text"] = await _words(library)
        found["vectors"] = not await library.unembedded(MODEL, 8)
        found["near"] = [
            (await library.passages([number]))[number].passage.text
            for number, _ in await library.vector_leg(MODEL, _vector(), _query(), 5)
        ]
    found["switches"] = await SwitchFile(state / "switches.json").load()
    found |= await asyncio.to_thread(_files_told, config)
    assert config.risk.pin_file is not None
    found["pin"] = await PinFile(config.risk.pin_file).check(PIN)
    return found


def _files_told(config: Config) -> dict[str, object]:
    hosts = TrustStore(config.box.state_dir).load()
    token = hosts["tower"].token_file
    clips = clips_of(config)
    return {
        "hosts": sorted(hosts),
        "token": (config.box.state_dir / "host-tokens" / "tower").read_text(),
        "token file": token is not None,
        "clips": [(clip, clips.read(clip)[44:] == SECOND) for clip in clips.all()],
        "verifier": (config.box.state_dir / "wake" / "okay_nabu.npz").read_bytes(),
    }


async def _always() -> None:
    """Nobody waits for anything."""


async def _words(library: LibraryStore) -> list[str]:
    leg = await library.words_leg(asked("boiler reset"), _query(), 5)
    held = await library.passages([passage for passage, _ in leg])
    return [held[passage].passage.text for passage, _ in leg]


def _query() -> Query:
    return Query("boiler reset", "en", ("house",))


def _vector() -> Vectors:
    return Vectors(WIDTH, struct.pack("<8f", 1.0, *[0.0] * 7))
