"""Pages from web servers: within limits, and never from the LAN unless the owner named it."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from laresd import __version__
from laresd.backends.knowledge.site import Site, normal
from laresd.errors import LaresError, Permanent, Refused, Temporary

USER_AGENT = f"Lares/{__version__} (a home's own reader of pages that its owner named)"
REDIRECTS = 5
_REDIRECT = (301, 302, 303, 307, 308)
_TIMEOUT = aiohttp.ClientTimeout(total=300, connect=20, sock_read=30)
_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5",
    "Accept-Encoding": "identity",  # a compressed page can be a bomb
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; `body` is empty unless `status` is 200. `address`: after redirects."""

    address: str
    status: int
    media_type: str = ""
    charset: str = ""
    etag: str = ""
    modified: str = ""
    retry_after: str = ""
    body: bytes = b""


class Fetcher:
    """Enter it to fetch. `lan`: the owner named a host of the LAN, and that host alone may be one.
    `most_bytes`: of one page.
    """

    def __init__(self, site: Site, *, lan: bool, most_bytes: int) -> None:
        self._allowed = site.host if lan else ""
        self._most_bytes = most_bytes
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=2, resolver=_Resolver(self._allowed), use_dns_cache=False
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=_TIMEOUT,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def get(
        self,
        address: str,
        *,
        may: Callable[[str], bool],
        validators: Callable[[str], Mapping[str, str]] = lambda address: {},
    ) -> Answer:
        """`may`: whether a redirect may lead there; `validators`: headers by which a server knows
        what is known already. Raises Refused for a redirect that leads elsewhere or into the LAN,
        Temporary where the server cannot be reached, Permanent for too large a page.
        """
        first = address
        for _ in range(REDIRECTS + 1):
            self._refuse_lan(address)
            answer, location = await self._once(address, validators(address))
            if answer.status not in _REDIRECT:
                return answer
            target = normal(location, address)
            if target is None or not may(target):
                raise Refused(f"{first} leads to {location[:200]}, which is not part of it")
            if address.startswith("https:") and target.startswith("http:"):
                raise Refused(f"{first} leads from https to http")
            address = target
        raise Permanent(f"{first} leads from page to page without end")

    async def _once(self, address: str, headers: Mapping[str, str]) -> tuple[Answer, str]:
        assert self._session is not None
        try:
            async with self._session.get(
                address, headers=dict(headers), allow_redirects=False
            ) as response:
                told = response.headers
                body = await self._body(response) if response.status == 200 else b""
                answer = Answer(
                    address,
                    response.status,
                    response.content_type,
                    response.charset or "",
                    told.get("ETag", ""),
                    told.get("Last-Modified", ""),
                    told.get("Retry-After", ""),
                    body,
                )
                return answer, told.get("Location", "")
        except TimeoutError:
            raise Temporary(f"{address} did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreachable(address, error) from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in response.content.iter_chunked(1 << 16):
            body += part
            if len(body) > self._most_bytes:
                raise Permanent(f"{response.url} is larger than {self._most_bytes >> 20} MiB")
        return bytes(body)

    def _refuse_lan(self, address: str) -> None:
        """Addresses in numbers, which are not looked up."""
        host = Site(address).host
        try:
            number = ipaddress.ip_address(host)
        except ValueError:
            return
        if host != self._allowed and not number.is_global:
            raise _in_lan(host)


class _Resolver(AbstractResolver):
    """Looks names up, and keeps to the internet but for one host."""

    def __init__(self, allowed: str) -> None:
        self._allowed = allowed
        self._names = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        if host == self._allowed:
            return found
        outside = [each for each in found if ipaddress.ip_address(each["host"]).is_global]
        if not outside:
            raise OSError(errno.EACCES, str(_in_lan(host)))
        return outside

    async def close(self) -> None:
        await self._names.close()


async def is_in_lan(host: str) -> bool:
    """Whether a host is of the LAN, or this machine. Raises Temporary where it is not known."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Temporary(
            f"there is no {host}: {error.strerror or error}",
            remedy="check the address, and that this machine can look names up",
        ) from error
    return not all(ipaddress.ip_address(each[4][0]).is_global for each in found)


def _in_lan(host: str) -> LaresError:
    return Refused(
        f"{host} is in the LAN, where only an address that you named is read",
        remedy="name it: lares kb add",
    )


def _unreachable(address: str, error: Exception) -> LaresError:
    if isinstance(error, aiohttp.ClientConnectorError):
        barred = error.os_error.errno in (errno.EPERM, errno.ENETUNREACH)
        remedy = (
            "laresd may reach the LAN alone: see systemd/laresd.service.d/internet.conf"
            if barred
            else ""
        )
        return Temporary(f"{address} cannot be reached: {error.os_error}", remedy=remedy)
    return Temporary(f"{address} cannot be read: {error or type(error).__name__}")
