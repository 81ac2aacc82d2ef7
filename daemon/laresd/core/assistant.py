"""From a request to a reply: the cascade of those who understand, the action, what is said.

The sentence grammar is asked first, then the tolerant grammar, then the language model; the first
answer that stands up to the guard counts. An action goes out at most once: everything that may be
tried again happens before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from laresd.config import Config
from laresd.core import guard, prompt, replies, saying, timer_words
from laresd.core.dialogue import Dialogue, Found, Plan, Read
from laresd.core.input_filter import InputFilter
from laresd.core.intent import loose, wonder
from laresd.core.intent.meaning import Meaning, Trouble
from laresd.core.intent.resolve import is_soft, resolve
from laresd.core.permission import Decision, Permission
from laresd.core.routine_book import RoutineBook
from laresd.core.telemetry import Trace, echo_spans, turn_line
from laresd.errors import DeadlineExceeded, LaresError
from laresd.generation import Ending, Generation, Message
from laresd.ports import Clock, Devices, Grammar, LanguageModel, Pins, Timers
from laresd.types import Action, Home, Json, Reply, ReplyKind, Request

log = logging.getLogger(__name__)

_STARTED = ("scene", "script")
WARM_TIMEOUT = 900.0  # seconds; a Raspberry Pi 4 reads 10 tokens of a 3B model in a second


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood and by whom: grammar, loose, llm. `said`: the model's own words; `where`
    it was computed, and `why` there.
    """

    by: str = ""
    meaning: Meaning | None = None
    said: str = ""
    error: LaresError | None = None
    where: str = ""
    why: str = ""
    found: Found | None = None  # a follow-up, or something about routines

    def facts(self) -> dict[str, Json]:
        """For the turn's record."""
        intent = self.meaning.intent if self.meaning else ""
        place: dict[str, Json] = {"where": self.where, "why": self.why} if self.where else {}
        return {"by": self.by, "intent": intent, **place}


class CascadeAssistant:
    """Port Assistant. `timers` and `language_model` may be absent; the others do their part."""

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        grammar: Grammar,
        devices: Devices,
        timers: Timers | None = None,
        language_model: LanguageModel | None = None,
        timezone: tzinfo | None = None,
        pins: Pins | None = None,
        input_filter: InputFilter | None = None,
        routines: RoutineBook | None = None,
    ) -> None:
        """`timezone`: of the answers about the time; None is the machine's own. `input_filter`:
        None knows only what the configuration blocks. Raises ConfigError for a wrong rule.
        """
        self._dialogue = Dialogue(clock, routines)
        self._config = config
        self._clock = clock
        self._grammar = grammar
        self._devices = devices
        self._timers = timers
        self._model = language_model
        self._timezone = timezone
        self._permission = Permission(config, clock, pins=pins, timezone=timezone)
        self._filter = input_filter or InputFilter(config.input)
        self._taught: dict[str, tuple[object, ...]] = {}
        self._warmed: tuple[Message, ...] = ()

    async def prepare(self, language: str) -> None:
        """Teach the grammar the home as it is, so that the first request need not wait for it.

        Raises what the grammar raises.
        """
        home = self._devices.home()
        await self._grammar.learn(home, language)
        self._taught[language] = _vocabulary(home)

    async def warm(self) -> None:
        """Have the language model compute what it reads before every command in this home.

        Nothing happens without a model, or when it knows the home already. Raises what it raises.
        """
        if self._model is None or not self._config.llm.enabled:
            return
        head = prompt.head(self._devices.home())
        if head == self._warmed:
            return
        await self._model.prepare(head, deadline=self._clock.now() + WARM_TIMEOUT)
        self._warmed = head

    async def anticipate(self, request: Request) -> None:
        """Have the language model read a request that is still being said, if it will be asked."""
        if self._model is None or not self._config.llm.enabled:
            return
        if (
            self._permission.awaits(request)
            or len(request.text) > self._config.input.max_characters
        ):
            return
        request = replace(request, area=request.area or self._config.box.area or None)
        home = self._devices.home()
        strict = await self._strict(request, home)
        question = _question(request, home)
        if question is None or strict.meaning is not None:
            return
        if loose.understand(request.text, request.language, home, request.area) is not None:
            return
        deadline = min(request.deadline, self._clock.now() + self._config.llm.timeout_s)
        await self._model.anticipate(question, deadline=deadline)

    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        trace = Trace(self._clock.now)
        request = replace(request, area=request.area or self._config.box.area or None)
        try:
            reply = await self._answer(request, trace)
        except LaresError as error:
            log.warning("turn %s failed: %s", request.id, error)
            reply = saying.failed(request, error)
        reply = replace(reply, spans=trace.spans, secret=self._permission.is_secret(request))
        log.info("%s", turn_line(reply, request.source))
        return reply

    async def _answer(self, request: Request, trace: Trace) -> Reply:
        if not request.text.strip():
            return saying.not_understood(request)
        refusal = self._filter.refusal(request, self._clock.now())
        if refusal is not None:
            self._permission.drop(request)
            self._dialogue.drop(request)
            return saying.filtered(request, refusal)
        settled = await self._permission.settle(request, self._devices.home)
        home = self._devices.home()
        if settled is not None:
            self._dialogue.drop(request)
            return await self._carry_out(request, settled, home, trace)
        plan = await self._dialogue.settle(request)
        if plan is not None:
            return await self._follow(request, plan, home, trace)
        return await self._understood(request, home, trace)

    async def _understood(self, request: Request, home: Home, trace: Trace) -> Reply:
        trace.begin("understand")
        understood = await self._understand(request, home)
        intent = understood.meaning.intent if understood.meaning else ""
        if understood.found is not None:
            plan = await self._dialogue.plan(
                request, understood.found, home, self._reader(request, home)
            )
            trace.end("understand", {"by": plan.by, "intent": plan.intent})
            return await self._follow(request, plan, home, trace)
        trace.end("understand", understood.facts())
        if understood.meaning is None:
            return _without_meaning(request, understood)
        reply = await self._do(request, understood, understood.meaning, home, trace)
        self._dialogue.note(request, reply, understood.meaning, None)
        return replace(reply, understood_by=understood.by, intent=intent)

    async def _follow(self, request: Request, plan: Plan, home: Home, trace: Trace) -> Reply:
        """A follow-up or a routine: its actions take the way of all actions."""
        reply = saying.reply(request, plan.kind, plan.said)
        if plan.meaning is not None:
            understood = Understanding(plan.by, plan.meaning)
            reply = await self._do(request, understood, plan.meaning, home, trace)
            reply = plan.completed(reply)
        self._dialogue.note(request, reply, plan.meaning, plan)
        return replace(reply, understood_by=plan.by, intent=plan.intent)

    def _reader(self, request: Request, home: Home) -> Read:
        """What the grammars make of a step of a routine; the language model is not asked."""

        async def read(text: str, language: str, area: str | None) -> Meaning | None:
            step = replace(request, text=text, language=language, area=area)
            strict = (await self._strict(step, home)).meaning
            if strict is not None and _is_final(strict):
                return strict
            return loose.understand(text, language, home, area) or strict

        return read

    async def _understand(self, request: Request, home: Home) -> Understanding:
        strict = await self._strict(request, home)
        if strict.meaning is not None and _is_final(strict.meaning):
            return strict
        meaning = loose.understand(request.text, request.language, home, request.area)
        sure = meaning is not None and meaning.problem is None and meaning.exact
        if not sure and (strict.meaning is None or is_soft(strict.meaning)):
            found = self._dialogue.found(request, home)
            if found is not None:
                return Understanding(found=found)
        return await self._tolerant(request, home, strict, meaning)

    async def _tolerant(
        self, request: Request, home: Home, strict: Understanding, meaning: Meaning | None
    ) -> Understanding:
        """When the templates did not settle it: the tolerant grammar's word, then the model's."""
        if meaning is None and strict.meaning is None:
            meaning = wonder.asked(request.text, request.language, home, request.area)
        if meaning is not None and meaning.problem is None:
            return Understanding("loose", meaning)
        if strict.meaning is None and meaning is not None:
            strict = Understanding("loose", meaning, error=strict.error)
        if strict.meaning is not None and not is_soft(strict.meaning):
            return strict
        if self._model is None or not self._config.llm.enabled:
            return strict
        asked = await self._ask_model(self._model, request, home)
        if asked.meaning is not None or asked.said:
            return asked
        return replace(strict, error=strict.error or asked.error)

    async def _strict(self, request: Request, home: Home) -> Understanding:
        """What the sentence grammar makes of it; its failure leaves the work to the others."""
        now = self._clock.now()
        deadline = min(request.deadline, now + self._config.actions.grammar_timeout_s)
        try:
            await self._teach(home, request.language, deadline - now)
            found = await self._grammar.recognize(
                request.text, language=request.language, area=request.area, deadline=deadline
            )
        except LaresError as error:
            log.warning("the sentence grammar did not answer: %s", error)
            return Understanding(error=error)
        meaning = resolve(found, home, request.area)
        if meaning is None or _is_name_alone(meaning, request, home):
            return Understanding()
        return Understanding("grammar", meaning)

    async def _teach(self, home: Home, language: str, seconds: float) -> None:
        """Have the grammar know the names of the home, when these have changed."""
        names = _vocabulary(home)
        if self._taught.get(language) == names:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._grammar.learn(home, language)
        except TimeoutError as error:
            raise DeadlineExceeded("the sentence grammar is not ready yet") from error
        self._taught[language] = names

    async def _ask_model(self, model: LanguageModel, request: Request, home: Home) -> Understanding:
        """The model's proposal, if the guard finds it in the words that were said."""
        question = _question(request, home)
        if question is None:
            return Understanding()
        deadline = min(request.deadline, self._clock.now() + self._config.llm.timeout_s)
        try:
            said, ending = await self._generated(model, question, deadline)
        except LaresError as error:
            log.warning("the language model did not answer: %s", error)
            return Understanding(error=error)
        if question.grammar is None:
            found = Understanding("llm", said=saying.whole_sentences(said))
        else:
            proposed = prompt.parse(said, home)
            checked = proposed and guard.checked(proposed, request, home)
            found = Understanding("llm" if checked else "", checked)
        return replace(found, where=ending.where, why=ending.why) if ending else found

    async def _generated(
        self, model: LanguageModel, generation: Generation, deadline: float
    ) -> tuple[str, Ending | None]:
        pieces = [piece async for piece in model.generate(generation, deadline=deadline)]
        ending = pieces[-1].ending if pieces else None
        return "".join(piece.text for piece in pieces), ending

    async def _do(
        self,
        request: Request,
        understood: Understanding,
        meaning: Meaning,
        home: Home,
        trace: Trace,
    ) -> Reply:
        language = request.language
        if meaning.problem is not None:
            text = replies.trouble(meaning.problem, home, language)
            asks = meaning.problem.trouble is Trouble.AMBIGUOUS
            return saying.reply(request, ReplyKind.QUESTION if asks else ReplyKind.REFUSED, text)
        if meaning.talk:
            return saying.reply(request, ReplyKind.ANSWER, replies.talk(meaning.talk, language))
        if meaning.question is not None:
            now = datetime.fromtimestamp(self._clock.wall(), self._timezone)
            text = replies.answer(meaning.question, home, now, language)
            return saying.reply(request, ReplyKind.ANSWER, text)
        if meaning.timer is not None:
            return await self._time(request, meaning)
        decision = self._permission.decide(
            request,
            _distinct(meaning.actions),
            home,
            understood_by=understood.by,
            intent=meaning.intent,
        )
        return await self._carry_out(request, decision, home, trace)

    async def _time(self, request: Request, meaning: Meaning) -> Reply:
        if self._timers is None or meaning.timer is None:
            return saying.not_understood(request)
        result = await self._timers.handle(meaning.timer)
        kind = ReplyKind.DONE if result.done else ReplyKind.REFUSED
        return saying.reply(request, kind, timer_words.sentence(result, request.language))

    async def _carry_out(
        self, request: Request, decision: Decision, home: Home, trace: Trace
    ) -> Reply:
        """Do what is permitted, and say that and the rest. Nothing acts but through here."""
        reply = saying.reply(request, decision.kind or ReplyKind.ANSWER, decision.said)
        if decision.granted:
            reply = saying.with_rest(
                await self._act(request, decision.granted, home, trace), decision
            )
        return replace(reply, understood_by=decision.understood_by, intent=decision.intent)

    async def _act(
        self, request: Request, actions: Sequence[Action], home: Home, trace: Trace
    ) -> Reply:
        if self._clock.now() >= request.deadline:
            raise DeadlineExceeded("understanding took too long", remedy="say it again")
        trace.begin("act")
        before = self._devices.home()
        outcomes = tuple(await self._devices.act(actions, deadline=request.deadline))
        self._dialogue.acted(request, outcomes, before)
        listed: list[Json] = [f"{o.action.entity_id} {o.action.command}" for o in outcomes]
        trace.end("act", {"actions": listed})
        trace.add(echo_spans(outcomes))
        text = replies.deeds(outcomes, home, request.language)
        reply = saying.reply(request, replies.kind_of(outcomes), text)
        return replace(reply, outcomes=outcomes)


def _question(request: Request, home: Home) -> Generation | None:
    """What the language model is asked about a request; None when it is not asked."""
    if guard.may_be_command(request.text, request.language, home):
        return prompt.tool_call(request, home)
    if guard.may_be_talk(request.text, request.language, home):
        return prompt.talk(request)
    return None


def _is_final(strict: Meaning) -> bool:
    """Whether nobody else need be asked: "all lights off" may be a question or a command."""
    return not is_soft(strict) and strict.question is None


def _is_name_alone(meaning: Meaning, request: Request, home: Home) -> bool:
    """A device's bare name is no command, except for what can only be started."""
    entities = [home.entities.get(action.entity_id) for action in meaning.actions]
    if not entities or all(e is not None and e.domain in _STARTED for e in entities):
        return False
    return guard.names_only(request.text, request.language, home)


def _without_meaning(request: Request, understood: Understanding) -> Reply:
    if understood.said:
        reply = saying.reply(request, ReplyKind.ANSWER, understood.said)
        return replace(reply, understood_by=understood.by)
    if understood.error is not None:
        return saying.failed(request, understood.error)
    return saying.not_understood(request)


def _distinct(actions: Sequence[Action]) -> list[Action]:
    distinct: list[Action] = []
    for action in actions:
        if action not in distinct:
            distinct.append(action)
    return distinct


def _vocabulary(home: Home) -> tuple[object, ...]:
    """What the grammar learns of a home, to be compared: states are no part of it."""
    entities: Mapping[str, object] = {
        e.entity_id: (e.name, e.domain, e.area, e.aliases, e.device_class)
        for e in home.entities.values()
    }
    return (home.areas, tuple(sorted(entities.items(), key=lambda item: item[0])))
