"""The MQTT broker: is it there, and does it let us in. Nothing is left behind there."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator

from laresd.backends.checks.finding import Finding, fail, ok
from laresd.config import Mqtt

TIMEOUT = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not like the client's name",
    3: "it is not available",
    4: "it refuses the user name or password",
    5: "it does not allow this user in",
}


def reachable(settings: Mqtt) -> Finding:
    """Connects as the daemon would, but under a name of its own, and says goodbye."""
    where = f"{settings.host}:{settings.port}"
    try:
        code = _connect(settings)
    except ConnectionRefusedError:
        if settings.embedded == "always" or (
            settings.embedded == "auto" and settings.host in LOOPBACK
        ):
            return ok("broker", "none listens; laresd starts its own")
        return fail("broker", f"nothing listens on {where}", "start the broker, or correct [mqtt]")
    except ssl.SSLError as error:
        return fail("broker", f"TLS with {where} fails: {error.reason}", "check mqtt.ca_file")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no answer"
        return fail("broker", f"{where}: {reason}", "check mqtt.host, mqtt.port and the network")
    if code:
        reason = _REFUSALS.get(code, f"it answers {code}")
        return fail("broker", f"{where}: {reason}", "check mqtt.username and mqtt.password_file")
    return ok("broker", f"{where} lets {settings.username or 'everybody'} in")


def _connect(settings: Mqtt) -> int:
    """The broker's answer to CONNECT: 0 for welcome. Raises OSError, ValueError for no answer."""
    password = None
    if settings.password_file is not None:
        password = settings.password_file.read_text(encoding="utf-8").strip()
    with _opened(settings) as connection:
        connection.sendall(_hello(settings.username, password))
        answer = b""
        while len(answer) < 4 and (more := connection.recv(4 - len(answer))):
            answer += more
        if len(answer) < 4 or answer[0] != 0x20:
            raise ValueError("what listens there does not speak MQTT")
        connection.sendall(b"\xe0\x00")
        return answer[3]


@contextlib.contextmanager
def _opened(settings: Mqtt) -> Iterator[socket.socket]:
    with contextlib.ExitStack() as stack:
        plain = socket.create_connection((settings.host, settings.port), TIMEOUT)
        connection: socket.socket = stack.enter_context(plain)
        if settings.tls:
            context = ssl.create_default_context(cafile=settings.ca_file)
            wrapped = context.wrap_socket(connection, server_hostname=settings.host)
            connection = stack.enter_context(wrapped)
        yield connection


def _hello(username: str, password: str | None) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session."""
    flags = 0x02 | (0x80 if username else 0) | (0x40 if username and password is not None else 0)
    body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 10) + _text("lares-doctor")
    if username:
        body += _text(username)
        body += _text(password) if password is not None else b""
    length, encoded = len(body), b""
    while True:
        length, digit = divmod(length, 128)
        encoded += bytes([digit | (0x80 if length else 0)])
        if not length:
            return b"\x10" + encoded + body


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data
