"""Home Assistant's websocket API on loopback, with a few entities that do what they are told.

Written from https://developers.home-assistant.io/docs/api/websocket/ and from the messages of
home-assistant/core, components/config/{entity,device,area,label}_registry.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from laresd.types import Json

TOKEN = "a-long-lived-token"
Row = dict[str, Json]
_WORDS = {
    "turn_on": "on",
    "turn_off": "off",
    "lock": "locked",
    "unlock": "unlocked",
    "open_cover": "open",
    "close_cover": "closed",
}


class HomeAssistantServer:
    """`states` by entity id; `entries` of the entity registry; `stubborn` entities obey nothing,
    `refusing` ones answer with an error, `silent` not even that.
    """

    def __init__(self) -> None:
        self.states: dict[str, Row] = {}
        self.entries: dict[str, Row] = {}
        self.devices: list[Row] = []
        self.areas: list[Row] = []
        self.labels: list[Row] | None = []
        self.called: list[tuple[str, Row]] = []
        self.stubborn: set[str] = set()
        self.refusing: set[str] = set()
        self.silent: set[str] = set()
        self.port = 0
        self.turned_away = asyncio.Semaphore(0)  # once for each wrong token
        self.was_called = asyncio.Event()
        self._sockets: dict[web.WebSocketResponse, dict[str, int]] = {}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def drop(self) -> None:
        """Hang up on everybody."""
        for socket in list(self._sockets):
            await socket.close()

    def add(
        self, entity_id: str, state: str, entry: Mapping[str, Json] | None = None, **told: Json
    ) -> None:
        self.states[entity_id] = {
            "entity_id": entity_id,
            "state": state,
            "attributes": {"friendly_name": entity_id.partition(".")[2].replace("_", " "), **told},
        }
        if entry is not None:
            self.entries[entity_id] = {"entity_id": entity_id, **entry}

    async def change(self, entity_id: str, state: str | None, **told: Json) -> None:
        """A new state, as it happens; None: the entity is gone."""
        old = self.states.pop(entity_id, None)
        if state is not None:
            attributes = old["attributes"] if old else {}
            assert isinstance(attributes, dict)
            new: Row = {
                "entity_id": entity_id,
                "state": state,
                "attributes": {**attributes, **told},
            }
            self.states[entity_id] = new
        data: Row = {
            "entity_id": entity_id,
            "old_state": old,
            "new_state": self.states.get(entity_id),
        }
        await self.tell("state_changed", data)

    async def tell(self, event: str, data: Row) -> None:
        for socket, subscribed in list(self._sockets.items()):
            if event in subscribed:
                told = {"event_type": event, "data": data}
                await socket.send_str(
                    json.dumps({"id": subscribed[event], "type": "event", "event": told})
                )

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2025.4.4"})
        said = await socket.receive_json()
        if said != {"type": "auth", "access_token": TOKEN}:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid password"})
            self.turned_away.release()
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2025.4.4"})
        self._sockets[socket] = {}
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._answer(socket, json.loads(message.data))
        finally:
            del self._sockets[socket]
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: Row) -> None:
        number, kind = message["id"], message["type"]
        if kind == "subscribe_events":
            assert isinstance(number, int)
            self._sockets[socket][str(message["event_type"])] = number
            await self._result(socket, number, None)
        elif kind == "call_service":
            await self._call(socket, message)
        else:
            result = self._read(str(kind), message)
            if result is None:
                error: Row = {"code": "unknown_command", "message": "Unknown command."}
                await socket.send_json(
                    {"id": number, "type": "result", "success": False, "error": error}
                )
            else:
                await self._result(socket, number, result)

    def _read(self, kind: str, message: Row) -> Json:
        states: list[Json] = [*self.states.values()]
        devices: list[Json] = [*self.devices]
        areas: list[Json] = [*self.areas]
        labels: Json = None if self.labels is None else [*self.labels]
        wanted = message.get("entity_ids")
        entries: Row = (
            {str(item): self.entries.get(str(item)) for item in wanted}
            if isinstance(wanted, list)
            else {}
        )
        known: Row = {
            "get_states": states,
            "config/entity_registry/get_entries": entries,
            "config/device_registry/list": devices,
            "config/area_registry/list": areas,
            "config/label_registry/list": labels,
        }
        return known.get(kind)

    async def _call(self, socket: web.WebSocketResponse, message: Row) -> None:
        data, service = message["service_data"], str(message["service"])
        assert isinstance(data, dict)
        entity_id = str(data["entity_id"])
        self.called.append((f"{message['domain']}.{service}", data))
        self.was_called.set()
        if entity_id in self.silent:
            return
        if entity_id in self.refusing:
            error: Row = {"code": "home_assistant_error", "message": "The bulb is gone"}
            await socket.send_json(
                {"id": message["id"], "type": "result", "success": False, "error": error}
            )
            return
        word = _WORDS.get(service)
        if word is not None and entity_id not in self.stubborn:
            told: Row = {}
            share = data.get("brightness_pct")
            if isinstance(share, (int, float)):
                told["brightness"] = round(share * 2.55)
            if self.states[entity_id]["state"] != word or told:
                await self.change(entity_id, word, **told)
        await self._result(socket, message["id"], {"context": {}})

    async def _result(self, socket: web.WebSocketResponse, number: Json, result: Json) -> None:
        await socket.send_str(
            json.dumps({"id": number, "type": "result", "success": True, "result": result})
        )
        await asyncio.sleep(0)
