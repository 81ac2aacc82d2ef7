"""Computed beginnings of prompts in the KV cache, found by the longest one that fits.

Each is a sequence of its own in the cache; a request that begins like it shares its cells, without
a copy. What nobody uses goes first when room is needed: the rests of finished requests before the
heads that were marked as such, the longest unused first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from laresd.engines.llm.cells import Cells
from laresd.engines.llm.context import Context
from laresd.engines.llm.radix import RadixTree
from laresd.engines.llm.store import PrefixStore

LEAST_HEAD = 32  # tokens; a shorter beginning is computed faster than it is found

log = logging.getLogger(__name__)


@dataclass
class _Kept:
    """A sequence that no request owns. `head`: later prompts are expected to begin with it."""

    tokens: tuple[int, ...]
    head: bool
    used: int  # a counter that grows with every use


class Prefixes:
    """The places (sequence ids) of a context, and which of them hold beginnings of prompts.

    Used by the thread that owns the context.
    """

    def __init__(self, context: Context, store: PrefixStore | None) -> None:
        self._context, self._store = context, store
        self.cells = Cells(context.settings.cells)
        self._free = list(range(context.settings.sequences - 1, -1, -1))
        self._kept: dict[int, _Kept] = {}
        self._tree = RadixTree()
        self._uses = 0

    def has_room(self, prompt: Sequence[int], further: int) -> bool:
        """Have a place and cells for `prompt` and `further` tokens, dropping what is kept if need
        be; what the prompt begins with goes last.
        """
        source, shared = self._find(prompt[:-1])
        if self._room(len(prompt) - shared + further, besides=source):
            return True
        return self._room(len(prompt) + further)

    def place(self, prompt: Sequence[int]) -> tuple[int, int, str]:
        """A place for a request, how many tokens of its prompt are in it, and from where: memory,
        store, "". At least the last token is left to compute. `has_room` must have been true.
        """
        wanted = prompt[:-1]
        place = self._free.pop()
        source, count = self._find(wanted)
        where = "memory" if count else ""
        if self._store is not None and self._store.longest(wanted) > count:
            restored, length = self._restore(wanted, besides=source)
            if length > count:
                source, count, where = restored, length, "store"
        if count:
            self._touch(source)
            self._context.share(source, place, count)
            self.cells.share(source, place, count)
        return place, count, where

    def keep(self, place: int, tokens: Sequence[int], *, head: bool) -> None:
        """Keep a finished request's place with `tokens` in it, unless it is known already."""
        known, length = self._find(tokens)
        if len(tokens) < LEAST_HEAD or (length == len(tokens) and known >= 0):
            self.release(place)
            return
        self._add(place, tokens, head=head)

    def mark(self, place: int, tokens: Sequence[int]) -> None:
        """Keep what a running request has computed of its head, if there is a place for it."""
        if len(tokens) < LEAST_HEAD or self._find(tokens)[1] == len(tokens):
            return
        if not self._room(0):
            return
        own = self._free.pop()
        self._context.share(place, own, len(tokens))
        self.cells.share(place, own, len(tokens))
        self._add(own, tokens, head=True)

    def release(self, place: int) -> None:
        """Give a place back with all its cells."""
        self._context.remove(place)
        self.cells.shorten(place)
        self._free.append(place)

    def drop_all(self) -> None:
        """Forget everything that is kept in memory."""
        while self._drop_one():
            pass

    def _add(self, place: int, tokens: Sequence[int], *, head: bool) -> None:
        self._tree.add(place, tokens)
        self._kept[place] = _Kept(tuple(tokens), head, 0)
        self._touch(place)

    def _find(self, tokens: Sequence[int]) -> tuple[int, int]:
        rewinds = self._context.model.rewinds
        return self._tree.longest(tokens) if rewinds else self._tree.whole(tokens)

    def _restore(self, tokens: Sequence[int], *, besides: int) -> tuple[int, int]:
        """The place of the longest whole stored head that fits, and its length; else (-1, 0)."""
        assert self._store is not None
        fits = self._room(self._store.longest(tokens), besides=besides)
        head = self._store.read(tokens) if fits else None
        if head is None:
            return -1, 0
        place = self._free.pop()
        if not self._context.restore(place, head.state):
            log.warning("llama.cpp refused a kept head; it is computed again")
            self._free.append(place)
            return -1, 0
        self.cells.grow(place, len(head.tokens))
        self._add(place, head.tokens, head=True)
        return place, len(head.tokens)

    def _touch(self, place: int) -> None:
        self._uses += 1
        self._kept[place].used = self._uses

    def _room(self, cells: int, *, besides: int = -1) -> bool:
        while self.cells.free < cells or not self._free:
            if not self._drop_one(besides):
                return False
        return True

    def _drop_one(self, besides: int = -1) -> bool:
        places = [place for place in self._kept if place != besides]
        if not places:
            return False
        place = min(places, key=lambda p: (self._kept[p].head, self._kept[p].used))
        del self._kept[place]
        self._tree.remove(place)
        self.release(place)
        return True
