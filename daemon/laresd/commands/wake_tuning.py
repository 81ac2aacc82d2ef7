"""Training of verifiers for `lares wake tune`: labelled clips, and some that synthesizers make."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from laresd.backends.near_misses import Clip, KeptClips, Label, clips_of, verifiers_of
from laresd.backends.whole_file import write_whole
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerSynthesizer
from laresd.backends.workers.process import Spec
from laresd.backends.workers.supervisor import Worker
from laresd.backends.workers.wake import Described, Peak, Tuned, WakeExaminer
from laresd.config import Config
from laresd.core import wake
from laresd.errors import LaresError, Permanent, Refused
from laresd.sound import read_wav
from laresd.types import Json

PATIENCE_S = 60.0  # for one clip or one training
VOICES = ("", "en-us", "en-us+f2", "en-us+f4", "en-us+m3", "en-us+m7")  # "": of the language
Examine = Callable[[bytes], Awaitable[Sequence[Peak]]]


@dataclass(frozen=True, slots=True)
class Training:
    """What was made of one wake word's clips. `file` of its verifier; None: none was written."""

    word: str
    result: Tuned
    file: Path | None

    def form(self) -> dict[str, Json]:
        facts = {k: v for k, v in asdict(self.result).items() if k != "verifier"}
        return {"word": self.word, **facts, "file": str(self.file) if self.file else None}


async def tuned(config: Config, word: str, *, write: bool) -> list[Training]:
    """A verifier for the word, or ("") for each that has labelled clips. Those that are worth it
    are written, if `write`; one that was there and is not worth it any more is removed.

    Raises Refused where there are no labelled clips, or too few.
    """
    kept = clips_of(config)
    labelled = [clip for clip in await asyncio.to_thread(kept.all) if clip.label is not Label.NONE]
    known = wake.names(config.wake)
    if word and word not in known:
        raise Refused(f"{word!r} is not in [wake] words", remedy="it has: " + ", ".join(known))
    words = [name for name in known if word in ("", name)]
    wanted = [name for name in words if any(clip.word == name for clip in labelled)]
    if not wanted:
        raise Refused(
            "no clip has a label yet", remedy="lares wake list, then listen NAME and label NAME yes"
        )
    trainings = []
    async with examiner_of(config) as examiner:
        for name in wanted:
            clips = await _labelled_sounds(kept, [clip for clip in labelled if clip.word == name])
            result = await _train(config, examiner, name, clips)
            file = verifiers_of(config) / f"{name}.json"
            if write:
                await asyncio.to_thread(_put, file, result)
            trainings.append(Training(name, result, file if write and result.worth_it else None))
    return trainings


async def _labelled_sounds(kept: KeptClips, labelled: Sequence[Clip]) -> list[tuple[bytes, bool]]:
    """Each clip's sound, and whether it is the word."""

    def read() -> list[tuple[bytes, bool]]:
        return [(read_wav(kept.read(clip)).pcm, clip.label is Label.YES) for clip in labelled]

    return await asyncio.to_thread(read)


async def _train(
    config: Config, examiner: WakeExaminer, word: str, clips: Sequence[tuple[bytes, bool]]
) -> Tuned:
    described = Described()
    for pcm, is_word in clips:
        side = described.wanted if is_word else described.unwanted
        side.append(await _describe(examiner, pcm, word))
    phrase = examiner.phrase(word)
    made = [(phrase, described.made_wanted)] if phrase else []
    made += [(sentence, described.made_unwanted) for sentence in unlike(phrase)]
    for sentence, side in made:
        for pcm in await spoken(config, sentence):
            side.append(await _describe(examiner, pcm, word))
    return await examiner.tune(word, described, deadline=_soon())


def unlike(phrase: str) -> list[str]:
    """What has the sounds of a phrase and is not it: its words alone, and in another order."""
    words = phrase.split()
    if len(words) < 2:
        return [phrase[: max(1, len(phrase) // 2)]] if phrase else []
    return [*words, " ".join(reversed(words))]


async def spoken(config: Config, sentence: str) -> list[bytes]:
    """By espeak-ng in the language of the box and by English voices of its; [] without it."""
    said: list[bytes] = []
    language = config.box.language
    for voice in VOICES:
        async with running(specs.speech(replace(config.speech, voice=voice))) as worker:
            voices = WorkerSynthesizer(worker)
            try:
                said.append(await voices.synthesize(sentence, language=language, deadline=_soon()))
            except LaresError:  # without espeak-ng, or such a voice: the home's clips must do
                continue
    return said


@asynccontextmanager
async def examining(config: Config) -> AsyncIterator[Examine]:
    """What each wake word of the configuration makes of a clip, verifiers included."""
    async with examiner_of(config) as examiner:

        def examine(pcm: bytes) -> Awaitable[Sequence[Peak]]:
            return examiner.examine(pcm, deadline=_soon())

        yield examine


@asynccontextmanager
async def examiner_of(config: Config) -> AsyncIterator[WakeExaminer]:
    """The listening engine as this box would start it. Raises Refused without a wake word."""
    if not config.wake.words:
        raise Refused("there is no wake word: [wake] words is empty")
    async with running(specs.listening(config.wake, verifiers_of(config))) as worker:
        yield WakeExaminer(worker)


@asynccontextmanager
async def running(spec: Spec) -> AsyncIterator[Worker]:
    """A worker for the length of a command."""
    async with Worker(spec) as worker, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(worker.run(), name=spec.name)
        try:
            yield worker
        finally:
            run.cancel()


async def _describe(examiner: WakeExaminer, pcm: bytes, word: str) -> tuple[float, ...]:
    peaks = await examiner.examine(pcm, deadline=_soon())
    return next(peak.described for peak in peaks if peak.word == word)


def _put(file: Path, result: Tuned) -> None:
    try:
        if result.worth_it:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(file, result.verifier)
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"the verifier {file} cannot be written: {error.strerror}",
            remedy="use the user that laresd runs as: sudo -u lares lares wake tune",
        ) from error


def _soon() -> float:
    return asyncio.get_running_loop().time() + PATIENCE_S
