"""Each ear wakes as its owner wants, and a second look rejects only what it is sure of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from laresd.app.waking import Waking
from laresd.backends.clock import SystemClock
from laresd.backends.near_misses import clips_of
from laresd.config import Box, Config, SpeechToText, Wake
from laresd.errors import Temporary
from laresd.ports import Listener
from laresd.types import FRAME_SAMPLES, Heard, HeardKind, Json
from tests.fakes.audio import SPEECH, silence, speech, wake_word
from tests.fakes.listener import FakeListener
from tests.fakes.transcriber import FakeTranscriber

ROOM = silence(320) + wake_word() + silence(320)
PULLED = SpeechToText(model="/models/base")
OKAY_NABU: Json = {"okay_nabu": "Okay Nabu"}


class DoubtfulListener(FakeListener):
    """As a worker whose verifier knows none of the wake words."""

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        found = await super().hear(pcm)
        rejected = HeardKind.REJECTED_WAKE
        return [
            Heard(rejected, h.sample, h.score, h.name) if h.kind is HeardKind.WAKE else h
            for h in found
        ]


class Rig:
    def __init__(
        self,
        folder: Path,
        wake: Wake,
        *,
        model: SpeechToText = PULLED,
        said: str = "okay nabu",
        inner: type[FakeListener] = FakeListener,
    ) -> None:
        self.made: list[tuple[str, dict[str, float]]] = []
        self.rejected: list[str] = []
        self.transcriber = FakeTranscriber({SPEECH: said}, seconds=0)
        self.config = Config(box=Box(state_dir=folder), wake=wake, speech_to_text=model)
        self._inner = inner
        self.waking = Waking(
            self.config,
            SystemClock(),
            self.new,
            lambda: OKAY_NABU,
            self.transcriber,
            on_rejected=self.rejected.append,
        )

    def new(self, ear: str, words: Mapping[str, float]) -> Listener:
        self.made.append((ear, dict(words)))
        return self._inner()

    async def hears(self, pcm: bytes) -> Listener:
        ear = self.waking.listener("attic")
        for start in range(0, len(pcm), 2 * FRAME_SAMPLES):
            await ear.hear(pcm[start : start + 2 * FRAME_SAMPLES])
        return ear


CHECKED = Wake(transcript_check=True)


async def test_an_ear_has_the_sensitivity_of_its_site(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Wake(sensitivity=MappingProxyType({"attic": 0.8})))
    rig.waking.listener("attic")
    rig.waking.listener("cellar")
    assert rig.made == [("attic", {"okay_nabu": 0.8}), ("cellar", {"okay_nabu": 0.5})]


class TestTranscriptCheck:
    async def test_a_word_that_the_speech_model_heard_was_said(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, CHECKED, said="Okay, now boo.")
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "okay_nabu")
        assert (rig.transcriber.started, rig.rejected) == (1, [])
        await ear.close()

    async def test_other_words_are_rejected_and_counted(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, CHECKED, said="the weather tomorrow will be")
        ear = await rig.hears(speech(640))
        assert not await rig.waking.was_said("attic", "okay_nabu")
        assert rig.rejected == ["okay_nabu"]
        await ear.close()

    async def test_a_model_that_heard_nothing_or_fails_takes_nobody_s_word(
        self, tmp_path: Path
    ) -> None:
        rig = Rig(tmp_path, CHECKED, said="")
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "okay_nabu")
        rig.transcriber.failures.append(Temporary("it died"))
        assert await rig.waking.was_said("attic", "okay_nabu")
        assert rig.transcriber.started == 2
        await ear.close()

    async def test_a_machine_without_a_speech_model_takes_nobody_s_word(
        self, tmp_path: Path
    ) -> None:
        rig = Rig(tmp_path, CHECKED, said="the weather")
        rig.waking = Waking(rig.config, SystemClock(), rig.new, lambda: OKAY_NABU, None)
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "okay_nabu")
        await ear.close()

    async def test_without_it_no_time_is_spent(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, Wake(), said="the weather")
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "okay_nabu")
        assert rig.transcriber.started == 0
        await ear.close()

    async def test_the_bundled_model_knows_no_wake_words_and_is_not_asked(
        self, tmp_path: Path
    ) -> None:
        rig = Rig(tmp_path, CHECKED, said="the weather", model=SpeechToText())
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "okay_nabu")
        assert rig.transcriber.started == 0
        await ear.close()

    async def test_a_word_or_an_ear_that_nobody_knows_is_believed(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, CHECKED, said="the weather")
        assert await rig.waking.was_said("attic", "okay_nabu")
        ear = await rig.hears(speech(640))
        assert await rig.waking.was_said("attic", "hey_other")
        await ear.close()


class TestKeeping:
    async def test_nothing_is_kept_unless_it_is_wanted(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, Wake())
        await rig.hears(ROOM)
        await rig.waking.run()
        assert not (tmp_path / "wake").exists()

    async def test_what_woke_it_is_kept_where_it_is_wanted(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, Wake(keep_near_misses=True))
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(rig.waking.run())
            await rig.hears(ROOM)
            kept = clips_of(rig.config)
            async with asyncio.timeout(30):
                while not (clips := await asyncio.to_thread(kept.all)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            run.cancel()
        assert [(c.word, c.ear, c.kind) for c in clips] == [("okay_nabu", "attic", "wake")]


async def test_a_word_that_the_verifier_rejects_is_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Wake(), inner=DoubtfulListener)
    await rig.hears(ROOM)
    assert rig.rejected == ["okay_nabu"]
