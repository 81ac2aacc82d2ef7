"""What the next batch computes. Pure: it is told how long each request has waited.

Voice goes before interactive, then automation, then background; those of one class share the
batch. A request that has not moved for `AGE_S` seconds counts as one class higher for its next
batch, so that none starves. Those that decode come first, a token each costs little; what room is
left goes to one prompt at a time, so that the first is finished first, and then to drafts.
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
    or more; `draft`: guessed ones after them. `adapter`: a batch has requests of one only.
    """

    key: int
    rank: int
    waited: float
    pending: int
    draft: int = 0
    adapter: str = ""


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
    adapter = max(taken, key=lambda request: request.waited).adapter
    taken = [request for request in taken if request.adapter == adapter]
    decoding = [request for request in taken if request.pending <= _SHORT]
    prompts = [request for request in taken if request.pending > _SHORT]
    tokens: dict[int, int] = {}
    room = most - most // _FOR_PROMPTS if prompts else most
    for request in sorted(decoding, key=lambda r: -r.waited):
        tokens[request.key] = min(request.pending, room)
        room -= tokens[request.key]
    room = most - sum(tokens.values())
    if first > 0 or decoding:
        room = min(room, slice_)
    aged = {request.key for request in prompts if request.rank > first}
    for request in sorted(prompts, key=lambda r: (r.key not in aged, r.key)):
        # Who is here for its age has its share, and holds up nobody whose class this is.
        tokens[request.key] = min(request.pending, room, slice_ if request.key in aged else room)
        room -= tokens[request.key]
    room = most - sum(tokens.values())
    shares: list[Share] = []
    for request in taken:
        whole = tokens[request.key] == request.pending
        draft = min(request.draft, room) if whole else 0
        shares.append(Share(request.key, tokens[request.key], draft))
        room -= draft
    return [share for share in shares if share.tokens]


_FOR_PROMPTS = 4  # the part of a batch that those that decode leave to a prompt
_SHORT = 32  # tokens; what decodes, with what its grammar forces


def standing(rank: int, waited: float) -> int:
    """The rank that a request counts as after so many seconds without a batch."""
    return max(0, rank - int(waited / AGE_S))
