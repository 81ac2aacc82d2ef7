"""The class of an action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from laresd.core.risk.classes import Asker, Risk, Verdict, Why
from laresd.core.risk.rules import Rule, Rules
from laresd.types import Action, Entity, Home


@dataclass(frozen=True, slots=True)
class Judged:
    """An action and its class."""

    action: Action
    verdict: Verdict


def judged(
    actions: Sequence[Action], home: Home, rules: Rules, now: datetime, asker: Asker
) -> tuple[Judged, ...]:
    """Each of the actions with its class, in their order."""
    return tuple(
        Judged(action, classify(action, home.entities.get(action.entity_id), rules, now, asker))
        for action in actions
    )


def classify(
    action: Action, entity: Entity | None, rules: Rules, now: datetime, asker: Asker
) -> Verdict:
    """What the action needs before it is done; `now` is local time. Knows no model and no text."""
    if entity is None or entity.entity_id != action.entity_id:
        return Verdict(Risk.NEVER, Why.UNKNOWN_DEVICE)
    named = [policy for policy in rules.policies if policy.names(asker)]
    if named and not any(policy.target.fits(action, entity) for policy in named):
        return Verdict(Risk.NEVER, Why.POLICY, named[0].name)
    for rule in rules.own:
        if rule.target.fits(action, entity):
            return _by(rule, now, asker)
    fitting = [rule for rule in rules.defaults if rule.target.fits(action, entity)]
    verdicts = [_by(rule, now, asker) for rule in fitting]
    return max(verdicts, key=lambda verdict: verdict.risk.rank, default=Verdict(Risk.FREE))


def _by(rule: Rule, now: datetime, asker: Asker) -> Verdict:
    broken = rule.limits.broken(asker, now)
    if broken is None:
        return Verdict(rule.risk, Why.RULE, rule.name)
    return Verdict(rule.otherwise, broken, rule.name)
