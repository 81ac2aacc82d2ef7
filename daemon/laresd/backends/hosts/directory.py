"""Port `Hosts`: those of the configuration, and those that were found on the LAN and trusted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

from laresd.backends.hosts.discovery import FoundHost, Kind, clean_fingerprint, unique_names
from laresd.backends.hosts.trust import Standing, Trusted, TrustStore, shown_fingerprint, standing
from laresd.config import HostSettings
from laresd.errors import LaresError, Permanent, Refused, Temporary
from laresd.ports import Clock, Host

log = logging.getLogger(__name__)

CERTIFICATE_SECONDS = 5.0
RETRY_SECONDS = 60.0  # until it looks for hosts again, where the network did not let it


class Discovery(Protocol):
    """What finds hosts: LanDiscovery, or a test's."""

    def watch(self) -> AsyncGenerator[tuple[FoundHost, ...], None]: ...


Make = Callable[[HostSettings, str], AbstractAsyncContextManager[Host]]
"""The Host of these settings and this name, to be entered; leaving it breaks off what is under way.
Raises Permanent for settings that cannot be."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A host on the LAN that is not used. `changed`: it was trusted, but has shown itself at
    another address or with another certificate since.
    """

    name: str
    url: str
    kind: Kind
    model: str = ""
    fingerprint: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class _Used:
    settings: HostSettings
    host: Host
    leave: AsyncExitStack


class HostDirectory:
    """Enter it to have the hosts, and keep `run` running to follow those on the LAN.

    A damaged file of trusted hosts does not stop the box: `fault` says it, the hosts of the
    configuration are there, and none can be trusted or forgotten until it is mended.
    """

    def __init__(
        self,
        configured: Mapping[str, HostSettings],
        store: TrustStore,
        discovery: Discovery | None,
        make: Make,
        clock: Clock,
    ) -> None:
        self.fault: LaresError | None = None
        self._configured = configured
        self._store = store
        self._discovery = discovery
        self._make = make
        self._clock = clock
        self._trusted: dict[str, Trusted] = {}
        self._found: tuple[FoundHost, ...] = ()
        self._names: dict[str, str] = {}  # of what is found, by service
        self._used: dict[str, _Used] = {}
        self._changing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        try:
            self._trusted = await asyncio.to_thread(self._store.load)
        except LaresError as error:
            self.fault = error
            log.error("no host that was found on the LAN is used: %s", error)
        try:
            await self._rebuild()
        except BaseException:
            await self._leave_all()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave_all()

    async def run(self) -> None:
        """Follow what comes and goes on the LAN; returns at once where nobody looks."""
        if self._discovery is None:
            return
        while True:
            try:
                async with aclosing(self._discovery.watch()) as watch:
                    async for found in watch:
                        await self._see(found)
            except Temporary as error:
                log.warning("not looking for hosts on the LAN: %s", error)
            await self._see(())
            await self._clock.wait(asyncio.Event(), self._clock.now() + RETRY_SECONDS)

    def trusted(self) -> Sequence[Host]:
        return tuple(used.host for used in self._used.values())

    def settings(self, name: str) -> HostSettings:
        """Of a trusted host. Raises Permanent for a name that none has."""
        if name not in self._used:
            raise self._unknown(name)
        return self._used[name].settings

    def found(self) -> Sequence[Stranger]:
        """Hosts on the LAN that wait for trust, by name; none that is used already."""
        strangers = {
            name: Stranger(name, one.url, one.kind, "", one.fingerprint, changed=True)
            for name, one in self._trusted.items()
            if one.doubted
        }
        for host in self._found:
            name = self._names[host.service]
            if name not in self._used and not self._is_configured(host):
                strangers[name] = Stranger(
                    name, host.url, host.kind, host.model, host.fingerprint, name in strangers
                )
        return tuple(strangers[name] for name in sorted(strangers))

    async def trust(self, name: str, token: str | None = None, fingerprint: str = "") -> Trusted:
        """Use a found host from now on, with its key where it asks for one.

        Over https its certificate is fetched and must be this one ever after; `fingerprint`: the
        one that it must show now. Raises Refused when it shows another, or the name is one of the
        configuration; Permanent for a name that none has; Temporary when it cannot be reached.
        """
        if name in self._configured:
            raise Refused(
                f"{name} stands in the configuration, and is trusted by that",
                remedy=f"change [hosts.{name}]",
            )
        async with self._changing:
            self._raise_fault()
            host = next((one for one in self._found if self._names[one.service] == name), None)
            if host is None:
                raise self._absent(name)
            shown = await self._certificate(host, fingerprint)
            before = self._trusted.get(name)
            token_file = before.token_file if before and _proved(before, host, shown) else None
            if token is not None:
                token_file = await asyncio.to_thread(self._store.keep_token, name, token)
            elif token_file is None:
                await asyncio.to_thread(self._store.forget_token, name)
            trusted = Trusted(
                name,
                host.service,
                host.url,
                host.kind,
                shown,
                host.mac,
                token_file,
                self._clock.wall(),
            )
            others = {key: one for key, one in self._trusted.items() if one.service != host.service}
            await self._keep({**others, name: trusted})
            return trusted

    async def forget(self, name: str) -> None:
        """Use it no more, and delete its key. Raises as `trust`."""
        if name in self._configured:
            raise Refused(
                f"{name} stands in the configuration",
                remedy=f"take [hosts.{name}] out, and start laresd anew",
            )
        async with self._changing:
            self._raise_fault()
            if name not in self._trusted:
                raise self._unknown(name)
            await self._keep({key: one for key, one in self._trusted.items() if key != name})
            await asyncio.to_thread(self._store.forget_token, name)

    async def _see(self, found: tuple[FoundHost, ...]) -> None:
        async with self._changing:
            self._found = found
            self._name()
            judged = {
                name: _judged(one, next((h for h in found if h.service == one.service), None))
                for name, one in self._trusted.items()
            }
            if judged == self._trusted:
                await self._rebuild()
                return
            try:
                await self._keep(judged)
            except LaresError as error:  # it holds for now, whether it can be kept or not
                log.warning("that hosts have moved or changed is not kept: %s", error)
                self._trusted = judged
                await self._rebuild()

    def _name(self) -> None:
        """Names for what is found: a trusted one's own, or the one that it has since it came."""
        own = {
            one.service: name for name, one in self._trusted.items() if name not in self._configured
        }
        here = {host.service for host in self._found}
        kept = {service: name for service, name in self._names.items() if service in here}
        taken = {*self._configured, *self._trusted}
        self._names = unique_names(self._found, {**kept, **own}, taken)

    def _is_configured(self, host: FoundHost) -> bool:
        urls = {settings.url.rstrip("/") for settings in self._configured.values()}
        return not urls.isdisjoint(host.urls)

    async def _certificate(self, host: FoundHost, wanted: str) -> str:
        """The fingerprint that an https host shows; "" without TLS."""
        if host.scheme != "https":
            if wanted:
                raise Refused(f"{host.url} has no certificate", remedy="trust it without one")
            return ""
        deadline = self._clock.now() + CERTIFICATE_SECONDS
        shown = await shown_fingerprint(host.url, deadline=deadline)
        if wanted and clean_fingerprint(wanted) != shown:
            raise Refused(
                f"{host.url} shows another certificate: {shown}",
                remedy="compare it on the host itself; somebody else may be answering for it",
            )
        if host.fingerprint and host.fingerprint != shown:
            raise Refused(
                f"{host.url} announces one certificate and shows another: {shown}",
                remedy="announce it anew on the host; somebody else may be answering for it",
            )
        return shown

    async def _keep(self, trusted: dict[str, Trusted]) -> None:
        await asyncio.to_thread(self._store.save, trusted)
        self._trusted = trusted
        self._name()
        await self._rebuild()

    async def _rebuild(self) -> None:
        """Build what is new or has changed, leave what is no more; the rest stays the same."""
        wanted = dict(self._configured)
        for name, one in self._trusted.items():
            if not one.doubted:
                wanted.setdefault(name, one.settings())
        for name in list(self._used):
            if wanted.get(name) != self._used[name].settings:
                await self._used.pop(name).leave.aclose()
        for name, settings in wanted.items():
            if name not in self._used:
                await self._add(name, settings)
        self._used = {name: self._used[name] for name in wanted if name in self._used}

    async def _add(self, name: str, settings: HostSettings) -> None:
        """A configured one must be right; one that was found is left out where it is not."""
        stack = AsyncExitStack()
        try:
            host = await stack.enter_async_context(self._make(settings, name))
        except LaresError as error:
            if name in self._configured:
                raise
            log.warning("the host %s is not used: %s", name, error)
        else:
            self._used[name] = _Used(settings, host, stack)

    async def _leave_all(self) -> None:
        while self._used:
            _, used = self._used.popitem()
            await used.leave.aclose()

    def _raise_fault(self) -> None:
        if self.fault is not None:
            raise self.fault

    def _absent(self, name: str) -> LaresError:
        if name not in self._trusted:
            return self._unknown(name)
        return Temporary(
            f"the host {name} does not announce itself now", remedy="start it, and try again"
        )

    def _unknown(self, name: str) -> Permanent:
        known = sorted({*self._names.values(), *self._trusted})
        return Permanent(
            f"no host is named {name[:80]!r}",
            remedy="there are: " + ", ".join(known)
            if known
            else "none announces itself; name it in the configuration: [hosts.NAME]",
        )


def _proved(before: Trusted, host: FoundHost, shown: str) -> bool:
    """Whether the key that is kept for a host may be sent to this one."""
    if before.fingerprint:
        return shown == before.fingerprint
    return before.url in host.urls and not shown


def _judged(trusted: Trusted, host: FoundHost | None) -> Trusted:
    """What is known of a trusted host now that its service was seen so. A doubt stays until it is
    seen again as it was trusted, since its old address may be another machine's by then.
    """
    if host is None:
        return trusted
    match standing(trusted, host):
        case Standing.SAME:
            return replace(trusted, doubted=False)
        case Standing.MOVED:
            log.info("the host %s has moved to %s, with its certificate", trusted.name, host.url)
            return replace(trusted, url=host.url, doubted=False)
        case Standing.CHANGED:
            if not trusted.doubted:
                log.warning("%s is not the host that was trusted: it is not used", trusted.name)
            return replace(trusted, doubted=True)
