"""What goes beyond one sentence: follow-ups, undo, and routines.

Owns the memory of the conversations. It decides and words; what is to be done goes back to the
assistant as a meaning, which passes the same permission as any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from laresd.core import consent, follow_ups, replies, routines
from laresd.core.conversation import Exchange, Memory, Proposal, deeds_of, key_of
from laresd.core.follow_ups import FollowUp, Telling
from laresd.core.intent.abilities import can
from laresd.core.intent.meaning import Meaning, Problem, Trouble
from laresd.core.replies import follow_ups as words
from laresd.core.routine_book import RoutineBook
from laresd.core.routine_words import Forget, Make, Start, Tell, Wish, ways_to_cut, wish
from laresd.core.routines import Routine, Step, Why
from laresd.ports import Clock
from laresd.types import Action, Command, Home, Outcome, Reply, ReplyKind, Request, RoutineRecord

PROPOSAL_SECONDS = 30.0

Read = Callable[[str, str, str | None], Awaitable[Meaning | None]]
"""What the grammars make of a text, in a language and a room; never the language model."""

Found = FollowUp | Routine | Make | Tell | Forget | Start
_GOOD = (ReplyKind.DONE, ReplyKind.PARTIAL)
_ENDS = frozenset(
    {
        *(Command.TURN_ON, Command.TURN_OFF, Command.OPEN, Command.CLOSE),
        *(Command.LOCK, Command.UNLOCK),
    }
)  # without parameters each of them is overruled by a later command to the same entity


@dataclass(frozen=True, slots=True)
class Plan:
    """What the assistant is to do: act on `meaning`, or else answer `said` as `kind`.

    `rest`: said after what was done: what could not be. `short`: so something is missing.
    """

    by: str  # follow_up or routine
    meaning: Meaning | None = None
    kind: ReplyKind = ReplyKind.ANSWER
    said: str = ""
    rest: str = ""
    short: bool = False
    puts_back: bool = False
    lasting: bool = False
    proposal: RoutineRecord | None = None
    intent: str = ""

    def completed(self, reply: Reply) -> Reply:
        """The reply about what was done, with the rest."""
        kind = ReplyKind.PARTIAL if self.short and reply.kind is ReplyKind.DONE else reply.kind
        return replace(reply, kind=kind, text=f"{reply.text} {self.rest}".strip())


class Dialogue:
    """`book`: None where there are no routines."""

    def __init__(self, clock: Clock, book: RoutineBook | None = None) -> None:
        self._clock = clock
        self._book = book
        self._memory = Memory()

    def found(self, request: Request, home: Home) -> Found | None:
        """What the request means beyond one sentence; None when it is a sentence of its own."""
        text, language = request.text, request.language
        if self._book is not None:
            routine = routines.called(text, language, request.area, self._book.routines)
            wanted: Wish | None = wish(text, language)
            if routine is not None or wanted is not None:
                return routine or wanted
        conversation = self._memory.at(key_of(request), self._clock.now())
        return follow_ups.understand(text, language, conversation, home, request.area)

    def drop(self, request: Request) -> None:
        """Forget the question that is open where this comes from."""
        key = key_of(request)
        conversation = self._memory.at(key, self._clock.now())
        self._memory = self._memory.with_(key, conversation.with_proposal_taken())

    async def settle(self, request: Request) -> Plan | None:
        """What an answer to "shall I keep that?" comes to; None when it is none.

        Whatever is said ends the question. Raises what the store raises.
        """
        key, now = key_of(request), self._clock.now()
        conversation = self._memory.at(key, now)
        proposal = conversation.latest.proposal if conversation.latest is not None else None
        if proposal is None:
            return None
        self.drop(request)
        answer = consent.answer(request.text, request.language)
        phrase, language = proposal.routine.phrase, request.language
        if proposal.user != request.user or answer not in (consent.Answer.YES, consent.Answer.NO):
            return None
        if answer is consent.Answer.NO:
            return Plan("routine", said=words.about("dropped", phrase, language))
        if now > proposal.until or self._book is None:
            said = words.about("late", phrase, language)
            return Plan("routine", kind=ReplyKind.REFUSED, said=said)
        await self._book.keep(proposal.routine)
        said = words.about("kept", phrase, language)
        return Plan("routine", None, ReplyKind.DONE, said, lasting=True, intent="routine_made")

    async def plan(self, request: Request, found: Found, home: Home, read: Read) -> Plan:
        """What is to be done or said. Raises what the routines' store raises."""
        if isinstance(found, FollowUp):
            return _followed(found, home, request.language)
        if isinstance(found, Routine):
            return await _run(found, request, home, read)
        if isinstance(found, Make):
            return await self._propose(found, request, home, read)
        if isinstance(found, Tell):
            phrases = [routine.phrases[0] for routine in self._routines]
            said = words.listed(phrases, request.language)
            return Plan("routine", said=said, intent="routines_told")
        return await self._managed(found, request, home, read)

    def acted(self, request: Request, outcomes: Sequence[Outcome], before: Home) -> None:
        """Remember what was just done, and how things were before."""
        deeds = deeds_of(outcomes, before)
        self._keep(request, Exchange(0.0, "", request.language, deeds=deeds))

    def note(
        self, request: Request, reply: Reply, meaning: Meaning | None, plan: Plan | None
    ) -> None:
        """Remember a request that was answered, if a later one can be about it."""
        key, now = key_of(request), self._clock.now()
        conversation = self._memory.at(key, now)
        latest = conversation.latest
        mine = latest if latest is not None and latest.request_id == request.id else None
        if plan is not None and plan.puts_back:
            rest = conversation.without(request.id)
            if reply.kind not in _GOOD or mine is None:
                self._memory = self._memory.with_(key, rest)
                return
            undone = rest.with_undone().after(replace(mine, undone=True))
            self._memory = self._memory.with_(key, undone)
            return
        exchange = mine or Exchange(now, "", request.language, request_id=request.id)
        exchange = replace(exchange, intent=meaning.intent if meaning is not None else "")
        exchange = _with_meaning(exchange, request, reply, meaning)
        if plan is not None:
            until = now + PROPOSAL_SECONDS
            routine = plan.proposal
            asked = None if routine is None else Proposal(routine, request.user, until)
            exchange = replace(exchange, lasting=plan.lasting or exchange.lasting, proposal=asked)
        if exchange.topic or exchange.choices or exchange.lasting or exchange.proposal:
            self._keep(request, exchange)

    def _keep(self, request: Request, exchange: Exchange) -> None:
        key, now = key_of(request), self._clock.now()
        exchange = replace(exchange, at=now, request_id=request.id)
        self._memory = self._memory.with_(key, self._memory.at(key, now).after(exchange))

    @property
    def _routines(self) -> tuple[Routine, ...]:
        return () if self._book is None else self._book.routines

    async def _managed(
        self, found: Forget | Start, request: Request, home: Home, read: Read
    ) -> Plan:
        known = routines.named(found.phrase, request.language, self._routines)
        if known is None:
            return _refused("unknown", found.phrase, request.language)
        if isinstance(found, Start):
            return await _started(known, request, home, read)
        return await self._forget(known, request.language)

    async def _propose(self, make: Make, request: Request, home: Home, read: Read) -> Plan:
        """Read back what was understood; nothing is kept before a yes."""
        language = request.language
        fault = _Fault(Why.NOT_UNDERSTOOD, *(make.readings[0] if make.readings else ("", "")))
        for phrase, rest in make.readings:
            steps = await _steps(rest, request, read)
            if isinstance(steps, _Fault):
                fault = steps if len(make.readings) == 1 else fault
                continue
            unfit = await self._unfit(phrase, len(steps.texts), request, home, read)
            if unfit is not None:
                return _unkept(unfit, phrase, "", language)
            record = RoutineRecord(phrase, steps.texts, language, request.area)
            said = words.proposal(phrase, steps.actions, home, language)
            return Plan("routine", None, ReplyKind.QUESTION, said, proposal=record)
        if isinstance(fault.why, Problem):
            said = replies.trouble(fault.why, home, language)
            return Plan("routine", kind=ReplyKind.REFUSED, said=said)
        return _unkept(
            fault.why, make.readings[0][0] if make.readings else "", fault.step, language
        )

    async def _unfit(
        self, phrase: str, steps: int, request: Request, home: Home, read: Read
    ) -> Why | None:
        if steps > routines.MAX_STEPS:
            return Why.TOO_MANY_STEPS
        why = routines.unfit(phrase, request.language, home, self._routines)
        if why is None and await read(phrase, request.language, request.area) is not None:
            why = Why.SHADOWS
        room = self._book is not None and self._book.room
        return why or (None if room else Why.TOO_MANY)

    async def _forget(self, routine: Routine, language: str) -> Plan:
        if not routine.made or self._book is None:
            return _refused("configured", routine.name, language)
        await self._book.forget(routine.name)
        said = words.about("forgotten", routine.name, language)
        return Plan("routine", None, ReplyKind.DONE, said, lasting=True, intent="routine_deleted")


@dataclass(frozen=True, slots=True)
class _Fault:
    why: Why | Problem
    phrase: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class _Steps:
    texts: tuple[str, ...]
    actions: tuple[Action, ...]


def _followed(found: FollowUp, home: Home, language: str) -> Plan:
    if found.meaning is not None:
        rest = words.no_way_back(found.ids, home, language) if found.ids else ""
        return Plan(
            "follow_up",
            found.meaning,
            rest=rest,
            short=bool(rest),
            puts_back=found.puts_back,
            intent=found.meaning.intent,
        )
    telling = found.telling or Telling.NOTHING_DONE
    if telling is Telling.DONE:
        said = replies.deeds(found.outcomes, home, language)
    else:
        said = words.telling(telling, found.ids, home, language)
    undoing = telling not in (Telling.DONE, Telling.NOTHING_DONE)
    kind = ReplyKind.REFUSED if undoing else ReplyKind.ANSWER
    return Plan("follow_up", kind=kind, said=said, intent=f"follow_up_{telling}")


async def _started(routine: Routine, request: Request, home: Home, read: Read) -> Plan:
    """ "Run the routine ...": only where its phrase may be said, too."""
    if routines.called(routine.phrases[0], request.language, request.area, [routine]) is None:
        return _refused("elsewhere", routine.name, request.language)
    return await _run(routine, request, home, read)


async def _run(routine: Routine, request: Request, home: Home, read: Read) -> Plan:
    """All that can be done of it, and each step by name that cannot."""
    actions: list[Action] = []
    faults: list[str] = []
    for step in routine.steps[: routines.MAX_STEPS]:
        done = await _step(step, routine, request, home, read)
        if isinstance(done, str):
            faults.append(done)
        else:
            actions += done
    rest = " ".join(faults)
    if not actions:
        said = rest or words.about("nothing_in_it", routine.name, request.language)
        return Plan("routine", kind=ReplyKind.FAILED, said=said, intent="routine")
    meaning = Meaning("routine", actions=_without_overruled(actions))
    return Plan("routine", meaning, rest=rest, short=bool(rest), intent="routine")


async def _step(
    step: Step, routine: Routine, request: Request, home: Home, read: Read
) -> tuple[Action, ...] | str:
    """The actions of a step, or why it has none."""
    language = request.language
    if step.action is not None:
        problem = _impossible(step.action, home)
        if problem is None:
            return (step.action,)
        name = f"{step.action.entity_id} {step.action.command}"
        return words.not_done(name, replies.trouble(problem, home, language), language)
    here = routine.here or request.area
    meaning = await read(step.say, routine.language or language, here)
    fault = routines.step_fault(step.say, meaning)
    if fault is None and meaning is not None:
        return meaning.actions
    why = replies.trouble(fault, home, language) if isinstance(fault, Problem) else ""
    return words.not_done(step.say, why, language)


def _impossible(action: Action, home: Home) -> Problem | None:
    entity = home.entities.get(action.entity_id)
    if entity is None:
        return Problem(Trouble.UNKNOWN_DEVICE, {"name": action.entity_id})
    if not can(entity, action.command, action.params):
        return Problem(Trouble.UNSUPPORTED, {"name": entity.name})
    return None


def _without_overruled(actions: Sequence[Action]) -> tuple[Action, ...]:
    """ "Everything off, and the hall light on": the hall light is not switched twice."""
    return tuple(
        action
        for index, action in enumerate(actions)
        if action.params
        or action.command not in _ENDS
        or all(later.entity_id != action.entity_id for later in actions[index + 1 :])
    )


async def _steps(rest: str, request: Request, read: Read) -> _Steps | _Fault:
    """The steps of a list, cut where each part is a command; else what is wrong with it."""
    fault: _Fault | None = None
    for texts in ways_to_cut(rest, request.language):
        actions: list[Action] = []
        found: _Fault | None = None
        for text in texts[: routines.MAX_STEPS + 1]:
            meaning = await read(text, request.language, request.area)
            why = routines.step_fault(text, meaning)
            if why is not None:
                found = _Fault(why, step=text)
                break
            actions += meaning.actions if meaning is not None else ()
        if found is None:
            return _Steps(texts, _without_overruled(actions))
        fault = found
    return fault or _Fault(Why.NOT_UNDERSTOOD, step=rest)


def _with_meaning(
    exchange: Exchange, request: Request, reply: Reply, meaning: Meaning | None
) -> Exchange:
    """With what the sentence asked: the entities of a question, the choices that it left."""
    if meaning is None:
        return exchange
    if meaning.timer is not None and reply.kind is ReplyKind.DONE:
        return replace(exchange, lasting=True)
    if meaning.question is not None:
        return replace(exchange, question=meaning.question)
    ids = meaning.problem.facts.get("ids") if meaning.problem is not None else None
    if isinstance(ids, list):
        return replace(exchange, text=request.text, choices=tuple(map(str, ids)))
    return exchange


def _refused(key: str, phrase: str, language: str) -> Plan:
    return Plan("routine", kind=ReplyKind.REFUSED, said=words.about(key, phrase, language))


def _unkept(why: Why, phrase: str, step: str, language: str) -> Plan:
    said = words.unfit(why, phrase, step, language)
    return Plan("routine", kind=ReplyKind.REFUSED, said=said, intent=f"routine_{why}")
