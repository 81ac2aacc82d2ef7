"""Requests over MQTT: `<prefix>/<box>/ask` in, `<prefix>/<box>/answer/<id>` out.

The payload is plain text, or JSON `{"text", "id"?, "language"?, "area"?, "deadline_s"?}`; without
an id the answer goes to `answer/last`. An answer is the form of a reply, or `{"id", "kind":
"error", "error": {"kind", "message", "remedy"}}`: whatever comes in is answered. A second message
with the id of a recent one (QoS 1 may deliver twice) is not acted on again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from laresd.config import Config
from laresd.errors import LaresError, Permanent, Refused, Temporary
from laresd.frontends.forms import reply_form
from laresd.ports import Assistant, Bus, Clock
from laresd.types import Json, Priority, Request

log = logging.getLogger(__name__)

MAX_PAYLOAD = 64 << 10  # bytes
MAX_TEXT = 1000  # characters
MAX_AT_ONCE = 4  # requests; more are told that the box is busy
MAX_IDS = 256  # remembered, to tell a second delivery
DEFAULT_DEADLINE, MAX_DEADLINE = 45.0, 300.0  # seconds
GRACE = 5.0  # seconds after its deadline that an answer is still waited for, or delivered
LAST = "last"  # the id of a request without one

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a payload asks; `seconds` is how long the asker waits."""

    id: str
    text: str
    language: str
    area: str | None
    seconds: float


class MqttFrontend:
    """`run()` answers until cancelled."""

    def __init__(self, bus: Bus, assistant: Assistant, clock: Clock, config: Config) -> None:
        self._bus = bus
        self._assistant = assistant
        self._clock = clock
        self._config = config
        self._base = f"{config.mqtt.prefix}/{config.box.name}"
        self._busy = 0
        self._count = 0
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def run(self) -> None:
        messages = self._bus.subscribe(f"{self._base}/ask")
        try:
            async with asyncio.TaskGroup() as group:
                async for message in messages:
                    payload = message.payload
                    if message.retained:  # it would be carried out again at every start
                        log.warning("a retained message on %s/ask is ignored", self._base)
                    elif self._busy < 2 * MAX_AT_ONCE:
                        self._busy += 1
                        too_many = self._busy > MAX_AT_ONCE
                        group.create_task(self._one(payload, too_many), name="request over MQTT")
                    else:
                        log.warning("a request over MQTT was dropped: too many at once")
        finally:
            messages.close()

    async def _one(self, payload: bytes, too_many: bool) -> None:
        try:
            number, answer = await self._answered(payload, too_many)
            if answer is not None:
                await self._publish(number, answer)
        finally:
            self._busy -= 1

    async def _answered(
        self, payload: bytes, too_many: bool
    ) -> tuple[str, Mapping[str, Json] | None]:
        """The id and the answer; None when this message was delivered a second time."""
        number = LAST
        try:
            fields = _fields(payload)
            number = _number(fields)
            ask = _ask(fields, number, self._config.box.language)
            if self._is_second(number):
                return number, None
            if too_many:
                self._seen.pop(number, None)  # it may be asked again
                raise Temporary("too many requests at once", remedy="ask again in a moment")
            return number, await self._carried_out(ask)
        except LaresError as error:
            return number, _error(number, error)

    def _is_second(self, number: str) -> bool:
        if number == LAST:
            return False
        if number in self._seen:
            log.info("request %s came a second time and is not repeated", number)
            return True
        self._seen[number] = None
        if len(self._seen) > MAX_IDS:
            self._seen.popitem(last=False)
        return False

    async def _carried_out(self, ask: Ask) -> Mapping[str, Json]:
        self._count += 1
        request = Request(
            id=f"mqtt-{self._count}" if ask.id == LAST else ask.id,
            text=ask.text,
            language=ask.language,
            deadline=self._clock.now() + ask.seconds,
            source="mqtt",
            priority=Priority.AUTOMATION,
            area=ask.area,
        )
        try:
            async with asyncio.timeout(ask.seconds + GRACE):
                return reply_form(await self._assistant.answer(request))
        except TimeoutError:
            raise Temporary(f"there was no answer within {ask.seconds:.0f} s") from None

    async def _publish(self, number: str, answer: Mapping[str, Json]) -> None:
        """Once, and once more when the broker comes back soon."""
        topic, text = f"{self._base}/answer/{number}", json.dumps(answer, ensure_ascii=False)
        try:
            try:
                await self._bus.publish(topic, text)
            except Temporary:
                await self._bus.wait_connected(deadline=self._clock.now() + GRACE)
                await self._bus.publish(topic, text)
        except LaresError as error:
            log.warning("the answer to %s could not be delivered: %s", number, error)


def _fields(payload: bytes) -> dict[str, Json]:
    """The payload's fields. Raises Permanent or Refused for what cannot be read."""
    if len(payload) > MAX_PAYLOAD:
        raise Refused(f"{len(payload)} bytes are too long: at most {MAX_PAYLOAD}")
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Permanent(f"the payload is not UTF-8 (byte {error.start})") from error
    if not text.startswith("{"):
        return {"text": text}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Permanent(
            f"the payload begins like JSON, but is not: {error}",
            remedy='send plain text, or {"text": "..."}',
        ) from error
    return dict(fields)


def _number(fields: Mapping[str, Json]) -> str:
    number = fields.get("id", LAST)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise Permanent("`id` must be 1 to 64 letters, digits, or any of _ . -")
    return number


def _ask(fields: Mapping[str, Json], number: str, language: str) -> Ask:
    seconds = fields.get("deadline_s", DEFAULT_DEADLINE)
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        raise Permanent(f"`deadline_s` must be a number of seconds, not {seconds!r}")
    if not seconds > 0:
        raise Refused("the request has expired: its deadline_s is not above 0")
    text = _text(fields, "text").strip()
    if not text or len(text) > MAX_TEXT:
        raise Refused(f"a sentence has 1 to {MAX_TEXT} characters, not {len(text)}")
    return Ask(
        id=number,
        text=text,
        language=_text(fields, "language") or language,
        area=_text(fields, "area") or None,
        seconds=min(float(seconds), MAX_DEADLINE),
    )


def _text(fields: Mapping[str, Json], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Permanent(f"`{key}` must be text, not {str(value)[:40]}")
    return value


def _error(number: str, error: LaresError) -> dict[str, Json]:
    told: dict[str, Json] = {
        "kind": error.kind,
        "message": error.message,
        "remedy": error.remedy,
    }
    return {"id": number, "kind": "error", "error": told}
