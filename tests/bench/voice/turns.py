"""From the end of speech to the published action, played in real time: by grammar, and by the LLM.

What the language model is asked about is a command with a name of address in front, which neither
grammar knows; the bundled speech model does not know such names either, so the name is put before
its text. SmolLM2-135M answers such a question with "none" or another device, and nothing would be
done: what it may answer is held to a call on the right device, so that the time until the action is
that of its own decoding. All else of these turns is real.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

from laresd.app import Box
from laresd.backends.audio import Recording, Silence
from laresd.backends.workers.clients import WorkerGrammar
from laresd.commands.demo import FIRST
from laresd.core import guard, prompt
from laresd.core.assistant import CascadeAssistant
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.generation import Generation, Message, Piece
from laresd.ports import LanguageModel, Transcriber
from laresd.sound import read_wav
from laresd.types import Transcript, Turn
from tests.bench.results import Row
from tests.bench.shared import percentile
from tests.scenario.boxes import a_box, ask, settings

COMMAND = "make bench-voice ONLY=turns"
TURNS = 20
LIGHT = "light.kitchen_light"
UNDO = "turn off the kitchen light"
NAME = "jeeves"


class Addressed:
    """Port Transcriber: the box's own, with a name before what was heard."""

    def __init__(self, own: Transcriber) -> None:
        self._own = own

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        heard = await self._own.transcribe(pcm, language=language, deadline=deadline, hints=hints)
        return replace(heard, text=f"{NAME} {heard.text}" if heard.text else "")


class Held:
    """Port LanguageModel: the box's own, which may answer with calls on one device only."""

    def __init__(self, own: LanguageModel, device: int) -> None:
        self._own, self._device = own, device

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        return self._own.generate(self._held(generation), deadline=deadline)

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None:
        await self._own.prepare(head, deadline=deadline)

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        await self._own.anticipate(self._held(generation), deadline=deadline)

    def _held(self, generation: Generation) -> Generation:
        if generation.grammar is None:
            return generation
        text = generation.grammar.text.replace('"none" | call', "call", 1)
        text = re.sub(r'(call_on: "on ") \([^)]*\)', rf'\1 "{self._device}"', text)
        return replace(generation, grammar=replace(generation.grammar, text=text))


async def turns() -> tuple[list[Turn], list[Turn], float]:
    """The demo's command, again and again, by either way; seconds that stopping all took."""
    pcm = (await asyncio.to_thread(read_wav, FIRST)).pcm
    with tempfile.TemporaryDirectory() as folder:
        async with a_box(settings(Path(folder))) as box:
            by_grammar = [await _spoken(box, box.voice, pcm) for _ in range(TURNS)]
            model = _by_model(box)
            by_model = [await _spoken(box, model, pcm) for _ in range(TURNS)]
            stopping = time.monotonic()
        return by_grammar, by_model, time.monotonic() - stopping


def _by_model(box: Box) -> VoiceFrontend:
    offered = [entity.entity_id for entity in prompt.offered(box.devices.home())]
    assistant = CascadeAssistant(
        config=box.config,
        clock=box.clock,
        grammar=WorkerGrammar(box.workers["grammar"]),
        devices=box.devices,
        language_model=Held(box.mind.text, offered.index(LIGHT) + 1),
    )
    parts = Parts(
        config=box.config,
        clock=box.clock,
        listener=box.waking.listener,
        transcriber=Addressed(box.mind.work),
        assistant=assistant,
        synthesizer=box.mind.work,
        sink=Silence(),
        machine=lambda open_ear: Machine(Rules.of(box.config.turn, open_ear=open_ear)),
        doubt=guard.transcript,
    )
    return VoiceFrontend(parts, on_turn=lambda turn: None)


async def _spoken(box: Box, voice: VoiceFrontend, pcm: bytes) -> Turn:
    await ask(box, UNDO)
    return (await voice.play(Recording(pcm, real_time=True), name=FIRST.name))[0]


def published_after(turn: Turn) -> float | None:
    """Milliseconds from the end of speech to the action; None: there was none."""
    endpoint = next((span for span in turn.spans if span.name == "endpoint"), None)
    if endpoint is None or not turn.publications:
        return None
    return (turn.publications[0].at - endpoint.start) * 1000


def rows() -> list[Row]:
    by_grammar, by_model, stopping = asyncio.run(turns())
    return [
        *_rows("end_of_speech_to_action", by_grammar, "<=350", "<=600"),
        *_rows("end_of_speech_to_action_llm", by_model, "<=1200", ""),
        Row("main/stop_s", round(stopping, 2), "<2", COMMAND, note="daemon, engines, broker"),
    ]


def _rows(name: str, done: Sequence[Turn], goal_p50: str, goal_p95: str) -> list[Row]:
    waits = [ms for turn in done if (ms := published_after(turn)) is not None]
    by = {turn.reply.understood_by if turn.reply else "" for turn in done}
    stages = {span.name for turn in done for span in turn.spans}
    medians = {
        stage: percentile([s.ms for turn in done for s in turn.spans if s.name == stage], 0.5)
        for stage in sorted(stages)
    }
    by_stage = ", ".join(f"{stage} {ms:.0f}" for stage, ms in medians.items())
    note = (
        f"the endpoint's wait included; {len(waits)} of {len(done)} turns acted, understood by "
        f"{', '.join(sorted(by)) or 'nobody'}; medians by stage: {by_stage}; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    p50, p95 = ((round(percentile(waits, at)) if waits else "none") for at in (0.5, 0.95))
    return [
        Row(f"voice/{name}_p50_ms", p50, goal_p50, COMMAND, note=note),
        Row(f"voice/{name}_p95_ms", p95, goal_p95, COMMAND),
    ]
