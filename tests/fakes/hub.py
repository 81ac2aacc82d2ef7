"""A model hub on loopback that speaks the hub's protocol, and fails in the ways that hubs do.

Large files are redirected with X-Linked-Etag and X-Linked-Size as the real one does, small ones
are served where they are asked for; both take Range.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """`files`: (repo, name) to bytes. `large`: names that are kept as LFS.

    `cut_after`: each GET breaks after so many bytes, `cuts` times. `status`: every answer's.
    `lies`: names whose checksum is wrong. `ranges`: whether Range is honoured.
    """

    files: dict[tuple[str, str], bytes]
    large: frozenset[str] = frozenset()
    lies: frozenset[str] = frozenset()
    status: int = 0
    cut_after: int = 0
    cuts: int = 0
    ranges: bool = True
    endpoint: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Range

    def etag(self, name: str, content: bytes) -> str:
        if name in self.lies:
            content = content + b"!"
        if name in self.large:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @contextmanager
    def running(self) -> Iterator[FakeHub]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, format: str, *args: object) -> None:
            return

        def _answer(self, *, with_body: bool) -> None:
            hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
            if hub.status:
                return self._head(hub.status, {"Content-Length": "0"})
            match = re.fullmatch(r"/(?:cdn/)?([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path)
            content = hub.files.get((match[1], match[2])) if match else None
            if match is None or content is None:
                return self._head(404, {"X-Error-Code": "EntryNotFound", "Content-Length": "0"})
            tag = hub.etag(match[2], content)
            if match[2] in hub.large and not self.path.startswith("/cdn/"):
                return self._head(302, _linked(f"/cdn{self.path}", tag, len(content)))
            return self._serve(content, tag, with_body=with_body)

        def _serve(self, content: bytes, tag: str, *, with_body: bool) -> None:
            start = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(start[1]) if start and hub.ranges else 0
            headers = {
                "ETag": f'"{tag}"',
                "X-Repo-Commit": COMMIT,
                "Content-Length": str(len(content) - first),
            }
            if start and hub.ranges:
                headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self._head(206 if "Content-Range" in headers else 200, headers)
            if not with_body:
                return
            body = content[first:]
            if hub.cuts and hub.cut_after:
                hub.cuts -= 1
                body = body[: hub.cut_after]
                self.close_connection = True
            with suppress(ConnectionError):  # the client hung up
                self.wfile.write(body)

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


def _linked(location: str, tag: str, size: int) -> dict[str, str]:
    return {
        "Location": location,
        "X-Repo-Commit": COMMIT,
        "X-Linked-Etag": f'"{tag}"',
        "X-Linked-Size": str(size),
        "ETag": '"pointer"',
        "Content-Length": "0",
    }
