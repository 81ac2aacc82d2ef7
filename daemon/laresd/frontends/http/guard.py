"""Who may ask. A page in a browser may not, unless it is one of ours: there is no CORS."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from laresd.errors import ConfigError
from laresd.frontends.http.faults import Rejected

SHORTEST_TOKEN = 16  # characters
TOKEN_REMEDY = "make one: (umask 077; head -c 24 /dev/urandom | base64 > FILE)"

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::\d{1,5})?")


class Guard:
    """`local`: bound to loopback alone. `token`: what every request must bring, "" for none."""

    def __init__(self, *, local: bool, token: str) -> None:
        self._local = local
        self._token = token.encode()

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises Rejected: 403 for a foreign page, 401 for a missing or wrong token.

        A page that had its own name resolved to this machine (DNS rebinding) comes with that name
        as Host, and any other page with its Origin.
        """
        if self._local:
            self._check_local(headers)
        if not self._token:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        if scheme.lower() != "bearer" or not right:
            raise Rejected(
                "the token is missing or wrong",
                status=401,
                code="invalid_api_key",
                remedy="send `Authorization: Bearer TOKEN`, with the token of http.token_file",
            )

    def _check_local(self, headers: Mapping[str, str]) -> None:
        host = headers.get("host")
        if host is not None and not is_loopback(_hostname(host)):
            raise _foreign("Host", "ask for localhost or 127.0.0.1")
        origin = headers.get("origin")
        if origin is not None and not is_loopback(_origin(origin)):
            raise _foreign("Origin", "pages of other sites may not use this API")


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_token(text: str, name: str) -> str:
    """The token in a file's text. Raises ConfigError for one that can be guessed or not sent."""
    token = text.strip()
    if len(token) < SHORTEST_TOKEN:
        what = f"the token in {name} has {len(token)} characters, and needs {SHORTEST_TOKEN}"
        raise ConfigError(what, remedy=TOKEN_REMEDY)
    if not token.isascii() or not token.isprintable() or " " in token:
        what = f"the token in {name} must be one line of letters, digits and signs"
        raise ConfigError(what, remedy=TOKEN_REMEDY)
    return token


def _hostname(host: str) -> str:
    match = _HOST.fullmatch(host.strip())
    return match[1].strip("[]").lower().rstrip(".") if match else ""


def _origin(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def _foreign(header: str, remedy: str) -> Rejected:
    return Rejected(
        f"the {header} of the request is not this machine",
        status=403,
        code="foreign_host",
        param=header,
        remedy=remedy,
    )
