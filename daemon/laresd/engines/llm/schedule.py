"""What the next batch computes. Pure: it is told how long each request has waited.

Voice goes before interactive, then automation, then background; those of one class share the
batch. A request that has not moved for `AGE_S` seconds counts as one class higher for its next
batch, so that none starves. Those that decode come first, a token each costs little; what room is
left goes to one prompt at a time, so that the first is finished first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.types import Priority

RANKS = {priority: rank for rank, priority in enumerate(Priority)}  # 0: voice, the first
AGE_S = 20.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that could be in the next batch, of a class by `RANKS`.

    `waited`: seconds since it last was in one. `pending`: known tokens that are not computed, one
    or more; `draft`: guessed ones after them.
    """

    key: int
    rank: int
    waited: float
    pending: int
    draft: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What of a request the batch takes: `tokens` of its pending ones, and its draft or not."""

    key: int
    tokens: int
    draft: int = 0


def plan(ready: Sequence[Ready], *, most: int, slice_: int) -> list[Share]:
    """The shares of the next batch, of at most `most` tokens.

    `slice_`: tokens of a prompt at a time where a whole batch of it would hold others up: those
    that decode beside it, or a voice that arrives meanwhile.
    """
    if not ready:
        return []
    first = min(standing(request.rank, request.waited) for request in ready)
    taken = [request for request in ready if standing(request.rank, request.waited) == first]
    decoding = [request for request in taken if request.pending + request.draft <= _SHORT]
    prompts = [request for request in taken if request.pending + request.draft > _SHORT]
    shares: list[Share] = []
    room = most
    for request in sorted(decoding, key=lambda r: -r.waited):
        if request.pending > room:
            break
        draft = min(request.draft, room - request.pending)
        shares.append(Share(request.key, request.pending, draft))
        room -= request.pending + draft
    if first > 0 or shares:
        room = min(room, slice_)
    for request in sorted(prompts, key=lambda r: r.key):
        if room > 0:
            tokens = min(room, request.pending)
            shares.append(Share(request.key, tokens))
            room -= tokens
    return shares


_SHORT = 32  # tokens; what decodes, with what its grammar forces and its draft


def standing(rank: int, waited: float) -> int:
    """The rank that a request counts as after so many seconds without a batch."""
    return max(0, rank - int(waited / AGE_S))
