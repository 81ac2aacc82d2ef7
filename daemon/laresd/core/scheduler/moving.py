"""Whether an answer that is being computed should go on at another engine. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from laresd.core.scheduler.offers import (
    Box,
    Candidate,
    Job,
    Offer,
    finite,
    queue_s,
    token_s,
    why_not,
)
from laresd.core.scheduler.thermal import FAIR, Weather
from laresd.core.scheduler.words import seconds
from laresd.jobs import Policy

CLEARLY_S = 2.0  # a move saves at least that much,
CLEARLY = 0.3  # and at least that share of what is left


@dataclass(frozen=True, slots=True)
class Running:
    """An answer that is being computed. `job` as it was asked, with `seconds_left` as of now.
    `said_tokens` of it are there, `remaining_tokens` are expected. `first_in_s`: until its first
    token, where none is there yet.
    """

    job: Job
    said_tokens: float
    remaining_tokens: float
    first_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """That it pays to let another engine go on. Both in seconds from now, to the end."""

    stay_s: float
    move_s: float
    why: str


def worth_moving(
    running: Running, here: Offer, there: Offer, box: Box, weather: Weather = FAIR
) -> Move | None:
    """Whether an answer that `here` computes should go on `there`; None: it stays.

    It must pay clearly, since it costs a prefill of all that was said: CLEARLY_S and CLEARLY of
    what is left, or the deadline. Policies that prefer where it is move only for the deadline.
    """
    job = replace(
        running.job,
        resume=running.job.resume or running.said_tokens > 0,
        output_tokens=running.said_tokens + running.remaining_tokens,
    )
    if here.name == there.name or there.asleep or why_not(job, there, box):
        return None
    slowdown = weather.slowdown if here.local else 1.0
    stay_s = running.first_in_s + running.remaining_tokens * token_s(here, slowdown, already=1)
    move_s = _rest_s(running, there, weather)
    policy = job.routing.policy or box.policy
    if not pays(policy, finite(stay_s), move_s, job.seconds_left, to_local=there.local):
        return None
    why = f"{there.title}: done in {seconds(move_s)}, {here.title} in {seconds(stay_s)}"
    return Move(finite(stay_s), move_s, why)


def taken_over_s(job: Job, start: Candidate, sleeper: Candidate, weather: Weather) -> float:
    """Until the end, when the sleeper takes over as soon as it serves; infinite when there is
    nothing left by then.
    """
    wake_s = sleeper.offer.wake_s or 0.0
    slowdown = weather.slowdown if start.local else 1.0
    begun_s = wake_s - start.forecast.first_token_s
    said = 0.0 if begun_s < 0 else 1 + begun_s / token_s(start.offer, slowdown)
    if said >= job.output_tokens:
        return math.inf
    running = Running(job, said, job.output_tokens - said)
    return finite(wake_s + _rest_s(running, sleeper.offer, weather))


def _rest_s(running: Running, there: Offer, weather: Weather) -> float:
    """To the end of an answer that goes on there, once it is awake."""
    slowdown = weather.slowdown if there.local else 1.0
    prompt = running.job.prompt_tokens + running.said_tokens
    first_s = there.speeds.first_token_s(max(prompt - there.cached_tokens, 0.0)) * slowdown
    further_s = max(running.remaining_tokens - 1, 0.0) * token_s(there, slowdown)
    return finite(there.round_trip_s + queue_s(there, slowdown) + first_s + further_s)


def pays(
    policy: Policy, stay_s: float, move_s: float, seconds_left: float, *, to_local: bool
) -> bool:
    rescued = stay_s > seconds_left >= move_s and move_s <= 0.9 * stay_s
    settled = {
        Policy.FASTEST: False,
        Policy.GREENEST: True,
        Policy.LOCAL_FIRST: not to_local,
        Policy.HOST_FIRST: to_local,
    }
    if settled[policy]:
        return rescued
    return rescued or (stay_s - move_s >= CLEARLY_S and move_s <= (1 - CLEARLY) * stay_s)
