"""Hosts that announce themselves on the LAN (multicast DNS), found and announced. Only zeroconf's.

A host of Lares is a service `_lares-host._tcp.local.`; its TXT record may say `engine` (as
`kind` in [hosts.NAME]), `model`, `scheme` (http or https), `tls` (sha256 of its certificate, in
hexadecimal; https then) and `mac` (of its network card). Speech servers of the Wyoming protocol
are `_wyoming._tcp.local.`, as Home Assistant looks for them. All of it comes from anybody on the
LAN: it is cut to what is valid, and nothing is used before a person trusts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import zeroconf as mdns
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from laresd.backends.hosts.wake import mac_bytes
from laresd.errors import ConfigError, Permanent, Temporary

log = logging.getLogger(__name__)

LARES, WYOMING = "_lares-host._tcp.local.", "_wyoming._tcp.local."
MAX_FOUND = 64  # services; a LAN has a few, and whoever floods it is not followed
RESOLVE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 30.0  # at this machine's own network, which may come later or change

Kind = Literal["auto", "llama-server", "vllm", "ollama", "openai", "wyoming"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class FoundHost:
    """One announced service. `service`: its full name, which is its own on the LAN. `name`: of
    a-z, 0-9, _ and -, at most 40; two services may come to the same one. `addresses`: at least
    one, the best first. `fingerprint` as announced, which proves nothing.
    """

    service: str
    name: str
    addresses: tuple[str, ...]
    port: int
    kind: Kind
    scheme: Literal["http", "https", "tcp"]
    model: str = ""
    fingerprint: str = ""
    mac: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """As `url` in [hosts.NAME], one for each address."""
        return tuple(_url(self.scheme, address, self.port) for address in self.addresses)

    @property
    def url(self) -> str:
        return self.urls[0]


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a host says of itself. `label`: its name for people, at most 63 bytes. `service`: LARES
    or WYOMING, which says nothing but where it is.
    """

    label: str
    port: int
    kind: Kind = "auto"
    model: str = ""
    scheme: Literal["http", "https"] = "http"
    fingerprint: str = ""
    mac: str = ""
    service: str = LARES

    def txt(self) -> dict[str, str | bytes | None]:
        """The TXT record; what is not known is left out."""
        if self.service == WYOMING:
            return {}
        said = {
            "engine": self.kind,
            "model": self.model,
            "scheme": self.scheme,
            "tls": self.fingerprint,
            "mac": self.mac,
        }
        return {key: value for key, value in said.items() if value}


def read_service(
    type_: str,
    service: str,
    addresses: Iterable[str],
    port: int | None,
    txt: Mapping[bytes, bytes | None],
) -> FoundHost | None:
    """The host that a service's records describe; None where they describe none."""
    usable = _usable(addresses)
    if not usable or not port or not 0 < port < 65536:
        return None
    name = clean_name(service.removesuffix("." + type_))
    if type_ == WYOMING:
        return FoundHost(service, name, usable, port, "wyoming", "tcp")
    said = {key: _text(txt, key) for key in ("engine", "model", "scheme", "tls", "mac")}
    fingerprint = clean_fingerprint(said["tls"])
    secure = bool(fingerprint) or said["scheme"] == "https"
    return FoundHost(
        service,
        name,
        usable,
        port,
        next((kind for kind in KINDS if kind == said["engine"] != "wyoming"), "auto"),
        "https" if secure else "http",
        model=said["model"],
        fingerprint=fingerprint,
        mac=_mac(said["mac"]),
    )


def clean_name(label: str) -> str:
    """The label as a name for [hosts.NAME]: a-z, 0-9, _ and -, 1 to 40 of them."""
    return re.sub(r"[^a-z0-9_]+", "-", label.lower()).strip("-")[:40].strip("-") or "host"


def clean_fingerprint(text: str) -> str:
    """A sha256 in lower-case hexadecimal; "" for what is none. Colons between bytes may be."""
    bare = text.replace(":", "").lower()
    return bare if re.fullmatch(r"[0-9a-f]{64}", bare) else ""


def unique_names(
    found: Sequence[FoundHost], kept: Mapping[str, str], taken: Iterable[str]
) -> dict[str, str]:
    """A name of its own for each service. `kept`: those that have one already, by service; of the
    others a later one of the same name gets a number, and none gets a name that is `taken`.
    """
    names = {one.service: kept[one.service] for one in found if one.service in kept}
    used = {*taken, *kept.values()}
    for one in sorted(found, key=lambda each: each.service):
        if one.service not in names:
            names[one.service] = _free(one.name, used)
            used.add(names[one.service])
    return names


class LanDiscovery:
    """Looks for hosts on the networks of `interfaces` (addresses of this machine; None: all)."""

    def __init__(self, interfaces: Sequence[str] | None = None) -> None:
        self._interfaces = interfaces

    async def watch(self) -> AsyncGenerator[tuple[FoundHost, ...], None]:
        """All hosts that are there, after every change; close it to stop looking.

        Raises Temporary when this machine's network does not let it look.
        """
        found: dict[str, FoundHost] = {}
        changes = _Changes()
        async with _multicast(self._interfaces) as network:
            browser = AsyncServiceBrowser(network.zeroconf, [LARES, WYOMING], [changes.note])
            try:
                while True:
                    if not await changes.come():
                        await _look_again(network)
                        continue
                    before = dict(found)
                    await _follow(network, changes, found)
                    if found != before:
                        yield tuple(found.values())
            finally:
                await browser.async_cancel()


async def announce(
    what: Announcement,
    *,
    interfaces: Sequence[str] | None = None,
    addresses: Sequence[str] = (),
) -> None:
    """Announce it until cancelled, with this machine's own address however that changes, or with
    `addresses`.

    Raises Permanent for a label that cannot be announced, Temporary where the network does not
    let it.
    """
    if not 0 < len(what.label.encode()) < 64:
        raise Permanent(f"{what.label[:80]!r} is no name for a host: 1 to 63 bytes are")
    told: tuple[str, ...] = ()
    info: AsyncServiceInfo | None = None
    async with _multicast(interfaces) as network:
        while True:
            now = tuple(addresses) or _own_addresses()
            if now and now != told:
                await _look_again(network)
                info = await _tell(network, what, now, info)
                told = now
                log.info("announced as %r at %s, port %d", what.label, ", ".join(now), what.port)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


class _Changes:
    """Services whose records have changed and were not looked at yet."""

    def __init__(self) -> None:
        self._changed: dict[str, str] = {}
        self._event = asyncio.Event()

    def note(
        self,
        zeroconf: mdns.Zeroconf,
        service_type: str,
        name: str,
        state_change: mdns.ServiceStateChange,
    ) -> None:
        """zeroconf's handler: its parameters are named by the caller."""
        if len(self._changed) < 2 * MAX_FOUND or name in self._changed:
            gone = state_change is mdns.ServiceStateChange.Removed
            self._changed[name] = "" if gone else service_type
            self._event.set()

    async def come(self) -> bool:
        """Whether something changes before it is time to look at the network again."""
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._event.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> dict[str, str]:
        """Type by service; "" for one that has gone."""
        taken, self._changed = self._changed, {}
        self._event.clear()
        return taken


async def _follow(network: AsyncZeroconf, changes: _Changes, found: dict[str, FoundHost]) -> None:
    """Bring `found` up to date: what does not answer with an address is not there."""
    async with asyncio.TaskGroup() as group:
        asked = {
            service: group.create_task(_resolved(network, type_, service))
            for service, type_ in changes.take().items()
        }
    for service, answer in asked.items():
        host = answer.result()
        if host is None:
            found.pop(service, None)
        elif service in found or len(found) < MAX_FOUND:
            found[service] = host
        else:
            log.warning(
                "more than %d hosts announce themselves: %r is left out", MAX_FOUND, service
            )


async def _resolved(network: AsyncZeroconf, type_: str, service: str) -> FoundHost | None:
    if not type_:
        return None
    try:
        info = AsyncServiceInfo(type_, service)
        if not await info.async_request(network.zeroconf, RESOLVE_SECONDS * 1000):
            return None
        addresses = info.parsed_addresses(mdns.IPVersion.All)
        return read_service(type_, service, addresses, info.port, info.properties)
    except (mdns.Error, ValueError) as error:
        log.debug("%r cannot be understood: %s", service, error)
        return None


@contextlib.asynccontextmanager
async def _multicast(interfaces: Sequence[str] | None) -> AsyncIterator[AsyncZeroconf]:
    try:
        network = AsyncZeroconf(
            interfaces=mdns.InterfaceChoice.All if interfaces is None else list(interfaces)
        )
    except (OSError, RuntimeError) as error:
        raise Temporary(
            f"this machine's network does not allow multicast DNS: {error}",
            remedy="check that it is connected, or name the hosts in the configuration",
        ) from error
    try:
        yield network
    except mdns.Error as error:
        raise Temporary(f"multicast DNS failed: {error or type(error).__name__}") from error
    finally:
        await network.async_close()


async def _look_again(network: AsyncZeroconf) -> None:
    """Follow network cards that came or went since."""
    try:
        await network.async_update_interfaces()
    except OSError as error:
        log.debug("the network cards cannot be read: %s", error)


async def _tell(
    network: AsyncZeroconf,
    what: Announcement,
    addresses: tuple[str, ...],
    told: AsyncServiceInfo | None,
) -> AsyncServiceInfo:
    """Announce it for the first time, or again with other addresses."""
    suffix = what.service.partition(".")[0].replace("_", "-")
    info = AsyncServiceInfo(
        what.service,
        told.name if told else f"{what.label}.{what.service}",
        port=what.port,
        properties=what.txt(),
        # Not the machine's own name, whose records its own responder may be announcing.
        server=f"{clean_name(what.label)}{suffix}.local.",
        parsed_addresses=list(addresses),
    )
    if told is None:
        done = await network.async_register_service(info, allow_name_change=True)
    else:
        done = await network.async_update_service(info)
    await done
    return info


def _own_addresses() -> tuple[str, ...]:
    """The address by which this machine reaches the LAN; none without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(("224.0.0.251", 5353))  # sends nothing
        except OSError:
            return ()
        return (str(probe.getsockname()[0]),)


def _usable(addresses: Iterable[str]) -> tuple[str, ...]:
    """Valid ones that a URL can hold: IPv4 first, this machine's own last."""
    parsed = set()
    for text in addresses:
        with contextlib.suppress(ValueError):
            parsed.add(ipaddress.ip_address(text))
    good = [
        each
        for each in parsed
        if not each.is_unspecified
        and not each.is_multicast
        and not (each.version == 6 and each.is_link_local)
    ]
    return tuple(map(str, sorted(good, key=lambda one: (one.is_loopback, one.version, int(one)))))


def _url(scheme: str, address: str, port: int) -> str:
    return f"{scheme}://[{address}]:{port}" if ":" in address else f"{scheme}://{address}:{port}"


def _text(txt: Mapping[bytes, bytes | None], key: str) -> str:
    """A value of a TXT record as printable text of at most 200 characters; "" where it is none."""
    try:
        value = (txt.get(key.encode()) or b"").decode().strip()
    except UnicodeDecodeError:
        return ""
    return value if value.isprintable() and len(value) <= 200 else ""


def _mac(text: str) -> str:
    try:
        return mac_bytes(text).hex(":")
    except ConfigError:
        return ""


def _free(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    numbers = (f"-{number}" for number in range(2, len(used) + 3))
    return next(free for end in numbers if (free := name[: 40 - len(end)] + end) not in used)
