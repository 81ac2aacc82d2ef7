"""The certificate of a host that no authority signed, known by its fingerprint."""

from __future__ import annotations

from laresd.errors import Permanent

_DIGEST_BYTES = 32


def fingerprint_bytes(fingerprint: str) -> bytes | None:
    """The SHA-256 of a certificate (DER), written in hexadecimal with or without colons; None for
    "". Raises Permanent for anything else.
    """
    if not fingerprint:
        return None
    try:
        digest = bytes.fromhex(fingerprint.replace(":", ""))
    except ValueError:
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise Permanent(
            f"{fingerprint[:80]!r} is no fingerprint of a certificate",
            remedy="it has 64 hexadecimal digits, as `lares hosts` shows them",
        )
    return digest
