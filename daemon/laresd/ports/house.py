"""The home, its broker, and who is asked to do something in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from laresd.timing import TimerCommand, TimerRecord, TimerResult
from laresd.turns import Wholeness
from laresd.types import (
    Action,
    Home,
    Json,
    Message,
    Outcome,
    Recognition,
    Reply,
    Request,
    RoutineRecord,
    Sent,
)


class Grammar(Protocol):
    """Home Assistant's sentence templates, matched in a worker so that a slow match can be cut."""

    async def learn(self, home: Home, language: str) -> None:
        """The names and areas that sentences may use from now on."""
        ...

    async def recognize(
        self, text: str, *, language: str, area: str | None, deadline: float
    ) -> Sequence[Recognition]:
        """The matches, best first; empty when no template fits."""
        ...


class Devices(Protocol):
    """The home as the broker tells it."""

    def home(self) -> Home:
        """What is known now; the same object until something changes."""
        ...

    async def act(self, actions: Sequence[Action], *, deadline: float) -> Sequence[Outcome]:
        """Publish each action and wait for each device's own echo, at most until the deadline.

        Never raises for one device: the outcome says what happened, in the order of `actions`.
        """
        ...


class TimerStore(Protocol):
    """Timers that outlive a restart. Calls are short and safe from the event loop (one fsync)."""

    async def load(self) -> Sequence[TimerRecord]: ...

    async def save(self, timer: TimerRecord) -> TimerRecord:
        """Insert (id 0: a new id is given) or replace; durable when this returns."""
        ...

    async def delete(self, timer_id: int) -> None:
        """Forget it; durable when this returns. Unknown ids are no error."""
        ...


class RoutineStore(Protocol):
    """Routines made by voice or text, which outlive a restart. Safe from the event loop."""

    async def load(self) -> Sequence[RoutineRecord]:
        """In the order in which they were made."""
        ...

    async def save(self, routine: RoutineRecord) -> None:
        """Insert, or replace the one of the same phrase; durable when this returns."""
        ...

    async def delete(self, phrase: str) -> None:
        """Forget it; durable when this returns. Unknown phrases are no error."""
        ...


class Timers(Protocol):
    """The box's timers (core.timekeeper.Timekeeper)."""

    async def handle(self, command: TimerCommand) -> TimerResult:
        """Do what was asked; when this returns it is on disk.

        Never raises for a request's fault (no such timer, several, too long): the result says it.
        Raises Temporary or Permanent when the store cannot be written.
        """
        ...


class Subscription(Protocol):
    """The messages of some filters, across reconnects, until it is closed.

    Its queue is bounded and drops its oldest message with a warning, so that a slow reader never
    stops the network. Retained messages come again after `add` and after a reconnect. Filters of
    one bus should not overlap: some brokers then deliver a message twice.
    """

    def __aiter__(self) -> AsyncIterator[Message]: ...

    async def __anext__(self) -> Message: ...

    def add(self, *topic_filters: str) -> None:
        """Have these too, from now on; a broker that is away learns of them when it is back."""
        ...

    def remove(self, *topic_filters: str) -> None: ...

    def close(self) -> None:
        """No more messages: the iteration ends after those in the queue."""
        ...


class Bus(Protocol):
    """The MQTT broker, however often its connection comes and goes."""

    @property
    def connected(self) -> bool: ...

    async def wait_connected(self, *, deadline: float) -> None:
        """Until there is a connection. Raises Temporary with the reason when there is none."""
        ...

    async def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_s: float | None = None,
        response_topic: str = "",
        correlation: bytes = b"",
        keep_until: float | None = None,
        repeatable: bool = True,
    ) -> Sent:
        """Sent.NOW: acknowledged by the broker (QoS 1). Raises Temporary if it is away, Permanent
        if it lets this box not publish there (which only MQTT 5 tells).

        With `keep_until` (wall seconds) a message is kept on disk while the broker is away and goes
        out afterwards, in the order of the calls, unless that time has passed: then it is dropped
        and reported. Raises Temporary when there is no room for more. `repeatable`: a second
        delivery does no harm, so it goes out again where the acknowledgement was lost; a message
        that is not is Sent.UNKNOWN then.

        `expiry_s`: how long the broker may keep it for a reader that is away, at least a second;
        `response_topic` and `correlation`: where the answer is waited for. All three need a broker
        of MQTT 5: on 3.1.1 the message goes out without them, and never expires.
        """
        ...

    def subscribe(self, *topic_filters: str, durable: bool = False) -> Subscription:
        """The messages of these filters; subscribed before anything that is published later.

        `durable`: the broker keeps what is published (QoS 1) while this box is away, for
        `mqtt.requests_wait_s` at most, and none of its retained messages need come. For requests;
        never for states, which would be old news.
        """
        ...


class Seen(Protocol):
    """The requests that were begun lately, however often the daemon was restarted since."""

    async def first(self, request_id: str) -> bool:
        """Whether this id comes for the first time; from now on it does not. Durable when this
        returns. Raises Temporary or Permanent when that cannot be written down.
        """
        ...

    async def forget(self, request_id: str) -> None:
        """It was not begun after all, and may come again."""
        ...


class Assistant(Protocol):
    async def answer(
        self, request: Request, on_sentence: Callable[[str], None] | None = None
    ) -> Reply:
        """Understand and act. Never raises for a request's fault: the reply says it.

        `on_sentence` gets each sentence of a reply that is still being generated as soon as it will
        not change. Either it is never called, or when this returns, what it got, joined by spaces,
        is the reply's text. Never for what is done to devices: that is said after the echo.
        """
        ...

    async def anticipate(self, request: Request) -> None:
        """Get ready to answer a request that is still being said. Nothing acts. Cancel it when
        the words change, or when `answer` is asked. Raises Temporary or Permanent when an engine
        cannot.
        """
        ...

    async def wholeness(self, request: Request) -> Wholeness:
        """Whether somebody who pauses after these words has ended. Quick; nothing acts, and nothing
        is raised: in doubt it is UNSURE.
        """
        ...


class Notes(Protocol):
    """Where a turn's spans and facts are noted as they happen (core.telemetry.Trace)."""

    def begin(self, name: str) -> None: ...

    def end(self, name: str, detail: Mapping[str, Json] | None = None) -> None: ...
