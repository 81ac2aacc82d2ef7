"""Which found hosts may be used: trusted once, kept on disk, checked whenever one is found again.

`hosts.json` and the keys beside it are for their owner alone, and change whole or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from laresd.backends.hosts.discovery import KINDS, FoundHost, Kind, clean_fingerprint
from laresd.backends.whole_file import write_whole
from laresd.config import HostSettings
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.frames import Fields
from laresd.types import Json

LAYOUT = 1  # of hosts.json
CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Trusted:
    """A found host that a person has trusted. `service`: its full name on the LAN. `fingerprint`:
    of the certificate that it showed then, "" without TLS. `since`: seconds since the epoch.
    `doubted`: it was seen at another address or with another certificate, and is not used.
    """

    name: str
    service: str
    url: str
    kind: Kind = "auto"
    fingerprint: str = ""
    mac: str = ""
    token_file: Path | None = None
    since: float = 0.0
    doubted: bool = False

    def settings(self) -> HostSettings:
        return HostSettings(
            url=self.url,
            kind=self.kind,
            token_file=self.token_file,
            fingerprint=self.fingerprint,
            mac=self.mac,
        )


class Standing(StrEnum):
    """What a found host is beside the one that was trusted under its name."""

    SAME = "same"
    MOVED = "moved"  # to another address, where its certificate proves that it is the same
    CHANGED = "changed"  # it may be another one


def standing(trusted: Trusted, found: FoundHost) -> Standing:
    """Only a certificate proves that a host at another address is the one that was trusted: a
    token would have to be sent to it first.
    """
    if found.fingerprint and found.fingerprint != trusted.fingerprint:
        return Standing.CHANGED
    if trusted.url in found.urls:
        return Standing.SAME
    if trusted.fingerprint and found.scheme == "https":
        return Standing.MOVED
    return Standing.CHANGED


class TrustStore:
    """The file in the state directory. Synchronous: call it in a thread.

    Every call raises Permanent where the files cannot be read or written, or are damaged: a list
    of trusted hosts is never taken for empty because it cannot be understood.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hosts.json"
        self._tokens = folder / "host-tokens"

    def load(self) -> dict[str, Trusted]:
        """By name."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(error) from error
        try:
            document = Fields({"document": json.loads(text)}).row("document")
            if document is None:
                raise Permanent("it is null")
            if (layout := document.integer("layout")) != LAYOUT:
                raise Permanent(f"it has layout {layout}, this Lares knows {LAYOUT}")
            return {name: _read(name, host) for name, host in document.mapping("hosts").items()}
        except (ValueError, RecursionError, LaresError) as error:
            why = error.message if isinstance(error, LaresError) else str(error)
            raise Permanent(
                f"the file of trusted hosts {self.path} is damaged: {why}",
                remedy="put it back from a backup; or remove it and trust your hosts again",
            ) from error

    def save(self, hosts: Mapping[str, Trusted]) -> None:
        """Durable when this returns."""
        written: dict[str, Json] = {name: _written(host) for name, host in hosts.items()}
        document = json.dumps({"layout": LAYOUT, "hosts": written}, ensure_ascii=False, indent=1)
        try:
            write_whole(self.path, document.encode() + b"\n")
        except OSError as error:
            raise self._unusable(error) from error

    def keep_token(self, name: str, token: str) -> Path:
        """The file that has it now."""
        path = self._tokens / name
        try:
            self._tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, token.encode())
        except OSError as error:
            raise self._unusable(error) from error
        return path

    def forget_token(self, name: str) -> None:
        try:
            (self._tokens / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> Permanent:
        return Permanent(
            f"cannot use the trusted hosts' files in {self.path.parent}: {error.strerror}",
            remedy="check that the state directory exists and this user may write there",
        )


async def shown_fingerprint(url: str, *, deadline: float) -> str:
    """The sha256 of the certificate that the server at an https URL shows. Nothing but the TLS
    handshake is sent to it.

    Raises Temporary when it cannot be reached or does not speak TLS.
    """
    where = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate is looked at, not believed
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout_at(deadline):
            _, writer = await asyncio.open_connection(
                where.hostname, where.port or 443, ssl=context
            )
    except TimeoutError as error:
        raise DeadlineExceeded(f"{url} does not answer", remedy="is the host awake?") from error
    except (OSError, ssl.SSLError) as error:
        raise Temporary(
            f"the certificate of {url} cannot be read: {error.strerror or error}",
            remedy="check that the host is awake and serves https there",
        ) from error
    try:
        connection = writer.get_extra_info("ssl_object")
        certificate: bytes | None = connection.getpeercert(binary_form=True)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await writer.wait_closed()
    if not certificate:
        raise Temporary(f"{url} shows no certificate")
    return hashlib.sha256(certificate).hexdigest()


def _written(host: Trusted) -> Json:
    return {
        "service": host.service,
        "url": host.url,
        "kind": host.kind,
        "fingerprint": host.fingerprint,
        "mac": host.mac,
        "token_file": str(host.token_file) if host.token_file else None,
        "since": host.since,
        "doubted": host.doubted,
    }


def _read(name: str, written: Json) -> Trusted:
    host = Fields({"host": written}).row("host")
    if host is None:
        raise Permanent(f"{name!r} has nothing")
    kind = next((kind for kind in KINDS if kind == host.text("kind")), None)
    url, fingerprint = host.text("url"), host.text("fingerprint")
    if kind is None or fingerprint != clean_fingerprint(fingerprint):
        raise Permanent(f"{name!r} has a kind or a fingerprint that is none")
    if url.startswith("https:") and not fingerprint:
        raise Permanent(f"{name!r} has no fingerprint")
    token_file = host.text("token_file", "")
    return Trusted(
        name,
        host.text("service"),
        url,
        kind,
        fingerprint,
        host.text("mac"),
        Path(token_file) if token_file else None,
        host.real("since"),
        host.flag("doubted"),
    )
