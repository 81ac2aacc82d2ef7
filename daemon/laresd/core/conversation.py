"""What was said and done at a place a moment ago: what "it", "again" and "undo that" are about.

Pure values, in memory only: a conversation keeps a few exchanges for a short time, and the memory
keeps a few conversations. Time comes in as an argument (monotonic seconds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from laresd.core.intent.meaning import Question
from laresd.types import Action, EntityState, Home, Outcome, Request, RoutineRecord, Status

MAX_EXCHANGES = 5
MAX_SECONDS = 120.0
MAX_CONVERSATIONS = 64

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Deed:
    """One action, what came of it, and what the device had reported before."""

    action: Action
    status: Status
    before: EntityState


@dataclass(frozen=True, slots=True)
class Proposal:
    """A routine as it was read back to somebody. `until`: when a yes comes too late."""

    routine: RoutineRecord
    user: str
    until: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it. `at`: when it was answered.

    `text`: only where it may be needed again, with `choices`: the entities between which it was
    asked back. `undone`: it was put back already, or is itself what put something back. `lasting`:
    it changed something that cannot be put back (a timer, a routine). `proposal`: a routine that
    waits for yes or no.
    """

    at: float
    text: str
    language: str
    intent: str = ""
    request_id: str = ""
    deeds: tuple[Deed, ...] = ()
    question: Question | None = None
    choices: tuple[str, ...] = ()
    undone: bool = False
    lasting: bool = False
    proposal: Proposal | None = None

    @property
    def topic(self) -> tuple[str, ...]:
        """The entities that it was about, each once."""
        asked = self.question.entity_ids if self.question is not None else ()
        return tuple(dict.fromkeys((*(deed.action.entity_id for deed in self.deeds), *asked)))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of its actions, to be told again."""
        return tuple(Outcome(deed.action, deed.status) for deed in self.deeds)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Some exchanges, the latest last."""

    exchanges: tuple[Exchange, ...] = ()

    @property
    def latest(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    @property
    def acted(self) -> Exchange | None:
        """The latest one in which something was to change."""
        found = [item for item in self.exchanges if item.deeds or item.lasting]
        return found[-1] if found else None

    @property
    def about(self) -> Exchange | None:
        """The latest one that was about any entity."""
        found = [item for item in self.exchanges if item.topic]
        return found[-1] if found else None

    def fresh(self, now: float) -> Conversation:
        """Without what is older than MAX_SECONDS."""
        kept = tuple(item for item in self.exchanges if now - item.at <= MAX_SECONDS)
        return self if len(kept) == len(self.exchanges) else Conversation(kept)

    def after(self, exchange: Exchange) -> Conversation:
        """With this exchange as the latest, in the place of one of the same request."""
        others = self.without(exchange.request_id) if exchange.request_id else self
        return Conversation((*others.exchanges, exchange)[-MAX_EXCHANGES:])

    def without(self, request_id: str) -> Conversation:
        return Conversation(tuple(e for e in self.exchanges if e.request_id != request_id))

    def before_latest(self) -> Conversation:
        return Conversation(self.exchanges[:-1])

    def with_undone(self) -> Conversation:
        """The same with `acted` marked as put back."""
        wanted = self.acted
        return Conversation(
            tuple(replace(e, undone=True) if e is wanted else e for e in self.exchanges)
        )

    def with_proposal_taken(self) -> Conversation:
        """The same with no question open: it can be answered only once."""
        latest = self.latest
        if latest is None or latest.proposal is None:
            return self
        return Conversation((*self.exchanges[:-1], replace(latest, proposal=None)))


@dataclass(frozen=True, slots=True)
class Memory:
    """The conversations, the one last spoken in at the end."""

    conversations: Mapping[Key, Conversation] = field(
        default_factory=lambda: MappingProxyType({}),
    )

    def at(self, key: Key, now: float) -> Conversation:
        """What is remembered there; empty when nothing fresh is."""
        return self.conversations.get(key, Conversation()).fresh(now)

    def with_(self, key: Key, conversation: Conversation) -> Memory:
        """With this conversation; the one that was silent for longest makes room for it."""
        kept = {known: item for known, item in self.conversations.items() if known != key}
        kept[key] = conversation
        for oldest in list(kept)[: max(0, len(kept) - MAX_CONVERSATIONS)]:
            del kept[oldest]
        return Memory(MappingProxyType(kept))


def key_of(request: Request) -> Key:
    """Where it was said: what a program did is not what "it" means in the room."""
    return (request.source, request.site, request.conversation)


def deeds_of(outcomes: Sequence[Outcome], before: Home) -> tuple[Deed, ...]:
    """What was done, with the states of `before` the actions."""
    return tuple(
        Deed(outcome.action, outcome.status, before.state(outcome.action.entity_id))
        for outcome in outcomes
    )
