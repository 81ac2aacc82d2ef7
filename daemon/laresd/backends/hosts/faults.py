"""What went wrong between the box and a host, in words for a person.

What a host says is a stranger's text: it is cut, kept on one line, and cleared of the token.
"""

from __future__ import annotations

import errno
import json
import re
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus

from laresd.errors import LaresError, Permanent, Temporary
from laresd.types import Json

LONGEST_SAYING = 200  # characters of a host's own message

_FULL = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def denied(status: int) -> bool:
    return status in _DENIED


def refusal(host: str, status: int, body: bytes, *, secret: str = "") -> LaresError:
    """The error for an answer whose HTTP status is not a success."""
    said = saying(body, secret=secret)
    if status in _DENIED:
        return Permanent(
            f"the host {host} does not accept the token ({status})",
            remedy=f"check hosts.{host}.token_file against the key that the server was started "
            "with",
        )
    if status in _FULL:
        loading = "loading" in said.lower()
        what = "still loading its model" if loading else f"full{_colon(said)}"
        return Temporary(f"the host {host} is {what}")
    if status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED:
        return Temporary(f"the host {host} failed ({status}){_colon(said)}")
    return _wrong(host, status, said)


def _wrong(host: str, status: int, said: str) -> Permanent:
    """The request, or where it went to."""
    if 300 <= status < 400:
        return Permanent(
            f"the host {host} sends its callers elsewhere ({status}), which is not followed",
            remedy=f"correct hosts.{host}.url",
        )
    if status == HTTPStatus.NOT_FOUND:
        return Permanent(
            f"the host {host} does not have what was asked for{_colon(said)}",
            remedy=f"`lares hosts` shows its models; correct hosts.{host}.model or .url",
        )
    return Permanent(f"the host {host} refused the request ({status}){_colon(said)}")


def reported(host: str, error: Json, *, secret: str = "") -> LaresError:
    """The error for a message `{"error": ...}` in the middle of a stream."""
    status = 0
    if isinstance(error, dict):
        code = error.get("code")
        status = code if isinstance(code, int) and not isinstance(code, bool) else 0
    body = json.dumps({"error": error}).encode()
    return refusal(host, status if status >= 400 else 500, body, secret=secret)


def saying(body: bytes, *, secret: str = "") -> str:
    """The message in an error's body, in the shapes that servers have; "" where there is none."""
    text = body[:4096].decode("utf-8", "replace")
    try:
        found = _message(json.loads(body))
    except (ValueError, RecursionError):
        found = "" if "<" in text[:200] else text  # a page says nothing to the point
    if secret:
        found = found.replace(secret, "***")
    line = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", found).strip()
    return line if len(line) <= LONGEST_SAYING else line[: LONGEST_SAYING - 1] + "…"


def unreachable(host: str, error: BaseException) -> LaresError:
    """The error for a connection that was not made, or was lost; `error`: of a socket or of TLS,
    or what stands around one.
    """
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Permanent(
            f"the certificate of the host {host} is not trusted: {cause.verify_message}",
            remedy=f"set hosts.{host}.fingerprint, or type: lares hosts trust {host}",
        )
    number = cause.errno if isinstance(cause, OSError) else None
    for kind, numbers, message in _CAUSES:
        if isinstance(cause, kind) or number in numbers:
            return Temporary(message.format(host=host))
    detail = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    return Temporary(f"the connection to the host {host} failed{_colon(detail)}")


def other_certificate(host: str) -> Permanent:
    return Permanent(
        f"the host {host} shows another certificate than the one that is trusted",
        remedy=f"where it was renewed, trust it again: lares hosts trust {host}",
    )


def broke_off(host: str) -> Temporary:
    return Temporary(f"the host {host} broke off in the middle of its answer")


def no_answer(host: str, what: str) -> Temporary:
    """It said something that is no answer of its API."""
    return Temporary(f"the host {host} sends what is no answer: {what}")


# By the class of the error, or by its number, which is all that aiohttp keeps of some.
_CAUSES: tuple[tuple[type[BaseException], frozenset[int], str], ...] = (
    (
        ConnectionRefusedError,
        frozenset({errno.ECONNREFUSED}),
        "no server listens at the host {host}",
    ),
    (socket.gaierror, frozenset(), "the name of the host {host} is not known on this network"),
    (ssl.SSLError, frozenset(), "TLS with the host {host} failed; is its port one for https?"),
    (TimeoutError, frozenset({errno.ETIMEDOUT}), "the host {host} does not answer"),
    (
        ConnectionError,
        frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}),
        "the connection to the host {host} was lost",
    ),
)


def _cause(error: BaseException) -> BaseException:
    """What a client library wrapped."""
    for inner in (getattr(error, "certificate_error", None), getattr(error, "os_error", None)):
        if isinstance(inner, BaseException):
            return inner
    return error


def _message(body: Json) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return ""
    for key in ("error", "message", "detail"):
        value = body.get(key)
        if isinstance(value, Mapping):
            return _message(value)
        if isinstance(value, str) and value:
            return value
    return ""


def _colon(text: str) -> str:
    return f": {text}" if text else ""
