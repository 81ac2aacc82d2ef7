"""Reads requests from the broker, lets them in or not, and sends each its answer.

What comes in is answered: with what came of it, or with an error. The exceptions are a retained
message, which would be carried out at every start, a second delivery of the same message, a request
that wants no answer, and what is beyond MAX_PENDING: these cost a line in the log or nothing. What
was said is never logged, and neither is any other text of a message.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from laresd.errors import LaresError
from laresd.frontends.mqtt import requests
from laresd.frontends.mqtt.admission import Rates, Recent, deadline, mark
from laresd.frontends.mqtt.faults import BadRequest, Busy, Expired, error_form
from laresd.frontends.mqtt.identity import Identities
from laresd.frontends.mqtt.operations import Form, Operations, Order, Services
from laresd.frontends.mqtt.requests import LAST, NONE, OPERATIONS, WHOLE
from laresd.frontends.mqtt.topics import Topics
from laresd.types import Message

log = logging.getLogger(__name__)

MAX_PENDING = 512  # messages whose answer is not out yet, errors included; more are dropped
EXPIRY = 300.0  # seconds that an answer is kept for a broker, or by it for an asker, that is away
MAX_CORRELATION = 1024  # bytes


@dataclass(slots=True)
class _Return:
    """Where an answer goes. `topic` "": by the request's id."""

    topic: str = ""
    number: str = LAST
    correlation: bytes = b""
    reply: str = WHOLE


async def at_once() -> None:
    """There is nothing to wait for."""


class MqttFrontend:
    """`run()` answers until cancelled. `ready`: waited for before the first request, so that one
    that the broker kept during a restart finds a home.
    """

    def __init__(
        self, services: Services, *, ready: Callable[[], Awaitable[object]] = at_once
    ) -> None:
        config = services.config
        self._services = services
        self._ready = ready
        self._topics = Topics(config.mqtt.prefix, config.box.name, config.mqtt.discovery_prefix)
        self._operations = Operations(services)
        api = config.mqtt_api
        self._identities = Identities(api.users, api.sites, base=self._topics.base)
        self._rates = Rates(config.mqtt_api.requests_per_minute)
        self._recent = Recent()
        self._slots = asyncio.Semaphore(config.mqtt_api.at_once)
        self._most = config.mqtt_api.at_once + config.mqtt_api.waiting
        self._admitted = 0
        self._pending = 0
        self._dropped = 0
        self._numbers = itertools.count(1)

    async def run(self) -> None:
        messages = self._services.bus.subscribe(*self._topics.filters(OPERATIONS), durable=True)
        try:
            await self._ready()
            async with asyncio.TaskGroup() as group:
                async for message in messages:
                    if message.retained:
                        log.warning("a retained request is ignored: it would come at every start")
                    elif self._pending >= MAX_PENDING:
                        self._drop()
                    else:
                        back = _Return()
                        if (order := self._received(message, back)) is not None:
                            self._pending += 1
                            group.create_task(self._handle(order, back), name="request over MQTT")
        finally:
            messages.close()

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped.bit_count() == 1:  # 1, 2, 4, 8, ...: a flood must not fill the log
            log.warning("%d requests over MQTT were dropped: too many at once", self._dropped)

    def _received(self, message: Message, back: _Return) -> Order | LaresError | None:
        """What is to be done about a message, of which no more than that is kept."""
        try:
            return self._let_in(message, back)
        except LaresError as error:
            return error

    async def _handle(self, order: Order | LaresError, back: _Return) -> None:
        try:
            if isinstance(order, LaresError):
                await self._publish(back, error_form(back.number, order))
            else:
                await self._carry_out(order, back)
        finally:
            self._pending -= 1

    def _let_in(self, message: Message, back: _Return) -> Order | None:
        """The order in a message; None for a second delivery. Raises why it is not let in, with
        `back` as far as it could be read.
        """
        operation, by_topic = self._topics.request(message.topic)
        client = by_topic
        now = self._services.clock.now()
        unaddressed = self._address(message, back)
        try:
            fields = requests.read(message.payload)
            back.number = requests.number(fields)
            client = requests.named(client) or requests.client(fields)
        finally:
            self._rates.take(client, now)
        if unaddressed is not None:
            raise unaddressed
        header, wanted = requests.understood(operation, fields)
        wanted = self._identities.settled(wanted, by_topic=by_topic, claimed=header.client)
        back.reply = header.reply
        until = deadline(header, message.expires_at, now, self._services.clock.wall())
        key = (operation, client, back.number)
        if self._recent.is_second(key, message.payload, now):
            log.info("request %s came a second time and is not repeated", back.number)
            return None
        if self._admitted >= self._most:
            self._recent.forget(key)
            raise Busy("too many requests at once", remedy="send it again in a moment")
        self._admitted += 1
        request_id = f"mqtt-{next(self._numbers)}" if back.number == LAST else back.number
        seen = mark(key, message.payload)
        return Order(header, wanted, client, until, request_id, seen)

    def _address(self, message: Message, back: _Return) -> LaresError | None:
        """Where the asker wants its answer, or what is wrong with that."""
        topic, correlation = message.response_topic, message.correlation
        try:
            if len(correlation) > MAX_CORRELATION:
                raise BadRequest(f"the correlation data is longer than {MAX_CORRELATION} bytes")
            if topic:
                back.topic = self._topics.checked(topic, self._services.is_device_topic(topic))
        except LaresError as error:
            return error
        back.correlation = correlation
        return None

    async def _carry_out(self, order: Order, back: _Return) -> None:
        try:
            try:
                async with asyncio.timeout_at(order.deadline):
                    await self._slots.acquire()
            except TimeoutError:
                raise Expired(
                    "its turn did not come within its deadline: nothing was done"
                ) from None
            try:
                async with aclosing(self._operations.answers(order)) as forms:
                    async for form in forms:
                        if back.reply != NONE:
                            await self._publish(back, form)
            finally:
                self._slots.release()
        except LaresError as error:
            await self._publish(back, error_form(back.number, error))
        finally:
            self._admitted -= 1

    async def _publish(self, back: _Return, form: Form) -> None:
        topic = back.topic or self._topics.answer(back.number)
        try:
            await self._services.bus.publish(
                topic,
                json.dumps(form, ensure_ascii=False),
                correlation=back.correlation,
                expiry_s=EXPIRY,
                keep_until=self._services.clock.wall() + EXPIRY,
            )
        except LaresError as error:
            log.warning("the answer to request %s could not be delivered: %s", back.number, error)
