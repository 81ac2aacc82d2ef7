"""`lares eval commands`: sentences through the real cascade, in homes that are simulated.

Correct: exactly what was expected has changed. Wrong: something changed that was not asked for.
None: nothing changed though something should have. Partial: only a part of it changed.
What is asked before an action is answered with yes, as whoever means the sentence would; so what
was misunderstood is done, too, and counts as wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerGrammar, WorkerLanguageModel
from laresd.backends.workers.supervisor import Worker
from laresd.commands.eval_homes import Case, View, cases, view
from laresd.commands.simulated_home import SimulatedHome
from laresd.config import Config, load
from laresd.core.assistant import CascadeAssistant
from laresd.errors import LaresError
from laresd.ports import LanguageModel
from laresd.types import Home, Json, Reply, ReplyKind, Request

PATIENCE_S = 60.0  # for one sentence
YES = {"de": "ja", "zh": "是的"}  # else "yes"


class Verdict(StrEnum):
    CORRECT = "correct"
    WRONG = "wrong"
    NONE = "none"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence and what came of it. `done` and `expected`: changes, by entity id. `asked`: what
    was asked back, "" where nothing was.
    """

    sentence: str
    file: str
    verdict: Verdict
    understood_by: str
    intent: str
    reply: str
    ms: float
    done: Mapping[str, View]
    expected: Mapping[str, View]
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """`by_step`: for each step of the cascade how many it took, how many of them rightly. `asked`:
    how many were answered with a question.
    """

    total: int
    correct: int
    wrong: int
    none: int
    partial: int
    by_step: Mapping[str, Mapping[str, int]]
    p50_ms: float
    p95_ms: float
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    summary: Summary
    items: tuple[Item, ...]


Show = Callable[[Item], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.add_argument(
        "--no-answer",
        action="store_true",
        help="say nothing when asked before an action, instead of yes",
    )
    parser.add_argument("--no-llm", action="store_true", help="without the language model")
    parser.add_argument("--config", type=Path, help="the configuration file")


def main(args: argparse.Namespace) -> int:
    """Exit status: 0 when every action was asked for, 1 when one was not, 2 on an error."""
    try:
        wanted = cases(args.paths)
        config = load(args.config)
        config = replace(config, llm=replace(config.llm, enabled=not args.no_llm))
        answers = not args.no_answer
        evaluation = asyncio.run(run(wanted, config, show=_show, answers=answers))
    except LaresError as error:
        print(f"lares eval commands: {error}", file=sys.stderr)
        return 2
    _print_summary(evaluation.summary)
    if args.json:
        print(json.dumps(asdict(evaluation), ensure_ascii=False))
    return 1 if evaluation.summary.wrong else 0


async def run(
    wanted: Sequence[Case], config: Config, *, show: Show, answers: bool = True
) -> Evaluation:
    """Say each sentence in its home; `show` sees each item as it is done. `answers`: say yes to
    what is asked before an action.
    """
    items: list[Item] = []
    home = SimulatedHome(wanted[0].home)
    async with _assistant(config, home) as assistant:
        for case in wanted:
            home.become(case.home)
            await assistant.prepare(case.language)
            item = await _say(case, home, assistant, answers=answers)
            show(item)
            items.append(item)
    return Evaluation(_summary(items), tuple(items))


@asynccontextmanager
async def _assistant(config: Config, home: SimulatedHome) -> AsyncIterator[CascadeAssistant]:
    settings = config.actions
    async with AsyncExitStack() as stack:
        spec = specs.grammar(config.box.language, settings.grammar_timeout_s)
        workers = [grammar := await stack.enter_async_context(Worker(spec))]
        model: LanguageModel | None = None
        if config.llm.enabled:
            llama = await stack.enter_async_context(Worker(specs.language_model(config.llm)))
            workers.append(llama)
            model = WorkerLanguageModel(llama)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        running = [tasks.create_task(worker.run()) for worker in workers]
        try:
            yield CascadeAssistant(
                config=config,
                clock=SystemClock(),
                grammar=WorkerGrammar(grammar),
                devices=home,
                language_model=model,
            )
        finally:
            for task in running:
                task.cancel()


async def _say(
    case: Case, home: SimulatedHome, assistant: CascadeAssistant, *, answers: bool
) -> Item:
    loop = asyncio.get_running_loop()
    start = loop.time()
    reply = await assistant.answer(_request(case, case.sentence, start))
    ms = (loop.time() - start) * 1000
    asked = reply.text if reply.kind is ReplyKind.QUESTION else ""
    if asked and answers:
        yes = YES.get(case.language.partition("-")[0], "yes")
        reply = await assistant.answer(_request(case, yes, loop.time()))
    done = _changes(case.home, _views(home.home()), case.ignored)
    expected = _changes(case.home, {**_views(case.home), **case.expected}, case.ignored)
    return replace(_item(case, reply, ms, done, expected), asked=asked)


def _request(case: Case, text: str, now: float) -> Request:
    """Each sentence is a conversation of its own: what is asked about one no other answers."""
    return Request(
        "eval",
        text,
        case.language,
        now + PATIENCE_S,
        source="eval",
        area=case.area,
        conversation=f"{case.file} {case.sentence}",
    )


def _item(
    case: Case, reply: Reply, ms: float, done: Mapping[str, View], expected: Mapping[str, View]
) -> Item:
    return Item(
        sentence=case.sentence,
        file=case.file,
        verdict=verdict(done, expected),
        understood_by=reply.understood_by,
        intent=reply.intent,
        reply=reply.text,
        ms=round(ms, 1),
        done=done,
        expected=expected,
    )


def verdict(done: Mapping[str, View], expected: Mapping[str, View]) -> Verdict:
    """How what has changed compares to what should have."""
    if done == expected:
        return Verdict.CORRECT
    if not done:
        return Verdict.NONE
    asked_for = all(
        key in expected.get(entity_id, {}) and _same(value, expected[entity_id][key])
        for entity_id, changes in done.items()
        for key, value in changes.items()
    )
    return Verdict.PARTIAL if asked_for else Verdict.WRONG


def _views(home: Home) -> dict[str, View]:
    return {key: view(entity, home.state(key)) for key, entity in home.entities.items()}


def _changes(
    before: Home, after: Mapping[str, View], ignored: Mapping[str, frozenset[str]]
) -> dict[str, View]:
    changes: dict[str, View] = {}
    for entity_id, shown in _views(before).items():
        different = {
            key: value
            for key, value in after[entity_id].items()
            if not _same(value, shown[key]) and key not in ignored.get(entity_id, ())
        }
        if different:
            changes[entity_id] = different
    return changes


def _same(one: Json, other: Json) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < 0.01
    return one == other


def _summary(items: Sequence[Item]) -> Summary:
    counts = {verdict: sum(item.verdict is verdict for item in items) for verdict in Verdict}
    steps: dict[str, dict[str, int]] = {}
    for item in items:
        step = steps.setdefault(item.understood_by or "nobody", dict.fromkeys(_STEP_KEYS, 0))
        step["total"] += 1
        if item.verdict.value in step:
            step[item.verdict.value] += 1
    times = sorted(item.ms for item in items)
    return Summary(
        total=len(items),
        correct=counts[Verdict.CORRECT],
        wrong=counts[Verdict.WRONG],
        none=counts[Verdict.NONE],
        partial=counts[Verdict.PARTIAL],
        by_step=steps,
        p50_ms=_percentile(times, 0.5),
        p95_ms=_percentile(times, 0.95),
        asked=sum(bool(item.asked) for item in items),
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _show(item: Item) -> None:
    by = item.understood_by or "-"
    print(f"{item.verdict:8} {by:8} {item.ms:7.1f} ms  {item.sentence}")
    if item.asked:
        print(f"{'':27}{item.asked}")
    if item.reply != item.asked:
        print(f"{'':27}{item.reply}")
    if item.verdict is not Verdict.CORRECT:
        print(f"{'':27}done {item.done}, expected {item.expected}")


def _print_summary(summary: Summary) -> None:
    print(
        f"\n{summary.correct} of {summary.total} correct ({_share(summary.correct, summary)}), "
        f"{summary.wrong} wrong ({_share(summary.wrong, summary)}), {summary.none} not done, "
        f"{summary.partial} partly, {summary.asked} asked back; "
        f"p50 {summary.p50_ms:.0f} ms, p95 {summary.p95_ms:.0f} ms"
    )
    for step, counts in summary.by_step.items():
        print(f"  {step}: " + ", ".join(f"{value} {key}" for key, value in counts.items()))


def _share(count: int, summary: Summary) -> str:
    return f"{count / summary.total:.1%}"


_STEP_KEYS = ("total", "correct", "wrong")
