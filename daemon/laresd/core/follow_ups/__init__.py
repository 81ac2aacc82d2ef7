"""Sentences that mean something only after another one: "turn it back on", "and the bedroom".

Each is resolved against what was said and done at the same place a moment ago, and only where that
leaves no doubt; else it is asked back, or not understood. What could open the house is never done
on a follow-up: its full name is asked for.
"""

from laresd.core.follow_ups.result import FollowUp, Telling
from laresd.core.follow_ups.understanding import understand

__all__ = ["FollowUp", "Telling", "understand"]
