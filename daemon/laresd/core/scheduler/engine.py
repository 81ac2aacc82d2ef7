"""One engine, the box's own or a host: what was learned of it, and what it offers now."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from laresd.core.scheduler.breaker import Breaker
from laresd.core.scheduler.known_prefixes import KnownPrefixes
from laresd.core.scheduler.offers import Offer
from laresd.core.scheduler.speeds import Observation, Speeds
from laresd.generation import LOCAL, GrammarKind
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.ports import Host, LocalModel
from laresd.types import Priority

THIS_BOX = LOCAL
_UNKNOWN = HostFacts(HostKind.OPENAI, frozenset({JobKind.TEXT}))  # until it was seen awake


class State(StrEnum):
    """What `lares hosts` says of it in one word."""

    READY = "ready"
    BUSY = "busy"
    ASLEEP = "asleep"
    WAKING = "waking"
    DOWN = "down"
    SUSPECT = "suspect"  # it answers, but is not believed to compute


def this_box(local: LocalModel | None, *, context: int, watts: float) -> Engine:
    """The box as an engine: always there, and never doubted, since its workers are supervised."""
    engine = Engine(THIS_BOX, None, local)
    jobs = {JobKind.TRANSCRIBE, JobKind.SPEAK, JobKind.EMBED}
    engine.facts = HostFacts(
        HostKind.LLAMA_SERVER,
        frozenset(jobs | {JobKind.TEXT} if local is not None else jobs),
        same_model=True,
        slots=8,
        grammars=frozenset(map(str, GrammarKind)),
        tools=True,
        resumes=True,
    )
    engine.context, engine.watts, engine.proven = context, watts, True
    return engine


class Engine:
    """Owned by the pool; others read. `model` computes text, None: it does not; `host` None: it is
    this box.

    `facts`: of the last probe that came back; `unreached`: why the last one did not, "" when it
    did. `proven`: it has generated a token since it was last away. `jobs`: from here, by class.
    Times: monotonic seconds.
    """

    def __init__(self, name: str, host: Host | None, model: LocalModel | None = None) -> None:
        self.name, self.host = name, host
        self.model: LocalModel | Host | None = host or model
        self.facts: HostFacts | None = None
        self.unreached = "" if host is None else "it has not been looked at yet"
        self.proven, self.proven_at = False, 0.0
        self.reached_at = self.worked_at = 0.0
        self.jobs: Counter[Priority] = Counter()
        self.waking_until: float | None = None
        self.breaker = Breaker()
        self.prefixes = KnownPrefixes()
        self.context = 0
        costs = host.costs if host is not None else HostCosts()
        self.watts, self.price = costs.watts, costs.price
        self._speeds: dict[JobKind, Speeds] = {}
        self._busy_s, self._busy_since = 0.0, 0.0

    def begin(self, priority: Priority, now: float) -> None:
        """One more job from here."""
        if not self.running:
            self._busy_since = now
        self.jobs[priority] += 1
        self.worked_at = now

    def end(self, priority: Priority, now: float) -> None:
        self.jobs[priority] -= 1
        self.worked_at = now
        if not self.running:
            self._busy_s += now - self._busy_since

    def busy_s(self, now: float) -> float:
        """Seconds in which it had a job from here, since the start."""
        return self._busy_s + (now - self._busy_since if self.running else 0.0)

    @property
    def running(self) -> int:
        """Jobs from here."""
        return self.jobs.total()

    @property
    def full(self) -> bool:
        """Whether one more job would wait for its turn, as far as the last probe tells."""
        facts = self.facts
        return facts is not None and max(self.running, facts.running) >= facts.slots

    def speeds(self, kind: JobKind = JobKind.TEXT) -> Speeds:
        facts = None if self.host is None else self.facts
        return self._speeds.get(kind) or Speeds.expected(kind, facts)

    def learn(self, kind: JobKind, seen: Observation) -> None:
        self._speeds[kind] = self.speeds(kind).observed(seen)

    def found(self, facts: HostFacts) -> None:
        """A probe came back. Another model than before: nothing that was learned holds."""
        before = self.facts
        if before is not None and (before.model, before.identity) != (facts.model, facts.identity):
            self._speeds, self.prefixes, self.proven = {}, KnownPrefixes(), False
        self.facts, self.unreached, self.waking_until = facts, "", None
        self.context = facts.context

    def state(self, now: float) -> State:
        if self.waking_until is not None:
            return State.WAKING
        if self.unreached:
            can_wake = self.host is not None and self.host.costs.wake_s is not None
            return State.ASLEEP if can_wake and self.breaker.takes_jobs(now) else State.DOWN
        if not self.proven or not self.breaker.takes_jobs(now):
            return State.SUSPECT
        return State.BUSY if self.full else State.READY

    def verdict(self, now: float) -> str:
        """The state in words for a person."""
        match self.state(now):
            case State.READY:
                return "takes work"
            case State.BUSY:
                return "takes work, which waits its turn"
            case State.ASLEEP:
                return "asleep; woken when that pays"
            case State.WAKING:
                return "being woken"
            case State.SUSPECT:
                return self.breaker.why(now) or "has not generated a token yet"
            case State.DOWN:
                return self.breaker.why(now) or self.unreached

    def offer(
        self,
        now: float,
        priority: Priority,
        *,
        kind: JobKind = JobKind.TEXT,
        cached_tokens: float = 0.0,
        excluded: str = "",
    ) -> Offer:
        """`excluded`: why it is out of the question for this job; "": it is not."""
        facts = self.facts or _UNKNOWN
        state = self.state(now)
        if not excluded and state in (State.DOWN, State.SUSPECT):
            excluded = self.verdict(now)
        return Offer(
            name=self.name,
            local=self.host is None,
            jobs=facts.jobs,
            speeds=self.speeds(kind),
            excluded=excluded,
            wake_s=self._wake_s(now, state),
            cached_tokens=cached_tokens,
            running=max(self._beside(priority), facts.running),
            waiting=facts.waiting,
            slots=facts.slots,
            round_trip_s=facts.round_trip_s,
            watts=self.watts,
            price=self.price,
            context=self.context,
            grammars=facts.grammars,
            tools=facts.tools,
            resumes=facts.resumes,
            same_model=facts.same_model,
        )

    def _beside(self, priority: Priority) -> int:
        """Jobs from here that do not give way to one of this class: hosts know no classes."""
        if self.host is not None:
            return self.running
        classes = list(Priority)
        above = classes[: classes.index(priority) + 1]
        return sum(self.jobs[each] for each in above)

    def _wake_s(self, now: float, state: State) -> float | None:
        wake_s = self.host.costs.wake_s if self.host is not None else None
        if wake_s is None or state not in (State.ASLEEP, State.WAKING):
            return None
        if self.waking_until is None:
            return wake_s
        return max(self.waking_until - wake_s - now, 1.0)  # `waking_until` is twice as long
