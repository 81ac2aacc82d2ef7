"""What `[wake] transcript_check` would do with the clips of a home: `lares wake check`."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass

from laresd.app.engines import engines
from laresd.backends.near_misses import Clip, Label, clips_of
from laresd.backends.workers.clients import WorkerTranscriber
from laresd.commands.output import print_json, table
from laresd.commands.wake_tuning import PATIENCE_S, examiner_of, running
from laresd.config import Config
from laresd.core import wake
from laresd.errors import Refused
from laresd.sound import read_wav
from laresd.types import Json


@dataclass(frozen=True, slots=True)
class Checked:
    """`believed`: the transcript has the wake word, or is empty, which proves nothing."""

    clip: Clip
    text: str
    believed: bool

    def form(self) -> dict[str, Json]:
        return {
            "name": self.clip.name,
            "word": self.clip.word,
            "label": self.clip.label.value,
            "text": self.text,
            "believed": self.believed,
        }


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done; errors are raised."""
    found = asyncio.run(checked(config))
    if arguments.json:
        rows: list[Json] = [one.form() for one in found]
        print_json({"clips": rows})
        return 0
    head = ["NAME", "WORD", "LABEL", "BELIEVED", "HEARD"]
    print(*table([head, *map(_row, found)]), sep="\n")
    print(summary(found))
    return 0


def _row(one: Checked) -> list[str]:
    believed = "yes" if one.believed else "no"
    return [one.clip.name, one.clip.word, one.clip.label.value, believed, one.text]


async def checked(config: Config) -> list[Checked]:
    """Each labelled clip through the speech model in use. Raises Refused where there is none."""
    kept = clips_of(config)
    labelled = [clip for clip in await asyncio.to_thread(kept.all) if clip.label is not Label.NONE]
    if not labelled:
        raise Refused(
            "no clip has a label yet", remedy="lares wake list, then listen NAME and label NAME yes"
        )
    spec = (await asyncio.to_thread(engines, config))["transcribe"]
    found = []
    async with examiner_of(config) as examiner, running(spec) as worker:
        transcriber, now = WorkerTranscriber(worker), asyncio.get_running_loop().time
        await examiner.examine(b"", deadline=now() + PATIENCE_S)  # so that it knows its phrases
        for clip in labelled:
            pcm = read_wav(await asyncio.to_thread(kept.read, clip)).pcm
            heard = await transcriber.transcribe(
                pcm, language=config.box.language, deadline=now() + spec.load_timeout_s
            )
            phrase = examiner.phrase(clip.word)
            believed = not (heard.text and phrase) or wake.sounds_like(heard.text, phrase)
            found.append(Checked(clip, heard.text, believed))
    return found


def summary(found: list[Checked]) -> str:
    """In a sentence."""
    wakes = [one for one in found if one.clip.label is Label.YES]
    false = [one for one in found if one.clip.label is Label.NO]
    lost = sum(not one.believed for one in wakes)
    rejected = sum(not one.believed for one in false)
    return (
        f"wake.transcript_check would lose {lost} of {len(wakes)} wakes and reject {rejected} of "
        f"{len(false)} false ones."
    )
