"""Web pages and sites, from a real server: what is allowed is read, slowly, and not twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

from laresd.backends.knowledge.crawling import Bounds, WebOrigin
from laresd.backends.knowledge.ledger import Ledger
from laresd.backends.knowledge.origin import Changed, Failed, Gone, Noted, Step, Unchanged
from laresd.backends.knowledge.site import Site
from laresd.backends.knowledge.web import USER_AGENT, Fetcher, is_in_lan
from laresd.documents import Document, Passage, Place, Source, SourceKind
from laresd.errors import LaresError, Permanent, Refused, Temporary
from tests.fakes.clock import FakeClock
from tests.fakes.libraries import Shelf, a_shelf

BOUNDS = Bounds(pages=50, depth=3, most_bytes=1 << 20, page_bytes=1 << 16, page_s=0.0, lan=True)
Answer = str | bytes | Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """A site on this machine. `pages`: by path; `asked`: the paths in order, robots.txt apart."""

    address: str
    pages: dict[str, Answer] = field(default_factory=dict)
    robots: str | int = 404
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/robots.txt":
            if isinstance(self.robots, int):
                return web.Response(status=self.robots)
            return web.Response(text=self.robots)
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        if isinstance(page, str):
            return web.Response(text=page, content_type="text/html")
        if isinstance(page, bytes):
            return web.Response(body=page, content_type="application/pdf")
        return await page(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server("")
    runner = web.ServerRunner(web.Server(made.serve))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.address = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with a_shelf(tmp_path) as opened:
        yield opened


async def look(
    shelf: Shelf, start: str, bounds: Bounds = BOUNDS, clock: FakeClock | None = None
) -> list[Step]:
    """The steps of one look; what changed is kept, as the ingest does it."""
    source = await shelf.store.add(Source("web", SourceKind.SITE, start))
    origin = WebOrigin(start, source.id, Ledger(shelf.store), clock or shelf.clock, bounds)
    told = []
    async with aclosing(origin.steps(await shelf.store.known(source.id))) as steps:
        async for step in steps:
            told.append(step)
            if isinstance(step, Changed):
                one = step.original
                assert one.path is not None
                text = one.path.read_text(errors="replace")
                document = Document(
                    0, source.id, "web", one.uri, one.title, one.digest, one.size, one.modified
                )
                await shelf.store.put(document, text, [Passage(text, Place(0, len(text)), 9)])
            elif isinstance(step, Gone):
                await shelf.store.drop(step.ids)
    return told


def changed(server: Server, steps: list[Step]) -> list[str]:
    return [s.original.uri.removeprefix(server.address) for s in steps if isinstance(s, Changed)]


async def known(shelf: Shelf) -> set[str]:
    found = await shelf.store.documents("web", limit=100, offset=0)
    return {"/" + each.uri.split("/", 3)[3] for each in found}


def link(*paths: str) -> str:
    return "".join(f'<a href="{path}">{path}</a>' for path in paths)


async def test_a_site_is_read_below_its_start_and_nowhere_else(
    server: Server, shelf: Shelf
) -> None:
    server.pages = {
        "/docs/": link("a.html", "/private/x.html", "http://elsewhere.example/", "m.pdf"),
        "/docs/a.html": link("./deep/b.html", "/docs/"),
        "/docs/deep/b.html": "<p>the end</p>",
        "/docs/m.pdf": b"%PDF-1.7",
        "/private/x.html": "secret",
    }
    steps = await look(shelf, server.address + "/docs/")
    assert changed(server, steps) == ["/docs/", "/docs/a.html", "/docs/m.pdf", "/docs/deep/b.html"]
    assert server.headers[0]["User-Agent"] == USER_AGENT


async def test_a_page_alone_is_a_page_alone(server: Server, shelf: Shelf) -> None:
    server.pages = {"/": link("a.html"), "/a.html": "more"}
    steps = await look(shelf, server.address + "/", replace(BOUNDS, depth=0, pages=1))
    assert changed(server, steps) == ["/"]


async def test_robots_txt_is_honoured(server: Server, shelf: Shelf) -> None:
    server.robots = "User-agent: *\nDisallow: /private\n\nUser-agent: Lares\nDisallow: /no\n"
    server.pages = {"/": link("no/a.html", "yes.html"), "/no/a.html": "x", "/yes.html": "y"}
    assert changed(server, await look(shelf, server.address + "/")) == ["/", "/yes.html"]
    assert "/no/a.html" not in server.asked
    server.robots = "User-agent: *\nDisallow: /\n"
    with pytest.raises(Refused, match="robots"):
        await look(shelf, server.address + "/")


async def test_what_robots_txt_forbids_later_is_forgotten(server: Server, shelf: Shelf) -> None:
    server.pages = {"/": link("a.html"), "/a.html": "x"}
    await look(shelf, server.address + "/")
    server.robots = "User-agent: *\nDisallow: /a\n"
    await look(shelf, server.address + "/")
    assert await known(shelf) == {"/"}


async def test_a_site_whose_robots_txt_fails_is_left_alone(server: Server, shelf: Shelf) -> None:
    server.robots, server.pages = 503, {"/": "x"}
    with pytest.raises(Temporary, match=r"robots\.txt"):
        await look(shelf, server.address + "/")
    assert server.asked == []


async def test_it_waits_between_pages_as_long_as_the_site_wants(
    server: Server, shelf: Shelf
) -> None:
    class Waiting(FakeClock):
        waited: list[float] = []  # noqa: RUF012  # of one test

        async def wait(self, event: object, until: float | None) -> bool:
            self.waited.append((until or 0.0) - self.now())
            return False

    clock = Waiting()
    server.robots = "User-agent: *\nCrawl-delay: 5\n"
    server.pages = {"/": link("a.html", "b.html"), "/a.html": "a", "/b.html": "b"}
    await look(shelf, server.address + "/", clock=clock)
    assert clock.waited == [5.0, 5.0]


async def test_depth_pages_and_bytes_are_bounded(server: Server, shelf: Shelf) -> None:
    server.pages = {f"/{n}.html": link(f"{n + 1}.html") + "x" * 1000 for n in range(1, 30)}
    start = server.address + "/1.html"
    shallow = replace(BOUNDS, depth=2)
    assert changed(server, await look(shelf, start, shallow)) == ["/1.html", "/2.html", "/3.html"]
    few = replace(BOUNDS, depth=40, pages=5)
    steps = await look(shelf, start, few)
    assert [step.note for step in steps if isinstance(step, Noted)] == [
        "only 5 pages are read (knowledge.site_pages)"
    ]
    small = replace(BOUNDS, depth=40, most_bytes=1500)
    assert any(
        "MiB are read" in s.note for s in await look(shelf, start, small) if isinstance(s, Noted)
    )
    assert not any(isinstance(step, Gone) for step in steps)


async def test_a_page_without_end_costs_one_entry(server: Server, shelf: Shelf) -> None:
    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    server.pages = {"/": link("big.html", "a.html"), "/big.html": endless, "/a.html": "fine"}
    steps = await look(shelf, server.address + "/")
    (failed,) = [step for step in steps if isinstance(step, Failed)]
    assert "larger than" in failed.fault
    assert "/a.html" in changed(server, steps)


async def test_what_is_not_modified_is_not_sent_again_and_its_links_are_followed(
    server: Server, shelf: Shelf
) -> None:
    async def start(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(text=link("a.html"), content_type="text/html", headers={"ETag": '"v1"'})

    server.pages = {"/": start, "/a.html": "one"}
    await look(shelf, server.address + "/")
    server.pages["/a.html"] = "two"
    steps = await look(shelf, server.address + "/")
    assert changed(server, steps) == ["/a.html"]
    assert Unchanged(1) in steps


async def test_a_page_that_is_gone_is_forgotten_and_one_that_fails_is_kept(
    server: Server, shelf: Shelf
) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=500)

    server.pages = {"/": link("a.html", "b.html"), "/a.html": "a", "/b.html": "b"}
    await look(shelf, server.address + "/")
    server.pages = {"/": link("b.html"), "/b.html": broken}
    steps = await look(shelf, server.address + "/")
    assert await known(shelf) == {"/", "/b.html"}
    assert any("kept as it was" in step.note for step in steps if isinstance(step, Noted))


async def test_a_server_that_is_away_loses_nothing(server: Server, shelf: Shelf) -> None:
    server.pages = {"/": "x"}
    await look(shelf, server.address + "/")

    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=502)

    server.pages = {"/": broken}
    with pytest.raises(Temporary, match="502"):
        await look(shelf, server.address + "/")
    server.pages = {}
    with pytest.raises(Permanent, match="any more"):
        await look(shelf, server.address + "/")
    assert await known(shelf) == {"/"}


async def test_redirects_are_followed_within_the_site_and_not_without_end(
    server: Server, shelf: Shelf
) -> None:
    def to(where: str) -> Answer:
        async def redirect(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": where})

        return redirect

    server.pages = {
        "/": link("old", "loop", "out"),
        "/old": to("/new"),
        "/new": "here",
        "/loop": to("/loop"),
        "/out": to("http://192.168.7.7/admin"),
    }
    steps = await look(shelf, server.address + "/")
    assert changed(server, steps) == ["/", "/new"]
    faults = [step.fault for step in steps if isinstance(step, Failed)]
    assert ["without end" in faults[0], "not part of it" in faults[1]] == [True, True]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_lan_is_not_read_unless_the_owner_named_it(server: Server, host: str) -> None:
    address = server.address.replace("127.0.0.1", host) + "/"
    server.pages = {"/": "the router's own page"}
    public = Site("https://example.org/")
    async with Fetcher(public, lan=False, most_bytes=1000) as fetcher:
        with pytest.raises(LaresError, match="LAN"):
            await fetcher.get(address, may=lambda target: True)
    async with Fetcher(Site(address), lan=True, most_bytes=1000) as fetcher:
        assert (await fetcher.get(address, may=lambda target: True)).status == 200
        with pytest.raises(LaresError, match="LAN"):
            await fetcher.get("http://192.168.7.7/", may=lambda target: True)
    assert server.asked == ["/"]
    assert await is_in_lan(host)


async def test_what_asks_not_to_be_kept_is_not_kept(server: Server, shelf: Shelf) -> None:
    server.pages = {
        "/": link("a.html"),
        "/a.html": '<meta name="robots" content="noindex">' + link("b.html"),
        "/b.html": "b",
    }
    assert changed(server, await look(shelf, server.address + "/")) == ["/", "/b.html"]


async def test_a_site_that_leads_to_its_folder_is_that_folder(server: Server, shelf: Shelf) -> None:
    async def to_folder(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=301, headers={"Location": "/docs/"})

    server.pages = {
        "/docs": to_folder,
        "/docs/": link("a.html", "/else.html"),
        "/docs/a.html": "a",
        "/else.html": "x",
    }
    steps = await look(shelf, server.address + "/docs")
    assert changed(server, steps) == ["/docs/", "/docs/a.html"]
    assert changed(server, await look(shelf, server.address + "/docs")) == []
