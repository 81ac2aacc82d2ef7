"""Why a broker could not be reached, in words for a person."""

from __future__ import annotations

import socket
import ssl

from laresd.errors import Temporary

# MQTT 5 reason codes (paho gives those for MQTT 3.1.1, too)
UNSUPPORTED_PROTOCOL = 132
BAD_CLIENT_ID = 133
BAD_LOGIN = 134
NOT_AUTHORIZED = 135
TAKEN_OVER = 142


def refused(code: int, reason: str, *, where: str, username: str) -> Temporary:
    """The broker answered CONNECT (or closed the session) with this MQTT 5 reason code."""
    who = f"user {username!r}" if username else "a client without a user name"
    if code in {BAD_LOGIN, NOT_AUTHORIZED}:
        return Temporary(
            f"the broker at {where} refused {who}",
            remedy="check mqtt.username and mqtt.password_file against the broker's password file",
        )
    if code == TAKEN_OVER:
        return Temporary(
            f"another client with this box's name took over the session at {where}",
            remedy="give each box its own box.name",
        )
    return Temporary(f"the broker at {where} refused the connection: {reason}")


def unreachable(cause: BaseException | None, text: str, *, where: str) -> Temporary:
    """The connection failed before or without an answer; `cause` is the socket's own error."""
    for kind, message, remedy in _CAUSES:
        if isinstance(cause, kind):
            detail = (
                getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or text
            )
            return Temporary(message.format(where=where, detail=detail), remedy=remedy)
    if cause is None and "timed out" in text.lower():
        return Temporary(
            f"{where} took the connection but did not answer as an MQTT broker",
            remedy="check mqtt.port; with mqtt.tls the port must be a TLS listener (often 8883)",
        )
    return Temporary(f"the connection to the broker at {where} failed: {text}")


_CAUSES: tuple[tuple[type[OSError], str, str], ...] = (
    (
        ConnectionRefusedError,
        "no broker listens at {where}",
        "start it (systemctl start mosquitto) or correct mqtt.host and mqtt.port",
    ),
    (
        socket.gaierror,
        "the name of the broker at {where} is not known on this network",
        "check mqtt.host and the DNS, or give the address",
    ),
    (
        ssl.SSLCertVerificationError,
        "the certificate of the broker at {where} is not trusted: {detail}",
        "set mqtt.ca_file to the CA that signed it; mqtt.host must be the name in it",
    ),
    (
        ssl.SSLError,
        "TLS with {where} failed: {detail}",
        "is that port a TLS listener? otherwise set mqtt.tls = false",
    ),
    (TimeoutError, "{where} does not answer", "check mqtt.host and the firewall"),
)
