"""Web pages and small sites as sources: page after page, as slowly and as far as is allowed."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO

from laresd.backends.knowledge import robots, site
from laresd.backends.knowledge.ledger import Ledger, Page
from laresd.backends.knowledge.listing import READ_SUFFIXES
from laresd.backends.knowledge.origin import (
    Changed,
    Expected,
    Failed,
    Gone,
    Noted,
    Original,
    Step,
    Unchanged,
)
from laresd.backends.knowledge.robots import Rules
from laresd.backends.knowledge.site import Led, Site
from laresd.backends.knowledge.store import Known
from laresd.backends.knowledge.web import Answer, Fetcher
from laresd.errors import LaresError, Permanent, Refused, Temporary
from laresd.ports import Clock

FAILURES = 5  # one after the other, after which a site is left alone for now
GONE = (404, 410)
HTML = ("text/html", "application/xhtml+xml")
MOST_PAGE_BYTES = 64 << 20  # it is in memory for a moment


@dataclass(frozen=True, slots=True)
class Bounds:
    """`depth`: links from the first page; 0: that page alone. `lan`: its host is of the LAN."""

    pages: int
    depth: int
    most_bytes: int
    page_bytes: int
    page_s: float
    lan: bool = False


class WebOrigin:
    """Port `Origin` of a page (depth 0) or a site, for one look at it. `source`: its number."""

    def __init__(
        self, start: str, source: int, ledger: Ledger, clock: Clock, bounds: Bounds
    ) -> None:
        self._start, self._site, self._source = start, Site(start), source
        self._ledger, self._clock, self._bounds = ledger, clock, bounds
        self._known: Mapping[str, Known] = {}
        self._pages: Mapping[str, Page] = {}
        self._seen: set[str] = set()
        self._waiting: deque[tuple[str, int]] = deque([(start, 0)])
        self._fetched = self._bytes = self._failures = 0

    async def is_still(self, original: Original) -> bool:
        return True

    async def steps(self, known: Mapping[str, Known]) -> AsyncGenerator[Step, None]:
        self._known, self._pages = known, await self._ledger.pages(self._source)
        most = min(self._bounds.page_bytes, MOST_PAGE_BYTES)
        fetcher = Fetcher(self._site, lan=self._bounds.lan, most_bytes=most)
        async with fetcher:
            file = robots.address_of(self._site.start)
            rules = robots.rules(await fetcher.get(file, may=lambda address: True))
            async for step in self._walk(fetcher, rules):
                yield step

    async def _walk(self, fetcher: Fetcher, rules: Rules) -> AsyncGenerator[Step, None]:
        """What the pages lead to, then what is known and no page leads to any more."""
        rest = False
        while True:
            if not self._waiting and not rest:
                rest = True
                self._waiting.extend((uri, self._bounds.depth) for uri in self._known)
            if not self._waiting:
                return
            address, depth = self._waiting.popleft()
            if address in self._seen:
                continue
            self._seen.add(address)
            if not rules.allow(address):
                async for step in self._forbidden(address):
                    yield step
                continue
            if note := self._at_its_end():
                yield Noted(note)
                return
            yield Expected(self._fetched + 1 + len(self._waiting))
            await self._wait(rules)
            async for step in self._page(fetcher, rules, address, depth):
                yield step

    async def _forbidden(self, address: str) -> AsyncGenerator[Step, None]:
        if address == self._start:
            raise Refused(f"the robots.txt of {self._site.host} does not allow {address}")
        if address in self._known:
            yield Gone([self._known[address].id])

    def _at_its_end(self) -> str:
        bounds = self._bounds
        if self._fetched >= bounds.pages:
            return f"only {bounds.pages} pages are read (knowledge.site_pages)"
        if self._bytes >= bounds.most_bytes:
            return f"only {bounds.most_bytes >> 20} MiB are read (knowledge.site_mb)"
        return ""

    async def _wait(self, rules: Rules) -> None:
        if self._fetched:
            pause = max(self._bounds.page_s, rules.delay_s) * 2**self._failures
            await self._clock.wait(asyncio.Event(), self._clock.now() + pause)
        self._fetched += 1

    async def _page(
        self, fetcher: Fetcher, rules: Rules, address: str, depth: int
    ) -> AsyncGenerator[Step, None]:
        def may(target: str) -> bool:
            inside = self._bounds.depth == 0 or self._site.holds(target)
            same = target.rstrip("/") == self._start.rstrip("/")
            return (inside or same) and (rules.allow(target) or not self._site.holds(target))

        try:
            answer = await fetcher.get(address, may=may, validators=self._validators)
            if answer.status not in (200, 304, *GONE):
                raise Temporary(f"{address} cannot be had now (status {answer.status})")
        except LaresError as error:
            yield self._lost(address, error)
            return
        self._failures = 0
        self._seen.add(answer.address)
        if address == self._start:
            self._site = Site(answer.address)  # below /docs/, where /docs leads there
        self._bytes += len(answer.body)
        if answer.status in GONE:
            if address == self._start:
                raise Permanent(f"there is no {address} any more (status {answer.status})")
            yield Gone([each.id for each in [self._known.get(address)] if each])
        elif answer.status == 304:
            self._follow(self._pages[answer.address].links, depth)
            yield Unchanged(1)
        else:
            async for step in self._had(answer, depth):
                yield step

    def _validators(self, address: str) -> Mapping[str, str]:
        """Only of what is known: a server that says "not modified" must not leave it unread."""
        known, page = self._known.get(address), self._pages.get(address)
        if known is None or page is None or known.fault:
            return {}
        told = {"If-None-Match": page.etag, "If-Modified-Since": page.modified}
        return {name: value for name, value in told.items() if value}

    def _lost(self, address: str, error: LaresError) -> Step:
        """What was known of it stays. Raises the error where the whole site seems to be away."""
        self._failures += 1
        if address == self._start or self._failures >= FAILURES:
            raise error
        if address in self._known:
            return Noted(f"kept as it was: {error.message}")
        original = Original(address, address, "", 0, self._clock.wall())
        return Failed(original, error.message)

    async def _had(self, answer: Answer, depth: int) -> AsyncGenerator[Step, None]:
        suffix = _suffix(answer)
        if suffix is None:
            return
        body, digest, led = await asyncio.to_thread(_read, answer)
        self._follow(led.links, depth)
        before = self._known.get(answer.address)
        if not led.may_be_kept:
            yield Gone([each.id for each in [before] if each])
            return
        if before is not None and before.digest == digest:
            yield Unchanged(1)
        else:
            with await asyncio.to_thread(_file, body, suffix) as file:
                yield Changed(self._original(answer, body, digest, Path(file.name)))
        page = Page(answer.etag, answer.modified, led.links)
        await self._ledger.keep_page(self._source, answer.address, page)

    def _original(self, answer: Answer, body: bytes, digest: str, path: Path) -> Original:
        return Original(
            answer.address,
            answer.address,
            digest,
            len(body),
            _wall(answer.modified) or self._clock.wall(),
            answer.media_type,
            path,
        )

    def _follow(self, links: Sequence[str], depth: int) -> None:
        if depth < self._bounds.depth:
            inside = (link for link in links if self._site.holds(link) and link not in self._seen)
            self._waiting.extend((link, depth + 1) for link in inside)


def _suffix(answer: Answer) -> str | None:
    """Of a file of that kind; None for what is not read."""
    if answer.media_type in HTML:
        return ".html"
    guessed = mimetypes.guess_extension(answer.media_type) or Path(answer.address).suffix
    return guessed if guessed[1:].lower() in READ_SUFFIXES else None


def _read(answer: Answer) -> tuple[bytes, str, Led]:
    """The page as it is to be read, its digest, and where it leads to."""
    body, led = answer.body, Led()
    if answer.media_type.startswith("text/") or answer.media_type in HTML:
        text = site.as_utf8(body, answer.charset)
        body = text.encode()
        if answer.media_type in HTML:
            led = site.led(text, answer.address)
    return body, hashlib.sha256(body).hexdigest(), led


def _file(body: bytes, suffix: str) -> IO[bytes]:
    """A file that is gone when it is closed."""
    file = tempfile.NamedTemporaryFile(prefix="lares-page-", suffix=suffix)  # noqa: SIM115
    file.write(body)
    file.flush()
    return file


def _wall(told: str) -> float | None:
    try:
        return parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
