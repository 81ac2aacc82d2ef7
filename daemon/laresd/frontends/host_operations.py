"""What the control socket offers of hosts.

    hosts         {}              -> a part for each host, those too that are not trusted
    hosts_trust   {name, token?, fingerprint?} -> one part: the host
    hosts_forget  {name}          -> one part: {name}
    hosts_watch   {}              -> a part for each thing that happens, without end
The fields of hosts and of what happens are those of `lares hosts` (laresd.commands.hosts).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from laresd.frames import Fields
from laresd.frontends.control import Handler
from laresd.types import Json

Part = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class HostOperations:
    """`trust` gets a name, the host's key and its certificate's fingerprint, where they are given
    (None, "").
    """

    rows: Callable[[], Sequence[Part]]
    trust: Callable[[str, str | None, str], Awaitable[Part]]
    forget: Callable[[str], Awaitable[None]]
    watch: Callable[[], AsyncGenerator[Part, None]]

    def handlers(self) -> dict[str, Handler]:
        return {
            "hosts": lambda fields, payload: self._hosts(),
            "hosts_trust": lambda fields, payload: self._trust(Fields(fields)),
            "hosts_forget": lambda fields, payload: self._forget(Fields(fields)),
            "hosts_watch": lambda fields, payload: self._watch(),
        }

    async def _hosts(self) -> AsyncGenerator[Part, None]:
        for row in self.rows():
            yield row

    async def _trust(self, fields: Fields) -> AsyncGenerator[Part, None]:
        token = fields.text("token", "") or None
        yield await self.trust(fields.text("name"), token, fields.text("fingerprint", ""))

    async def _forget(self, fields: Fields) -> AsyncGenerator[Part, None]:
        name = fields.text("name")
        await self.forget(name)
        yield {"name": name}

    async def _watch(self) -> AsyncGenerator[Part, None]:
        async with aclosing(self.watch()) as happenings:
            async for happening in happenings:
                yield happening
