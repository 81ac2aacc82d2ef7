"""How dangerous an action is: decided after understanding, whoever proposed the action."""

from laresd.core.risk.classes import Asker, Risk, Verdict, Why
from laresd.core.risk.classify import Judged, classify, judged
from laresd.core.risk.configured import rules_of
from laresd.core.risk.rules import Limits, Policy, Rule, Rules, Target

__all__ = [
    "Asker",
    "Judged",
    "Limits",
    "Policy",
    "Risk",
    "Rule",
    "Rules",
    "Target",
    "Verdict",
    "Why",
    "classify",
    "judged",
    "rules_of",
]
