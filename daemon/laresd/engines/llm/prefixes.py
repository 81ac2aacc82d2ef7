"""Computed beginnings of prompts in the KV cache, found by the longest one that fits.

Each is a sequence of its own in the cache; a request that begins like it shares its cells, without
a copy. What nobody uses goes first when room is needed: the rests of finished requests before the
heads that were marked as such, the longest unused first. What was computed with one adapter is
nothing to a request with another; only what was computed without any is looked for on disk.
"""

from __future__ import annotations

import logging
from collections import defaultdict
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
    adapter: str
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
        self._trees: defaultdict[str, RadixTree] = defaultdict(RadixTree)  # by adapter
        self._uses = 0

    def fits(
        self,
        prompt: Sequence[int],
        further: int,
        *,
        adapter: str = "",
        without: Sequence[int] = (),
    ) -> bool:
        """Whether there would be a place and cells for `prompt` and `further` tokens, if what is
        kept were dropped, and the requests at the places `without` were not there. Changes nothing.
        """
        source, shared = self._find(prompt[:-1], adapter)
        others = [place for place in self._kept if place != source]
        return self._would_fit(
            len(prompt) - shared + further, [*others, *without]
        ) or self._would_fit(len(prompt) + further, [*self._kept, *without])

    def place(
        self, prompt: Sequence[int], further: int, *, adapter: str = "", whole: bool = False
    ) -> tuple[int, int, str]:
        """A place for a request, how many tokens of its prompt are in it, and from where: memory,
        store, "". At least the last token is left to compute, unless `whole`, and `further` cells
        are free after the prompt. What is kept is dropped for that if need be, what the prompt
        begins with last. Raises ValueError where `fits` is false.
        """
        wanted = prompt if whole else prompt[:-1]
        restored = not adapter and self._restore(wanted, len(prompt) + further)
        source, count = self._find(wanted, adapter)
        while not self._room(len(prompt) - count + further, besides=source):
            if not count:
                raise ValueError(f"no room for {len(prompt)} and {further} tokens")
            self._drop(source)
            source, count = self._find(wanted, adapter)
        place = self._free.pop()
        if count:
            self._touch(source)
            self._context.share(source, place, count)
            self.cells.share(source, place, count)
        where = "store" if restored else "memory"
        return place, count, where if count else ""

    def keep(
        self,
        place: int,
        tokens: Sequence[int],
        *,
        head: bool,
        adapter: str = "",
        least: int = LEAST_HEAD,
    ) -> None:
        """Keep a request's place with `tokens` in it, unless they are fewer than `least` (one or
        more), or known already.
        """
        known, length = self._find(tokens, adapter)
        if len(tokens) < least or (length == len(tokens) and known >= 0):
            self.release(place)
            return
        self._add(place, tokens, adapter, head=head)

    def mark(self, place: int, tokens: Sequence[int], adapter: str = "") -> None:
        """Keep what a running request has computed of its head, if there is a place for it."""
        if len(tokens) < LEAST_HEAD or self._find(tokens, adapter)[1] == len(tokens):
            return
        if not self._room(0):
            return
        own = self._free.pop()
        self._context.share(place, own, len(tokens))
        self.cells.share(place, own, len(tokens))
        self._add(own, tokens, adapter, head=True)

    def release(self, place: int) -> None:
        """Give a place back with all its cells."""
        self._context.remove(place)
        self.cells.shorten(place)
        self._free.append(place)

    def drop_all(self) -> None:
        """Forget everything that is kept in memory."""
        for place in [*self._kept]:
            self._drop(place)

    def _add(self, place: int, tokens: Sequence[int], adapter: str, *, head: bool) -> None:
        self._trees[adapter].add(place, tokens)
        self._kept[place] = _Kept(tuple(tokens), adapter, head, 0)
        self._touch(place)

    def _find(self, tokens: Sequence[int], adapter: str) -> tuple[int, int]:
        tree = self._trees[adapter]
        return tree.longest(tokens) if self._context.model.rewinds else tree.whole(tokens)

    def _restore(self, tokens: Sequence[int], cells: int) -> bool:
        """Have the longest stored head in memory, if it is longer than what is there, and if the
        request, which needs `cells` with it, has a place beside it.
        """
        known = self._find(tokens, "")[1]
        if self._store is None or self._store.longest(tokens) <= known:
            return False
        head = self._store.read(tokens) if self._room(cells, places=2) else None
        if head is None or len(head.tokens) <= known:
            return False
        place = self._free.pop()
        if not self._context.restore(place, head.state):
            log.warning("llama.cpp refused a kept head; it is computed again")
            self._free.append(place)
            return False
        self.cells.grow(place, len(head.tokens))
        self._add(place, head.tokens, "", head=True)
        return True

    def _touch(self, place: int) -> None:
        self._uses += 1
        self._kept[place].used = self._uses

    def _would_fit(self, cells: int, gone: Sequence[int], places: int = 1) -> bool:
        """Whether so many cells and places are free without the sequences `gone`."""
        enough = len(self._free) + len(gone) >= places
        return enough and self.cells.free_without(gone) >= cells

    def _room(self, cells: int, *, places: int = 1, besides: int = -1) -> bool:
        """Have so many free cells and places; drops nothing where it would not be enough."""
        others = [place for place in self._kept if place != besides]
        if not self._would_fit(cells, others, places):
            return False
        while self.cells.free < cells or len(self._free) < places:
            others = [place for place in self._kept if place != besides]
            self._drop(min(others, key=lambda p: (self._kept[p].head, self._kept[p].used)))
        return True

    def _drop(self, place: int) -> None:
        self._trees[self._kept.pop(place).adapter].remove(place)
        self.release(place)
