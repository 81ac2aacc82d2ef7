"""From a request to a reply: the cascade of those who understand, the action, what is said.

An action goes out at most once: everything that may be tried again happens before.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from laresd.config import Config
from laresd.core import replies, saying, timer_words, wholeness
from laresd.core.dialogue import Dialogue, Plan
from laresd.core.input_filter import InputFilter
from laresd.core.intent import loose
from laresd.core.intent.meaning import Meaning, Trouble
from laresd.core.intent.resolve import is_soft
from laresd.core.knowledge.consulting import Consulting
from laresd.core.own_voice import OwnVoice
from laresd.core.permission import Decision, Permission
from laresd.core.risk import Rules
from laresd.core.routine_book import RoutineBook
from laresd.core.telemetry import Trace, echo_spans
from laresd.core.understanding import Cascade, OnSentence, Understanding, is_final
from laresd.errors import DeadlineExceeded, LaresError
from laresd.ports import Clock, Devices, Grammar, LanguageModel, Pins, Timers, Volume
from laresd.turns import Wholeness
from laresd.types import Action, Home, Json, Reply, ReplyKind, Request

log = logging.getLogger(__name__)


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
        documents: Consulting | None = None,
        own_volume: Volume | None = None,
    ) -> None:
        """`timezone`: of the answers about the time; None is the machine's own. `input_filter`:
        None knows only what the configuration blocks. `own_volume`: of its own voice. Raises
        ConfigError for a wrong rule.
        """
        self._dialogue = Dialogue(clock, routines)
        self._config = config
        self._clock = clock
        self._devices = devices
        self._timers = timers
        self._cascade = Cascade(
            config, clock, devices, grammar=grammar, model=language_model, documents=documents
        )
        self._timezone = timezone
        self._own_voice = OwnVoice(own_volume)
        self._permission = Permission(config, clock, pins=pins, timezone=timezone)
        self._filter = input_filter or InputFilter(config.input)

    def adopt(self, config: Config, rules: Rules, input_filter: InputFilter | None) -> None:
        """Go by other settings of [risk], [risk_rules], [policies] and [input] from now on; a
        request that is being answered goes on by what it was read with. `input_filter`: None keeps
        the one that there is, with what it has counted.
        """
        self._config, self._filter = config, input_filter or self._filter
        self._permission.adopt(config, rules)

    async def prepare(self, language: str) -> None:
        """Teach the grammar the home as it is. Raises what the grammar raises."""
        await self._cascade.prepare(language)

    async def warm(self) -> None:
        """Have the language model read what begins every command in this home. Raises what it
        raises.
        """
        await self._cascade.warm()

    async def anticipate(self, request: Request) -> None:
        if (
            self._permission.awaits(request)
            or len(request.text) > self._config.input.max_characters
        ):
            return
        request = self._placed(request)
        await self._cascade.anticipate(request, self._devices.home())

    async def wholeness(self, request: Request) -> Wholeness:
        if self._permission.awaits(request):
            return wholeness.of_answer(request.text, request.language)
        if len(request.text) > self._config.input.max_characters:
            return Wholeness.UNSURE
        request = self._placed(request)
        home = self._devices.home()
        meaning = await self._cascade.clear(request, home)
        return wholeness.of_command(request.text, request.language, home, meaning)

    async def answer(self, request: Request, on_sentence: OnSentence | None = None) -> Reply:
        trace = Trace(self._clock.now)
        request = self._placed(request)
        try:
            reply = await self._answer(request, trace, on_sentence)
        except LaresError as error:
            log.warning("turn %s failed: %s", request.id, error)
            reply = saying.failed(request, error)
        return replace(reply, spans=trace.spans, secret=self._permission.is_secret(request))

    def _placed(self, request: Request) -> Request:
        """In the box's own room, where it names none."""
        return replace(request, area=request.area or self._config.box.area or None)

    async def _answer(
        self, request: Request, trace: Trace, on_sentence: OnSentence | None
    ) -> Reply:
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
        about_itself = await self._own_voice.answer(request, home)
        return about_itself or await self._understood(request, home, trace, on_sentence)

    async def _understood(
        self, request: Request, home: Home, trace: Trace, on_sentence: OnSentence | None
    ) -> Reply:
        trace.begin("understand")
        understood = await self._understand(request, home, on_sentence)
        intent = understood.meaning.intent if understood.meaning else ""
        if understood.found is not None:
            plan = await self._dialogue.plan(
                request, understood.found, home, self._cascade.reader(request, home)
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

    async def _understand(
        self, request: Request, home: Home, on_sentence: OnSentence | None
    ) -> Understanding:
        strict = await self._cascade.strict(request, home)
        if strict.meaning is not None and is_final(strict.meaning):
            return strict
        meaning = loose.understand(request.text, request.language, home, request.area)
        sure = meaning is not None and meaning.problem is None and meaning.exact
        if not sure and (strict.meaning is None or is_soft(strict.meaning)):
            found = self._dialogue.found(request, home)
            if found is not None:
                return Understanding(found=found)
        return await self._cascade.tolerant(request, home, strict, meaning, on_sentence)

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


def _without_meaning(request: Request, understood: Understanding) -> Reply:
    if understood.said:
        kind = ReplyKind.ANSWER if understood.error is None else ReplyKind.FAILED
        reply = saying.reply(request, kind, understood.said)
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
