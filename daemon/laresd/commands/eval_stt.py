"""`lares eval stt`: recordings through the ears of the daemon, against what is said in them.

Each recording takes the path of the microphone: voice activity, endpoint, speculative
transcription, the guard against made-up text; the wake word is not needed. What a recording with
pauses gives in several turns is put together. What was heard is also understood by the grammars, in
the demo home or that of --home: recordings that are no commands (not in a folder called home...)
and move a device are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from laresd.backends.audio import Recording, Silence
from laresd.backends.clock import SystemClock
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import ModelStore
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerGrammar, WorkerListener, WorkerTranscriber
from laresd.backends.workers.process import Spec
from laresd.backends.workers.supervisor import Worker
from laresd.commands.demo_home import announced_home
from laresd.commands.eval_homes import cases
from laresd.commands.simulated_home import SimulatedHome
from laresd.commands.stt_files import Utterance, utterances
from laresd.commands.stt_scoring import Item, Score, by_kind, total, word_errors, words
from laresd.config import Config, load
from laresd.core import guard
from laresd.core.assistant import CascadeAssistant
from laresd.core.turn import Machine, Rules
from laresd.errors import LaresError
from laresd.frontends.voice import Parts, VoiceFrontend
from laresd.ports import Assistant, Listener, Transcriber
from laresd.sound import read_wav
from laresd.types import Home, Json, Turn

TRAIL_S = 1.5  # silence after each recording


@dataclass(frozen=True, slots=True)
class Evaluation:
    items: tuple[Item, ...]

    def as_json(self) -> dict[str, Json]:
        kinds: dict[str, Json] = {}
        for kind, score in by_kind(self.items).items():
            kinds[kind] = asdict(score)
        return {
            "summary": {**asdict(total(self.items)), "by_kind": kinds},
            "items": [asdict(item) for item in self.items],
        }


@dataclass(frozen=True, slots=True)
class Ears:
    """The engines that listen, and who is asked what was heard."""

    listener: Listener
    transcriber: Transcriber
    assistant: Assistant


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="DIR|FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.add_argument("--model", help="a name from `lares models list`, or a folder")
    parser.add_argument("--lang", help="only this language (default: the box's; all: every one)")
    parser.add_argument("--kind", help="only recordings whose folder or kind contains this")
    parser.add_argument(
        "--home", type=Path, help="a file of `lares eval commands`: count false commands there"
    )
    parser.add_argument("--config", type=Path, help="the configuration file")


def main(args: argparse.Namespace) -> int:
    """Exit status: 0 when all were tried, 1 when one moved a device unasked, 2 on an error."""
    try:
        config = load(args.config)
        if args.model:
            ear = replace(config.speech_to_text, model=args.model)
            config = replace(config, speech_to_text=ear)
        language = args.lang or config.box.language
        found = utterances(args.path, language=config.box.language)
        wanted = chosen(found, language=language, kind=args.kind or "")
        home = cases([args.home])[0].home if args.home else announced_home()
        items = asyncio.run(_run(wanted, config, home, show=_show))
    except LaresError as error:
        print(f"lares eval stt: {error}", file=sys.stderr)
        return 2
    evaluation = Evaluation(tuple(items))
    _print_summary(evaluation)
    if args.json:
        print(json.dumps(evaluation.as_json(), ensure_ascii=False))
    return 1 if total(items).false_commands else 0


def chosen(found: Iterable[Utterance], *, language: str, kind: str) -> list[Utterance]:
    """Those of a language (those without one always; "all": all) and of a kind."""
    main = language.partition("-")[0]
    return [
        one
        for one in found
        if (language == "all" or one.language.partition("-")[0] in ("", main)) and kind in one.group
    ]


async def _run(
    wanted: Sequence[Utterance], config: Config, home: Home, *, show: Callable[[Item], None]
) -> list[Item]:
    async with _ears(config, home) as ears:
        return await evaluate(wanted, config, ears, show=show)


async def evaluate(
    wanted: Sequence[Utterance], config: Config, ears: Ears, *, show: Callable[[Item], None]
) -> list[Item]:
    """Hear each recording; `show` sees each item as it is done."""
    items = []
    for utterance in wanted:
        item = await _hear(utterance, config, ears)
        show(item)
        items.append(item)
    return items


async def _hear(utterance: Utterance, config: Config, ears: Ears) -> Item:
    language = utterance.language or config.box.language
    config = replace(config, box=replace(config.box, language=language))
    voice = VoiceFrontend(
        Parts(
            config=config,
            clock=SystemClock(),
            listener=lambda name: ears.listener,
            transcriber=ears.transcriber,
            assistant=ears.assistant,
            synthesizer=_Mute(),
            sink=Silence(),
            machine=lambda open_ear: Machine(Rules.of(config.turn, open_ear=open_ear)),
            doubt=guard.transcript,
        ),
        on_turn=lambda turn: None,
    )
    try:
        sound = await asyncio.to_thread(read_wav, utterance.path)
    except LaresError as error:
        return _item(utterance, language, (), 0.0, f"failed: {error}")
    source = Recording(sound.pcm, trail_s=TRAIL_S)
    turns = await voice.play(source, name=utterance.name, wake="assume")
    return _item(utterance, language, turns, sound.seconds, _reason(turns))


def _reason(turns: Sequence[Turn]) -> str:
    failures = [t.reason for t in turns if t.closing != "done" or (t.reason and not t.transcript)]
    lost = any(turn.closing in ("done", "cancelled") and not turn.transcript for turn in turns)
    return ("failed: " if lost else "") + "; ".join(failures)


def _item(
    utterance: Utterance, language: str, turns: Sequence[Turn], seconds: float, reason: str
) -> Item:
    transcripts = [turn.transcript for turn in turns if turn.transcript]
    heard = " ".join(transcript.text for transcript in transcripts if transcript.text)
    got = words(heard, language)
    expected = words(utterance.transcript or "", language)
    outcomes = [o for turn in turns if turn.reply for o in turn.reply.outcomes]
    return Item(
        file=utterance.name,
        kind=utterance.group,
        language=language,
        expected=utterance.transcript,
        heard=heard,
        exact=utterance.transcript is not None and got == expected,
        errors=word_errors(expected, got) if utterance.transcript is not None else 0,
        words=len(expected),
        seconds=round(seconds, 3),
        compute_seconds=round(sum(t.compute_seconds for t in transcripts), 4),
        reason=reason,
        acted=tuple(f"{o.action.entity_id} {o.action.command}" for o in outcomes),
        is_command=utterance.is_command,
    )


class _Mute:
    """Port Synthesizer without a voice."""

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        return b""

    async def stream(
        self, text: str, *, language: str, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        yield b""


@asynccontextmanager
async def _ears(config: Config, home: Home) -> AsyncIterator[Ears]:
    workers = [Worker(spec) for spec in await asyncio.to_thread(_specs, config)]
    listen, whisper, grammar = workers
    assistant = CascadeAssistant(
        config=replace(config, llm=replace(config.llm, enabled=False)),
        clock=SystemClock(),
        grammar=WorkerGrammar(grammar),
        devices=SimulatedHome(home),
    )
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        running = [tasks.create_task(worker.run()) for worker in workers]
        try:
            yield Ears(WorkerListener(listen), WorkerTranscriber(whisper), assistant)
        finally:
            for task in running:
                task.cancel()


def _specs(config: Config) -> list[Spec]:
    """Listening (without wake words), speech to text, the sentence grammar."""
    ear = config.speech_to_text
    models = ModelStore(config.box.state_dir)
    name = models.effective(ModelKind.SPEECH_TO_TEXT, ear.model)
    return [
        specs.listening(replace(config.wake, words=())),
        specs.speech_to_text(
            ear,
            models.resolve(ModelKind.SPEECH_TO_TEXT, name),
            specs.speech_checks(config.box.state_dir),
        ),
        specs.grammar(config.box.language, config.actions.grammar_timeout_s),
    ]


def _show(item: Item) -> None:
    mark = "-" if item.expected is None else ("=" if item.exact else "!")
    print(f"{mark} {item.file}\n    heard:    {item.heard or '(nothing)'}")
    if item.expected is not None and not item.exact:
        print(f"    expected: {item.expected}")
    if item.reason:
        print(f"    because:  {item.reason}")
    if item.acted:
        print(f"    did:      {', '.join(item.acted)}")


def _print_summary(evaluation: Evaluation) -> None:
    print()
    for kind, score in by_kind(evaluation.items).items():
        print(_line(kind, score))
    print(_line("all", total(evaluation.items)))


def _line(kind: str, score: Score) -> str:
    parts = []
    if score.wer is not None:
        parts.append(f"{score.exact} of {score.total} exact, {100 * score.wer:.1f} % word errors")
    if score.untold:
        parts.append(f"{score.untold_heard} of {score.untold} without a transcript became text")
    if score.false_commands:
        parts.append(f"{score.false_commands} false commands")
    if score.failed:
        parts.append(f"{score.failed} failed")
    if score.rtf is not None:
        parts.append(f"{score.rtf:.3f} compute seconds per second")
    return f"{kind}: {'; '.join(parts)}"
