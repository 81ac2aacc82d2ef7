"""What is said: what happened, what did not, and answers, in the language of the request."""

from laresd.core.replies.answers import answer
from laresd.core.replies.books import phrasebook
from laresd.core.replies.deeds import deeds, kind_of
from laresd.core.replies.troubles import (
    broken_off,
    failure,
    not_understood,
    out_of_time,
    talk,
    trouble,
)

__all__ = [
    "answer",
    "broken_off",
    "deeds",
    "failure",
    "kind_of",
    "not_understood",
    "out_of_time",
    "phrasebook",
    "talk",
    "trouble",
]
