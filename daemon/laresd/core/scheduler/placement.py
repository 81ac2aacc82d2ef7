"""Where a job is computed: the choice among the engines that offer themselves, and why. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from laresd.core.scheduler.moving import pays, taken_over_s
from laresd.core.scheduler.offers import Box, Candidate, Job, Offer, forecast, why_not
from laresd.core.scheduler.thermal import FAIR, Weather
from laresd.core.scheduler.words import joules, seconds
from laresd.errors import LaresError, Temporary
from laresd.generation import LOCAL
from laresd.jobs import JobKind, Policy, Reach
from laresd.types import Priority

_URGENT = (Priority.VOICE, Priority.INTERACTIVE)


class Reason(StrEnum):
    """Why there, in one word: placements are counted by it."""

    PRIVATE = "private"  # it may be computed nowhere else
    ONLY = "only"  # nobody else can
    HOT = "hot"  # the box is too hot for what nobody waits for
    DEADLINE = "deadline"  # what the policy prefers would be late
    AWAKE = "awake"  # the best one sleeps, and may take over when it is woken
    FASTEST = "fastest"
    GREENEST = "greenest"
    LOCAL_FIRST = "local-first"
    HOST_FIRST = "host-first"


@dataclass(frozen=True, slots=True)
class Exclusion:
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Placement:
    """`chosen` does it (and has to be woken first where it is asleep). `runner_up`: the next best,
    awake, None where there is none. `wake`: the host to wake now, since the job can be moved to it
    when it is there, or since it is chosen; "": none.
    """

    chosen: Candidate
    reason: Reason
    why: str
    runner_up: Candidate | None = None
    wake: str = ""
    excluded: tuple[Exclusion, ...] = ()

    @property
    def where(self) -> str:
        return self.chosen.name


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Nobody can do it; `why` says for each engine why not."""

    why: str
    excluded: tuple[Exclusion, ...] = ()


def place(
    job: Job, offers: Sequence[Offer], box: Box, weather: Weather = FAIR
) -> Placement | Nowhere:
    """Where it is computed. Ties go to the box itself, then by name."""
    able: list[Candidate] = []
    excluded: list[Exclusion] = []
    for offer in offers:
        if why := why_not(job, offer, box):
            excluded.append(Exclusion(offer.name, why))
        else:
            able.append(_candidate(job, offer, weather))
    cooled = _cooled(job, able, weather)
    hot = len(cooled) < len(able)
    if hot:
        excluded += [Exclusion(c.name, weather.why) for c in able if c.local]
    if not cooled:
        return Nowhere(_nobody(excluded), tuple(excluded))
    policy = job.routing.policy or box.policy
    ranked = sorted(cooled, key=lambda candidate: _rank(policy, candidate))
    chosen = _start(policy, job, ranked)
    wake = chosen.name if chosen.offer.asleep else _woken(policy, job, chosen, ranked, weather)
    others = [c for c in ranked if c is not chosen]
    runner_up = next((c for c in others if not c.offer.asleep), None)
    private = Reach.DEVICE in (job.routing.reach, box.reach)
    first = Reason.PRIVATE if private else Reason.HOT if hot else None
    reason = first or _reason(policy, chosen, ranked)
    rival = _rival(reason, chosen, others)
    why = _why(reason, job, chosen, rival, weather) + _wake_words(chosen, wake, ranked)
    return Placement(chosen, reason, why, runner_up, wake, tuple(excluded))


def _candidate(job: Job, offer: Offer, weather: Weather) -> Candidate:
    told = forecast(job, offer, weather)
    return Candidate(offer, told, keeps=told.surely_s <= job.seconds_left)


def _cooled(job: Job, able: list[Candidate], weather: Weather) -> list[Candidate]:
    """Without the box, where it is too hot for this job and a host can do it."""
    if not weather.urgent_only or job.priority in _URGENT:
        return able
    hosts = [c for c in able if not c.local]
    in_time = any(c.keeps for c in hosts)
    late_anyway = any(not c.offer.asleep for c in hosts) and not any(c.keeps for c in able)
    return hosts if in_time or late_anyway else able


def _rank(policy: Policy, candidate: Candidate) -> tuple[float, float, float, bool, str]:
    """The less, the better."""
    told, keeps = candidate.forecast, candidate.keeps
    late, preferred = 0.0, 0.0
    if policy is not Policy.FASTEST:
        late = 0.0 if keeps else 1.0
    if policy is Policy.GREENEST and keeps:
        preferred = told.joules
    elif policy is Policy.LOCAL_FIRST and keeps:
        preferred = 0.0 if candidate.local else 1.0
    elif policy is Policy.HOST_FIRST and keeps:
        preferred = 1.0 if candidate.local else 0.0
    return late, preferred, told.completion_s, not candidate.local, candidate.name


def _start(policy: Policy, job: Job, ranked: Sequence[Candidate]) -> Candidate:
    """The best one; where that has to be woken and can take a begun answer over, the best of those
    that are awake: it begins at once. Not where energy counts, since both would compute.
    """
    best = ranked[0]
    if policy is Policy.GREENEST and best.keeps:
        return best
    if best.offer.asleep and job.kind is JobKind.TEXT and best.offer.resumes:
        return next((c for c in ranked if not c.offer.asleep), best)
    return best


def _woken(
    policy: Policy, job: Job, start: Candidate, ranked: Sequence[Candidate], weather: Weather
) -> str:
    """The sleeping host to which it pays to move the answer when it is awake; "" for none."""
    if job.kind is not JobKind.TEXT:
        return ""
    best, best_s = "", math.inf
    stay_s = start.forecast.completion_s
    for candidate in ranked:
        if not (candidate.offer.asleep and candidate.offer.resumes):
            continue
        move_s = taken_over_s(job, start, candidate, weather)
        left_s = job.seconds_left
        if move_s < best_s and pays(policy, stay_s, move_s, left_s, to_local=candidate.local):
            best, best_s = candidate.name, move_s
    return best


def _reason(policy: Policy, chosen: Candidate, ranked: Sequence[Candidate]) -> Reason:
    if len(ranked) == 1:
        return Reason.ONLY
    if chosen is not ranked[0]:
        return Reason.AWAKE
    if policy is Policy.FASTEST:
        return Reason.FASTEST
    if policy is Policy.GREENEST:
        return Reason.GREENEST if chosen.keeps else Reason.DEADLINE
    wants_local = policy is Policy.LOCAL_FIRST
    if not any(c.local is wants_local for c in ranked):
        return Reason.FASTEST
    return Reason(policy.value) if chosen.local is wants_local and chosen.keeps else Reason.DEADLINE


def _rival(reason: Reason, chosen: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """The one to compare with: the next best, or the preferred one that would be late."""
    if reason is Reason.DEADLINE:
        late = [c for c in others if c.local is not chosen.local]
        return next(iter([*late, *others]), None)
    return next(iter(others), None)


def _why(
    reason: Reason, job: Job, chosen: Candidate, rival: Candidate | None, weather: Weather
) -> str:
    if reason is Reason.PRIVATE:
        return f"{chosen.title}: the request is private"
    done_s = seconds(chosen.forecast.completion_s)
    if reason is Reason.GREENEST and rival is not None:
        late = "" if rival.keeps else f", but late ({seconds(rival.forecast.completion_s)})"
        spent = f"takes {joules(chosen.forecast.joules)} in {done_s}"
        return f"{chosen.title}: {spent}, {rival.title} {joules(rival.forecast.joules)}{late}"
    verb = "answers" if job.kind is JobKind.TEXT else "is done"
    return f"{chosen.title}: {verb} in {done_s}{_compared(reason, job, rival, weather)}"


def _compared(reason: Reason, job: Job, rival: Candidate | None, weather: Weather) -> str:
    if reason is Reason.HOT:
        return f"; {weather.why}"
    if rival is None:
        return ", and nobody else can"
    other = f"{rival.title} in {seconds(rival.forecast.completion_s)}"
    if reason is Reason.DEADLINE:
        return f", {other}; there are {seconds(job.seconds_left)}"
    if reason in (Reason.LOCAL_FIRST, Reason.HOST_FIRST):
        return f", which is in time, and comes first; {other}"
    return f", {other}"


def _wake_words(chosen: Candidate, wake: str, ranked: Sequence[Candidate]) -> str:
    if not wake:
        return ""
    wake_s = next(c.offer.wake_s or 0.0 for c in ranked if c.name == wake)
    if chosen.name == wake:
        return f"; it is woken, which takes {seconds(wake_s)}"
    return f"; {wake} is woken and may take over in {seconds(wake_s)}"


def nobody(nowhere: Nowhere, errors: Mapping[str, LaresError]) -> LaresError:
    """What is told then. `errors`: of those that tried, by engine: the box's own says most."""
    if LOCAL in errors:
        return errors[LOCAL]
    if errors:
        return [*errors.values()][-1]
    why = f"nobody can do this now: {nowhere.why}"
    return Temporary(why, remedy="see `lares hosts` and its verdicts")


def _nobody(excluded: Sequence[Exclusion]) -> str:
    if not excluded:
        return "there is no engine for it"
    return "; ".join(f"{each.name}: {each.why}" for each in excluded)
