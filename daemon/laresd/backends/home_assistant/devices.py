"""The `Devices` port over Home Assistant: its services act, its state changes confirm."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from laresd.backends.home import matching
from laresd.backends.home_assistant.kinds import STATELESS
from laresd.backends.home_assistant.reading import Row, row, rows, text
from laresd.backends.home_assistant.registry import Read, Registry, read
from laresd.backends.home_assistant.services import Call, call
from laresd.backends.home_assistant.socket import HomeAssistantSocket, check, connected
from laresd.config import HomeAssistant, HomeNames
from laresd.errors import LaresError, Permanent, Temporary
from laresd.types import Action, EntityState, Home, Json, Outcome, Publication, Status

log = logging.getLogger(__name__)

FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0
QUIET_S = 0.5  # without news of the registries, before they are read again
STATE_CHANGED = "state_changed"
REGISTRIES = (
    "entity_registry_updated",
    "device_registry_updated",
    "area_registry_updated",
    "label_registry_updated",
)


@dataclass(slots=True)
class _Watch:
    """An action that waits for Home Assistant's word that the entity is so."""

    action: Action
    before: EntityState
    reports: frozenset[str]
    echo: asyncio.Future[Publication]


class HomeAssistantDevices:
    """`run` must run; until it is connected there are no entities."""

    def __init__(self, settings: HomeAssistant, names: HomeNames, *, echo_timeout: float) -> None:
        """Raises ConfigError for domains that Lares cannot use, and for an address that is none."""
        check(settings)
        self._settings = settings
        self._echo_timeout = echo_timeout
        self._registry = Registry(settings, names)
        self._socket: HomeAssistantSocket | None = None
        self._fault: LaresError = Temporary("Home Assistant was not reached yet")
        self._watches: list[_Watch] = []
        self._meanwhile: dict[str, Row | None] = {}  # the last state of each, since it was read
        self._news = asyncio.Event()
        self._outdated = asyncio.Event()

    @property
    def fault(self) -> LaresError | None:
        """Why it is not connected; None when it is."""
        return None if self._socket is not None else self._fault

    def home(self) -> Home:
        return self._registry.home()

    async def changed(self, since: Home) -> Home:
        """The next home that is not `since`."""
        while (home := self._registry.home()) is since:
            await self._news.wait()
        return home

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        delay, told = FIRST_DELAY_S, ""
        while True:
            was = self._registry.home()
            try:
                await self._session()
            except LaresError as error:
                self._fault = error
                if str(error) != told:
                    log.warning("%s; trying again", error)
                    told = str(error)
            if self._registry.home() is not was:  # it had worked
                delay, told = FIRST_DELAY_S, told if isinstance(self._fault, Permanent) else ""
            self._registry.lose()
            self._tell()
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_S)

    async def _session(self) -> None:
        """One connection to its end, which it raises."""
        async with connected(self._settings, self._heard) as socket:
            fault: LaresError | None = None
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(socket.read(), name="home-assistant-socket")
                    await self._follow(socket)
            except* LaresError as group:
                fault = _first(group)
            finally:
                self._socket = None
        if fault is not None:
            raise fault

    async def _follow(self, socket: HomeAssistantSocket) -> None:
        """Read all of it, and again whenever a registry has changed."""
        await socket.ask("subscribe_events", event_type=STATE_CHANGED)
        for event in REGISTRIES:
            with contextlib.suppress(Permanent):  # an older one has no labels, or lets only
                await socket.ask("subscribe_events", event_type=event)  # administrators see
        while True:
            self._outdated.clear()
            self._meanwhile.clear()
            self._registry.learn(await _read(socket))
            for entity_id, state in self._meanwhile.items():  # newer than what was read
                self._registry.hear(entity_id, state)
            if self._socket is None:
                log.info("Home Assistant has %d entities for Lares", len(self.home().entities))
            self._socket = socket
            self._tell()
            await self._outdated.wait()
            await asyncio.sleep(QUIET_S)

    def _heard(self, event: str, data: Row) -> None:
        if event in REGISTRIES:
            self._outdated.set()
            return
        if event != STATE_CHANGED:
            return
        entity_id, state = text(data, "entity_id"), data.get("new_state")
        if not self._registry.is_concerned(entity_id):
            return
        if data.get("old_state") is None or state is None:
            self._outdated.set()  # an entity that comes or goes
        known = row(state) if state is not None else None
        self._meanwhile[entity_id] = known
        if not self._registry.hear(entity_id, known):
            return
        self._tell()
        at = asyncio.get_running_loop().time()
        after = self._registry.state(entity_id)
        for watch in self._watches:
            if watch.action.entity_id != entity_id or watch.echo.done():
                continue
            if matching.matches(watch.action, watch.before, after, watch.reports):
                watch.echo.set_result(Publication(STATE_CHANGED, after.state, at))

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._act(action, deadline), name=f"act {action.entity_id}")
                for action in actions
            ]
        return [task.result() for task in tasks]

    async def _act(self, action: Action, deadline: float) -> Outcome:
        if self._registry.entity(action.entity_id) is None:
            return Outcome(action, Status.UNSUPPORTED, detail="there is no such device")
        socket = self._socket
        if socket is None:
            return Outcome(action, Status.FAILED, detail=str(self._fault))
        before = self._registry.state(action.entity_id)
        if not before.available:
            detail = "Home Assistant says that it is offline"
            return Outcome(action, Status.UNAVAILABLE, detail=detail)
        meant = matching.normal(action, 1.0)
        try:
            wanted = call(meant)
        except Permanent as error:
            return Outcome(action, Status.UNSUPPORTED, detail=error.message)
        reports = self._registry.reports(action.entity_id)
        echo: asyncio.Future[Publication] = asyncio.get_running_loop().create_future()
        watch = _Watch(meant, before, reports, echo)
        self._watches.append(watch)
        try:
            return await self._call(socket, action, wanted, watch, deadline)
        finally:
            self._watches.remove(watch)

    async def _call(
        self,
        socket: HomeAssistantSocket,
        action: Action,
        wanted: Call,
        watch: _Watch,
        deadline: float,
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        text_sent = json.dumps(dict(wanted.data), ensure_ascii=False)
        sent = (Publication(f"{wanted.domain}.{wanted.service}", text_sent, loop.time()),)
        until = min(deadline, loop.time() + self._echo_timeout)
        data: dict[str, Json] = dict(wanted.data)
        try:
            await socket.ask(
                "call_service",
                deadline=until,
                domain=wanted.domain,
                service=wanted.service,
                service_data=data,
            )
        except Permanent as error:
            return Outcome(action, Status.FAILED, sent, detail=error.message)
        except Temporary as error:  # it may have been done: whoever asked hears that nobody knows
            if watch.echo.done():
                return Outcome(action, Status.CONFIRMED, sent, watch.echo.result())
            return Outcome(action, Status.NO_ANSWER, sent, detail=error.message)
        if action.entity_id.partition(".")[0] in STATELESS:
            return Outcome(action, Status.ACCEPTED, sent)
        return await self._confirm(action, watch, sent, until)

    async def _confirm(
        self, action: Action, watch: _Watch, sent: tuple[Publication, ...], until: float
    ) -> Outcome:
        """Wait for the state; Home Assistant says nothing where it was so before."""
        already = matching.matches(watch.action, watch.before, watch.before, watch.reports)
        if already and not watch.echo.done():
            return Outcome(action, Status.ALREADY, sent)
        try:
            async with asyncio.timeout_at(until):
                echo = await watch.echo
        except TimeoutError:
            return Outcome(action, Status.NO_ANSWER, sent)
        return Outcome(action, Status.ALREADY if already else Status.CONFIRMED, sent, echo)


async def _read(socket: HomeAssistantSocket) -> Read:
    """Everything that a home is made of. What only newer versions have is none in others."""
    states = await socket.ask("get_states")
    ids: list[Json] = [text(item, "entity_id") for item in rows(states)]
    entities = await socket.ask("config/entity_registry/get_entries", entity_ids=ids)
    devices = await socket.ask("config/device_registry/list")
    areas = await socket.ask("config/area_registry/list")
    labels: Json = []
    with contextlib.suppress(Permanent):
        labels = await socket.ask("config/label_registry/list")
    return read(states, entities, devices, areas, labels)


def _first(group: BaseExceptionGroup[LaresError]) -> LaresError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, LaresError) else Temporary(str(error))
