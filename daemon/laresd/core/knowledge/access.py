"""Which collections somebody may ask. Pure.

Whoever asks sees nothing of what is not for them: a collection that they may not ask and one that
does not exist are refused in the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from laresd.documents import Collection
from laresd.errors import Refused
from laresd.types import Request


def askable(
    collections: Sequence[Collection], request: Request, named: Sequence[str] = ()
) -> tuple[str, ...]:
    """Those named, or all that the asker may ask. Raises Refused when one that is named is not
    among them.
    """
    allowed = tuple(each.name for each in collections if may_ask(each, request))
    if not named:
        return allowed
    for name in named:
        if name not in allowed:
            raise Refused(
                "there is no such collection that may be asked from here",
                remedy="`lares kb list` on the box names them and says who may ask",
            )
    return tuple(dict.fromkeys(named))


def may_ask(collection: Collection, request: Request) -> bool:
    """Site, user and program must each fit a pattern, where there are any. Somebody unknown fits
    no pattern but `*`.
    """
    return (
        _fits(collection.sites, request.site)
        and _fits(collection.users, request.user)
        and _fits(collection.programs, request.source)
    )


def _fits(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
