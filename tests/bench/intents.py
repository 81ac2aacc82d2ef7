"""`make bench-intents`: every intent of Home Assistant, on the sentences of its own tests.

Each sentence is said to the whole cascade without a language model, in a home made of what its
file names: the devices of the file, and where a slot speaks of a device that the file leaves out,
one that can do it. Risk rules are off, so that nothing is asked about. Correct: exactly what the
intent and its slots say was done (or asked, for a question the kind of question). Wrong: something
else was done. What is neither was not understood, or asked back.

The sentences are read where they are (OHF-Voice/intents, tests/, CC BY 4.0) and never copied.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.clock import SystemClock
from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerGrammar
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config, Llm, Risk
from laresd.core.assistant import CascadeAssistant
from laresd.timing import TimerCommand, TimerOutcome, TimerResult, TimerVerb, TimerView
from laresd.types import Action, Command, Entity, Home, Outcome, Reply, ReplyKind, Request, Status
from tests.bench.intent_cases import SWITCHES, Sentence, Slots, sentences, targets
from tests.bench.results import Row, record

COMMAND = "make bench-intents"
LANGUAGES = ("en", "de", "zh-CN")
PAGE = Path(__file__).parents[2] / "firmware-notes" / "intents.md"
PATIENCE_S = 30.0

FIXED = {  # intents of one command
    "HassVacuumStart": Command.START,
    "HassVacuumReturnToBase": Command.DOCK,
    "HassLawnMowerStartMowing": Command.START,
    "HassLawnMowerDock": Command.DOCK,
    "HassMediaPause": Command.PAUSE,
    "HassMediaUnpause": Command.PLAY,
    "HassMediaNext": Command.NEXT,
    "HassMediaPrevious": Command.PREVIOUS,
    "HassMediaPlayerMute": Command.MUTE,
    "HassMediaPlayerUnmute": Command.UNMUTE,
    "HassStopMoving": Command.STOP,
    "HassListAddItem": Command.ADD_ITEM,
    "HassShoppingListAddItem": Command.ADD_ITEM,
    "HassListCompleteItem": Command.COMPLETE_ITEM,
    "HassShoppingListCompleteItem": Command.COMPLETE_ITEM,
}
LEVELS = {  # intent: slot, command, parameter
    "HassClimateSetTemperature": ("temperature", Command.SET_TEMPERATURE, "temperature"),
    "HassFanSetSpeed": ("percentage", Command.SET_SPEED, "percentage"),
    "HassSetPosition": ("position", Command.SET_POSITION, "position"),
    "HassSetVolume": ("volume_level", Command.SET_VOLUME, "volume_pct"),
}
TIMERS = {
    "HassStartTimer": TimerVerb.START,
    "HassIncreaseTimer": TimerVerb.INCREASE,
    "HassDecreaseTimer": TimerVerb.DECREASE,
    "HassPauseTimer": TimerVerb.PAUSE,
    "HassUnpauseTimer": TimerVerb.RESUME,
    "HassCancelTimer": TimerVerb.CANCEL,
    "HassCancelAllTimers": TimerVerb.CANCEL_ALL,
    "HassTimerStatus": TimerVerb.STATUS,
}
ANSWERED = {  # intents of a question or of talk: the intents under which the cascade answers them
    "HassGetState": ("HassGetState",),
    "HassClimateGetTemperature": ("HassClimateGetTemperature", "loose_temperature"),
    "HassGetCurrentTime": ("HassGetCurrentTime",),
    "HassGetCurrentDate": ("HassGetCurrentDate", "loose_date"),
    "HassNevermind": ("HassNevermind",),
    "HassRespond": ("HassRespond",),
}
LEFT_OUT = {  # intents that Lares does not do, and why
    "HassBroadcast": "there is one box; announcements to others go over MQTT (`say`)",
    "HassGetWeather": "nothing on the broker tells the weather",
    "HassMediaSearchAndPlay": "players on MQTT have no search",
    "HassVacuumCleanArea": "vacuums on MQTT name their rooms each in its own way",
    "HassListRemoveItem": "lists can be added to and checked off, not erased",
}
ON = {"cover": Command.OPEN, "valve": Command.OPEN, "lock": Command.LOCK}
ON |= dict.fromkeys(("scene", "script"), Command.ACTIVATE)
ON |= dict.fromkeys(("button", "input_button"), Command.PRESS)
OFF = {"cover": Command.CLOSE, "valve": Command.CLOSE, "lock": Command.UNLOCK}


@dataclass(slots=True)
class Count:
    sentences: int = 0
    correct: int = 0
    wrong: int = 0
    beyond: int = 0  # of the sentences: for later
    missed: list[str] = field(default_factory=list)


class Recorder:
    """Ports Devices and Timers: does everything that it is told, and remembers it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.actions: list[Action] = []
        self.timers: list[TimerCommand] = []

    def become(self, home: Home) -> None:
        self._home = home

    def home(self) -> Home:
        return self._home

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        self.actions += actions
        return [Outcome(action, Status.CONFIRMED) for action in actions]

    async def handle(self, command: TimerCommand) -> TimerResult:
        self.timers.append(command)
        view = TimerView(1, command.name, 60.0, 60.0, paused=False)
        return TimerResult(command.verb, TimerOutcome.STATUS, (view,))


def is_right(sentence: Sentence, reply: Reply, heard: Recorder) -> bool:
    """Whether what came of it is exactly what the intent says."""
    intent = sentence.intent
    if intent in ANSWERED:
        quiet = not heard.actions and not heard.timers
        return quiet and reply.kind is ReplyKind.ANSWER and reply.intent in ANSWERED[intent]
    if intent in TIMERS:
        return not heard.actions and _is_timer(sentence, heard.timers)
    expected = targets(sentence)
    done = {action.entity_id: action for action in heard.actions}
    if not expected or set(done) != {entity.entity_id for entity in expected}:
        return False
    return all(_is_deed(sentence, entity, done[entity.entity_id]) for entity in expected)


def _is_timer(sentence: Sentence, commands: Sequence[TimerCommand]) -> bool:
    if len(commands) != 1 or sentence.slots.get("conversation_command"):
        return False
    command, slots = commands[0], sentence.slots
    seconds = 3600 * _number(slots, "hours") + 60 * _number(slots, "minutes")
    seconds += _number(slots, "seconds")
    timed = sentence.intent in ("HassStartTimer", "HassIncreaseTimer", "HassDecreaseTimer")
    if command.verb is not TIMERS[sentence.intent] or (timed and command.seconds != seconds):
        return False
    name = slots.get("name")
    return name is None or command.name.casefold() == str(name).casefold()


def _is_deed(sentence: Sentence, entity: Entity, action: Action) -> bool:
    intent, slots, params = sentence.intent, sentence.slots, action.params
    if intent in SWITCHES:
        table, usual = (ON, Command.TURN_ON) if intent == "HassTurnOn" else (OFF, Command.TURN_OFF)
        wanted = table.get(entity.domain, usual) if intent != "HassToggle" else Command.TOGGLE
        return action.command is wanted and not params
    if intent == "HassLightSet":
        return _is_light(slots, action)
    if intent in LEVELS:
        return _is_level(intent, slots, action)
    if intent == "HassSetVolumeRelative":
        after, step = params.get("volume_pct"), str(slots.get("volume_step"))
        up = step == "up" or step.isdigit()
        return isinstance(after, int | float) and (after > 40) == up and after != 40
    right = action.command is FIXED.get(intent)
    item = slots.get("item")
    return right and (item is None or str(params.get("item")).casefold() == str(item).casefold())


def _is_level(intent: str, slots: Slots, action: Action) -> bool:
    slot, command, parameter = LEVELS[intent]
    wanted = slots.get(slot)
    if action.command is command:
        return action.params.get(parameter) == wanted
    ends = {0: (Command.CLOSE, Command.TURN_OFF), 100: (Command.OPEN,)}
    return isinstance(wanted, int) and action.command in ends.get(wanted, ())


def _is_light(slots: Slots, action: Action) -> bool:
    if slots.get("brightness") == 0:
        return action.command is Command.TURN_OFF
    wanted = {"brightness_pct": slots.get("brightness"), "color_temp_k": slots.get("temperature")}
    wanted["color_name"] = slots.get("color")
    return action.command is Command.TURN_ON and all(
        action.params.get(key) == value for key, value in wanted.items() if value is not None
    )


def _number(slots: Slots, key: str) -> float:
    value = slots.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


@asynccontextmanager
async def _assistant(heard: Recorder) -> AsyncIterator[CascadeAssistant]:
    config = Config(llm=Llm(enabled=False), risk=Risk(defaults=False))
    spec = specs.grammar("en", config.actions.grammar_timeout_s)
    async with Worker(spec) as worker, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(worker.run())
        yield CascadeAssistant(
            config=config,
            clock=SystemClock(),
            grammar=WorkerGrammar(worker),
            devices=heard,
            timers=heard,
        )
        running.cancel()


async def measured() -> dict[str, dict[str, Count]]:
    """By language and intent."""
    found: dict[str, dict[str, Count]] = {}
    heard = Recorder(Home({}, {}))
    async with _assistant(heard) as assistant:
        for language in LANGUAGES:
            counts = found.setdefault(language, {})
            for number, sentence in enumerate(sentences(language)):
                count = counts.setdefault(sentence.intent, Count())
                where = f"{language} {number}"
                await _say(assistant, heard, sentence, where, count)
            print(language, sum(c.correct for c in counts.values()), flush=True)
    return found


async def _say(
    assistant: CascadeAssistant,
    heard: Recorder,
    sentence: Sentence,
    where: str,
    count: Count,
) -> None:
    """`where`: language and number, a conversation of its own."""
    language = where.partition(" ")[0]
    heard.become(sentence.home)
    heard.actions.clear()
    heard.timers.clear()
    await assistant.prepare(language)
    until = asyncio.get_running_loop().time() + PATIENCE_S
    reply = await assistant.answer(
        Request(
            "bench",
            sentence.text,
            language,
            until,
            "bench",
            area=sentence.area,
            conversation=where,
        )
    )
    count.sentences += 1
    count.beyond += bool(sentence.slots.get("conversation_command"))
    if is_right(sentence, reply, heard):
        count.correct += 1
        return
    count.wrong += bool(heard.actions or heard.timers)
    did = [f"{a.entity_id} {a.command} {dict(a.params)}" for a in heard.actions]
    count.missed.append(f"{sentence.text} | {dict(sentence.slots)} | {reply.text} | {did}")


def page(found: Mapping[str, Mapping[str, Count]]) -> str:
    intents = sorted({intent for counts in found.values() for intent in counts})
    lines = [
        "# Home Assistant's intents in Lares",
        "",
        f"Written by `{COMMAND}`; the sentences are those of OHF-Voice/intents (tests/, CC BY",
        "4.0), said to the cascade without a language model. Per language: sentences, of them",
        "correct, of them with a wrong action. What is neither was not understood or asked back.",
        "A question counts as correct when it is answered as that question; what it says is not",
        "compared.",
        "",
        "| intent | supported | " + " | ".join(LANGUAGES) + " |",
        "|---|---|" + "---|" * len(LANGUAGES),
    ]
    for intent in intents:
        supported = "no: " + LEFT_OUT[intent] if intent in LEFT_OUT else "yes"
        cells = [_cell(found[language].get(intent)) for language in LANGUAGES]
        lines.append(f"| {intent} | {supported} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Among the sentences of the supported intents are commands for later, which Lares",
    ]
    lines += ["does not do:", ""]
    for language, counts in found.items():
        known = [count for intent, count in counts.items() if intent not in LEFT_OUT]
        lines.append(f"- {language}: {sum(c.beyond for c in known)}")
    lines.append("")
    return "\n".join(lines)


def _cell(count: Count | None) -> str:
    if count is None:
        return "no sentences"
    return f"{count.sentences}, {count.correct} correct, {count.wrong} wrong"


def main() -> None:
    found = asyncio.run(measured())
    PAGE.write_text(page(found), encoding="utf-8")
    rows: list[Row] = []
    for language, counts in found.items():
        known = {intent: c for intent, c in counts.items() if intent not in LEFT_OUT}
        total, every = Counter[str](), Counter[str]()
        for count in known.values():
            total.update(sentences=count.sentences, correct=count.correct, beyond=count.beyond)
        for count in counts.values():
            every.update(sentences=count.sentences, wrong=count.wrong)
        share = round(100 * total["correct"] / total["sentences"], 1)
        wrong = round(100 * every["wrong"] / every["sentences"], 1)
        note = f"{total['correct']} of {total['sentences']} sentences of {len(known)} intents; "
        note += f"{total['beyond']} are commands for later, which Lares does not do"
        rows += [
            Row(f"home/intents_{language}_correct_pct", share, "", COMMAND, "", note),
            Row(f"home/intents_{language}_wrong_pct", wrong, "", COMMAND, "", "of all intents"),
        ]
    record(rows)


if __name__ == "__main__":
    main()
