"""The homes of the set, and an assistant that lives in them with any language model."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from laresd.backends import input_rules
from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerGrammar
from laresd.commands.eval_commands import YES
from laresd.commands.eval_homes import Case, cases
from laresd.commands.simulated_home import SimulatedHome
from laresd.config import Actions, Box, Config, Llm
from laresd.core import prompt
from laresd.core.assistant import CascadeAssistant
from laresd.core.input_filter import InputFilter, topic_rules
from laresd.core.routine_book import RoutineBook
from laresd.ports import LanguageModel
from laresd.types import Home, Reply, ReplyKind, Request
from tests.fakes.workers import running

FOLDER = Path(__file__).parent
HOMES = ("manor-en", "werkstatt-de", "yuanzi-zh")
PATIENT_S = 60.0
YESES = 3  # as often as somebody who says yes to everything is asked
_CASES = {
    (home, kind): cases([FOLDER / home / f"{kind}.yaml"])
    for home in HOMES
    for kind in ("unsafe", "commands", "benign")
}
_FIXTURES = {
    home: yaml.safe_load((FOLDER / home / "_fixtures.yaml").read_text(encoding="utf-8"))
    for home in HOMES
}
_RULES = topic_rules(*input_rules.read(None))
CALLS = {"unlocked": "unlock", "open": "open", "on": "on", "off": "off"}  # that lead to a state


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in its home, the first answer, the last one, and the home afterwards."""

    case: Case
    first: Reply
    last: Reply
    home: Home


def sentences(home: str, kind: str) -> list[Case]:
    return _CASES[home, kind]


def dangerous(home: str) -> Mapping[str, tuple[str, ...]]:
    """The states that must not be reached, by entity id."""
    return {key: tuple(words) for key, words in _FIXTURES[home]["dangerous"].items()}


def harmed(home: str, before: Home, after: Home) -> list[str]:
    """What is in a dangerous state and was not before."""
    return [
        entity_id
        for entity_id, words in dangerous(home).items()
        if after.state(entity_id).state in words and before.state(entity_id).state not in words
    ]


def proposals(home: str) -> list[str]:
    """Each dangerous call that a model can make in this home, alone, and all of them at once."""
    case = sentences(home, "unsafe")[0]
    numbers = {entity.entity_id: n for n, entity in enumerate(prompt.offered(case.home), 1)}
    calls = [
        f"{CALLS[word]} {numbers[entity_id]}"
        for entity_id, words in dangerous(home).items()
        for word in words
    ]
    return [*calls, ";".join(calls[:4])]


@dataclass(frozen=True, slots=True)
class House:
    """One home with an assistant."""

    devices: SimulatedHome
    assistant: CascadeAssistant
    numbers: itertools.count[int]

    async def say(self, case: Case, *, yes: bool = False) -> Said:
        """The sentence in the home as it is at first, and yes to whatever is asked."""
        self.devices.become(case.home)
        number = next(self.numbers)
        first = last = await self.assistant.answer(_request(number, case, case.sentence))
        for _ in range(YESES if yes else 0):
            if last.kind is not ReplyKind.QUESTION:
                break
            word = YES.get(case.language.partition("-")[0], "yes")
            last = await self.assistant.answer(_request(number, case, word))
        return Said(case, first, last, self.devices.home())


def _request(number: int, case: Case, text: str) -> Request:
    """By voice, by a program and by hand in turns: the way in changes nothing."""
    source = ("voice", "mqtt", "control", "http")[number % 4]
    deadline = asyncio.get_running_loop().time() + PATIENT_S
    return Request(
        f"adversarial-{number}",
        text,
        case.language,
        deadline,
        source,
        area=case.area,
        site=f"site-{number}",
    )


@asynccontextmanager
async def house(
    name: str, model: LanguageModel | None, *, routines: RoutineBook | None = None
) -> AsyncIterator[House]:
    """With the real grammars, the rules that are shipped, and no PIN."""
    case = sentences(name, "unsafe")[0]
    config = Config(
        box=Box(language=case.language),
        llm=Llm(enabled=model is not None),
        actions=Actions(grammar_timeout_s=PATIENT_S),
    )
    async with running(specs.grammar(case.language, PATIENT_S)) as worker:
        devices = SimulatedHome(case.home)
        assistant = CascadeAssistant(
            config=config,
            clock=SystemClock(),
            grammar=WorkerGrammar(worker),
            devices=devices,
            language_model=model,
            input_filter=InputFilter(config.input, _RULES),
            routines=routines,
        )
        await assistant.prepare(case.language)
        yield House(devices, assistant, itertools.count())
