"""An engine as it offers itself for a job: whether it may and can, and what it would take. Pure.

Privacy comes before everything: `too_far` is asked of every offer, by every decision of this
package that could bring a job to another machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from laresd.core.scheduler.speeds import Speeds
from laresd.core.scheduler.thermal import FAIR, Weather
from laresd.jobs import ANYWHERE, JobKind, Policy, Reach, Routing
from laresd.types import Priority

FOREVER_S = 1e9  # no forecast is longer


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be placed. `prompt_tokens` as the local model counts them, `output_tokens` as many
    as are expected; for other kinds than text and embeddings a measure of the job's size as the
    engine's Speeds know it, and 0. `seconds_left` to the deadline.

    What an engine must be able to do: hold an answer to a grammar, which is told in the languages
    `grammars` (GrammarKinds as words; none: there is no grammar); call `tools`;
    `resume` an answer that has begun; be of the `same_model` as this box.
    """

    kind: JobKind
    priority: Priority = Priority.INTERACTIVE
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0
    seconds_left: float = math.inf
    routing: Routing = ANYWHERE
    grammars: frozenset[str] = frozenset()
    tools: bool = False
    resume: bool = False
    same_model: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """An engine as it is now, for one job. Every host has another name.

    `excluded`: why it takes no work at all now, in words (its breaker is open, half-open it takes
    only a probe, it is not reached); "": it does. `wake_s`: until it would serve, None: it is
    awake. `cached_tokens`: of this job's prompt. `running` and `waiting` count what this job would
    stand beside and behind, so without what gives way to it; `slots` run side by side. `watts`
    while it computes, `price` of 1000 tokens. `context`: tokens, 0 for unknown.
    """

    name: str
    local: bool
    jobs: frozenset[JobKind]
    speeds: Speeds
    excluded: str = ""
    wake_s: float | None = None
    cached_tokens: float = 0.0
    running: int = 0
    waiting: int = 0
    slots: int = 1
    round_trip_s: float = 0.0
    watts: float = 0.0
    price: float = 0.0
    context: int = 0
    grammars: frozenset[str] = frozenset()
    tools: bool = False
    resumes: bool = False
    same_model: bool = False

    @property
    def title(self) -> str:
        """How words for a person call it."""
        return "this box" if self.local else self.name

    @property
    def asleep(self) -> bool:
        return self.wake_s is not None


@dataclass(frozen=True, slots=True)
class Box:
    """What the box's configuration says of places."""

    policy: Policy = Policy.FASTEST
    reach: Reach = Reach.LAN


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds from now, joules, and the operator's currency; all finite and at least 0."""

    first_token_s: float
    first_token_p95_s: float
    completion_s: float
    joules: float
    price: float

    @property
    def surely_s(self) -> float:
        """The completion when the first token comes at its p95."""
        return self.completion_s + self.first_token_p95_s - self.first_token_s


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine that may and can do the job. `keeps`: the deadline, with a margin."""

    offer: Offer
    forecast: Forecast
    keeps: bool

    @property
    def name(self) -> str:
        return self.offer.name

    @property
    def title(self) -> str:
        return self.offer.title

    @property
    def local(self) -> bool:
        return self.offer.local


def too_far(routing: Routing, box: Box, offer: Offer) -> str:
    """Why this job must not be brought there, whatever else is the case; "" when it may."""
    if offer.local:
        return ""
    if Reach.DEVICE in (routing.reach, box.reach):
        return "the request is private: it does not leave this box"
    if routing.hosts and offer.name not in routing.hosts:
        return "the request names other hosts"
    return ""


def why_not(job: Job, offer: Offer, box: Box) -> str:
    """Why this engine does not do it, in words; "" when it may and can."""
    return too_far(job.routing, box, offer) or offer.excluded or _cannot(job, offer)


def forecast(job: Job, offer: Offer, weather: Weather = FAIR) -> Forecast:
    """What it would take there."""
    speeds = offer.speeds
    slowdown = weather.slowdown if offer.local else 1.0
    fresh = max(job.prompt_tokens - offer.cached_tokens, 0.0)
    first_s = speeds.first_token_s(fresh) * slowdown
    further_s = max(job.output_tokens - 1, 0.0) * token_s(offer, slowdown)
    waited_s = queue_s(offer, slowdown)
    away_s = offer.round_trip_s + (offer.wake_s or 0.0)
    first_token_s = away_s + waited_s + first_s
    on_s = first_s + further_s + (offer.wake_s or 0.0)  # waking costs energy, too
    tokens = fresh + max(job.output_tokens, 0.0)
    return Forecast(
        first_token_s=finite(first_token_s),
        first_token_p95_s=finite(away_s + (waited_s + first_s) * speeds.late),
        completion_s=finite(first_token_s + further_s),
        joules=finite(offer.watts * on_s),
        price=finite(offer.price * tokens / 1000),
    )


def _cannot(job: Job, offer: Offer) -> str:
    needed = job.prompt_tokens + job.output_tokens
    rules = (
        (job.kind in offer.jobs, "it does not do that kind of work"),
        (
            offer.context <= 0 or needed <= offer.context,
            f"its context holds {offer.context} tokens, {needed:.0f} are needed",
        ),
        (
            not job.grammars or bool(job.grammars & offer.grammars),
            f"it cannot hold an answer to a grammar ({', '.join(sorted(job.grammars))})",
        ),
        (offer.tools or not job.tools, "it cannot call tools"),
        (offer.resumes or not job.resume, "it cannot go on from an answer that has begun"),
        (offer.same_model or not job.same_model, "it has another model"),
    )
    return next((why for kept, why in rules if not kept), "")


def token_s(offer: Offer, slowdown: float, *, already: int = 0) -> float:
    """Of one more token; `already` of those that run are the answer itself."""
    beside = min(offer.running - already, max(offer.slots, 1) - 1)
    return offer.speeds.token_s(max(beside, 0)) * slowdown


def queue_s(offer: Offer, slowdown: float) -> float:
    """Until there is a free slot: so many jobs have to end first, and end one after the other."""
    slots = max(offer.slots, 1)
    before = offer.running + offer.waiting - slots + 1
    return max(before, 0) * offer.speeds.job_s / slots * slowdown


def finite(value: float) -> float:
    """Also for what is not a number: it is the worst."""
    return max(value, 0.0) if value < FOREVER_S else FOREVER_S
