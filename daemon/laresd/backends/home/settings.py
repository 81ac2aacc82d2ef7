"""A typed view of one component's discovery payload, and what every kind builds from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from laresd.backends.home import text
from laresd.backends.home.templates import Payload, Template, Templates
from laresd.errors import Permanent
from laresd.types import Command, EntityState, Json

Params = Mapping[str, Json]
Changes = Mapping[str, Json]  # attributes to set (None: to forget); "state" is the state


class Unsupported(Permanent):
    """The device cannot do this; nothing was published."""


@dataclass(frozen=True, slots=True)
class Write:
    topic: str
    payload: str
    retain: bool = False
    secret: bool = False  # a code is in it: not to be shown


@dataclass(frozen=True, slots=True)
class Reader:
    """What a message on `topic` changes. `read` gets the payload after the template."""

    topic: str
    template: Template | None
    read: Callable[[str], Changes]

    def changes(self, payload: Payload) -> Changes:
        """Nothing for a value that the template or the device doesn't give."""
        value = payload.text if self.template is None else self.template.read(payload)
        if value is None or (value == "" and self.template is not None):
            return {}
        try:
            return self.read(value)
        except (ValueError, TypeError, KeyError, ArithmeticError):
            return {}


Writer = Callable[[Params, EntityState], list[Write]]


@dataclass(frozen=True, slots=True)
class Codec:
    """How one device speaks: its states as messages come in, its commands as they go out.

    `reports`: the attributes that its echoes carry. No readers: a device without a state.
    `unheard`: the commands that change nothing of what it reports. `optimistic`: it says itself
    that a command may be taken as done; a missing echo means nothing then.
    """

    readers: tuple[Reader, ...] = ()
    writers: Mapping[Command, Writer] = field(default_factory=dict)
    reports: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    percentage_step: float = 1.0  # of a fan's speeds
    unheard: frozenset[Command] = frozenset()
    optimistic: bool = False
    derive: Callable[[str, Mapping[str, Json]], str] | None = None  # the state, of all that is told

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(reader.topic for reader in self.readers)

    def decode(self, topic: str, payload: str | Payload, state: EntityState) -> EntityState:
        """The state after this message; the same object when it changes nothing."""
        payload = Payload(payload) if isinstance(payload, str) else payload
        changes: dict[str, Json] = {}
        for reader in self.readers:
            if reader.topic == topic:
                changes |= reader.changes(payload)
        word = changes.pop("state", state.state)
        word = text.line(str(word), text.STATE)
        attributes = {**state.attributes, **changes}
        attributes = {
            key: text.line(value, text.STATE) if isinstance(value, str) else value
            for key, value in attributes.items()
            if value is not None
        }
        if self.derive is not None:
            word = self.derive(word, attributes)
        if word == state.state and attributes == state.attributes:
            return state
        return replace(state, state=word, attributes=attributes)

    def encode(self, command: Command, params: Params, state: EntityState) -> list[Write]:
        """The messages to publish. Raises Unsupported with what the device can do instead."""
        if command is Command.TOGGLE and command not in self.writers:
            is_on = state.state in {"on", "open", "opening"}
            pair = (Command.CLOSE, Command.OPEN) if Command.OPEN in self.writers else _ON_OFF
            command = pair[0] if is_on else pair[1]
        writer = self.writers.get(command)
        if writer is None:
            known = ", ".join(sorted(item.replace("_", " ") for item in self.writers))
            can = f"it can {known}" if known else "it takes no commands"
            raise Unsupported(f"it cannot {command.replace('_', ' ')}: {can}")
        return writer(params, state)


_ON_OFF = (Command.TURN_OFF, Command.TURN_ON)


class Settings:
    """One component's payload, by key, with the types that Home Assistant expects.

    Every getter raises Permanent, which names the key, for a value of the wrong type.
    """

    def __init__(self, values: Mapping[str, Json], templates: Templates) -> None:
        self._values = values
        self._templates = templates

    def text(self, key: str, default: str = "") -> str:
        value = self._values.get(key, default)
        if value is None:
            return default
        if isinstance(value, (list, dict)):
            raise Permanent(f"{key} must be text, not {value!r:.60}")
        return str(value)  # true is "True", as a template prints it

    def number(self, key: str, default: float) -> float:
        value = self._values.get(key, default)
        try:
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                return float(value)
        except ValueError:
            pass
        raise Permanent(f"{key} must be a number, not {value!r:.60}")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def given(self, key: str) -> bool:
        """Whether the key is there, null included."""
        return key in self._values

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._values.get(key, default)
        if isinstance(value, bool):
            return value
        if isinstance(value, (str, int)):
            return str(value).lower() in {"true", "1", "yes", "on"}
        raise Permanent(f"{key} must be true or false, not {value!r:.60}")

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, (str, int)):
            return (str(value),)
        if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
            return tuple(str(item) for item in value[: text.OPTIONS])
        raise Permanent(f"{key} must be a list of texts, not {value!r:.60}")

    def topic(self, key: str) -> str:
        """A topic to subscribe or publish; "" where there is none."""
        value = self.text(key)
        if any(char in value for char in "+#\0") or len(value) > 1024:
            raise Permanent(f"{key} is not a topic: {value!r:.60}")
        return value

    @property
    def optimistic(self) -> bool:
        return self.flag("optimistic")

    def template(self, *keys: str) -> Template | None:
        """The first of these templates that is given."""
        for key in keys:
            source = self.text(key)
            if source:
                return self._templates.compile(source)
        return None

    def reader(
        self, topic_key: str, template_keys: str | tuple[str, ...], read: Callable[[str], Changes]
    ) -> tuple[Reader, ...]:
        """The reader of a state topic as a tuple, empty where the device has no such topic."""
        topic = self.topic(topic_key)
        keys = (template_keys,) if isinstance(template_keys, str) else template_keys
        return (Reader(topic, self.template(*keys), read),) if topic else ()

    def send(self, topic_key: str, template_key: str = "") -> Callable[[Json], list[Write]] | None:
        """What publishes a value on a command topic; None where the device has no such topic."""
        topic = self.topic(topic_key)
        if not topic:
            return None
        template = self.template(template_key) if template_key else None
        retain = self.flag("retain")

        def write(value: Json) -> list[Write]:
            payload = str(value) if template is None else template.write({"value": value})
            return [Write(topic, payload, retain)]

        return write


def always(send: Callable[[Json], list[Write]], value: Json) -> Writer:
    """A command that is always the same message."""
    return lambda params, state: send(value)


def chosen(
    send: Callable[[Json], list[Write]], options: tuple[str, ...], key: str = "mode"
) -> Writer:
    """A command whose parameter `key` is one of the options."""
    return lambda params, state: send(one_of(str(params.get(key, "")), options))


def one_of(value: str, options: tuple[str, ...]) -> str:
    """The option that is meant, in the device's spelling. Raises Unsupported, naming them."""
    wanted = value.casefold()
    for option in options:
        if wanted in {option.casefold(), text.line(option, text.OPTION).casefold()}:
            return option
    raise Unsupported(f"{value!r} is not one of {', '.join(options)}")


def within(params: Params, key: str, low: float, high: float, unit: str = "") -> float:
    """The number in `params`. Raises Unsupported outside of the limits, which it names."""
    value = params.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unsupported(f"{key} must be a number, not {value!r}")
    if not low <= value <= high:
        raise Unsupported(f"{value:g}{unit} is outside of {low:g} to {high:g}{unit}")
    return value


def shown(value: float) -> str:
    """A number as devices expect it: whole where it is whole."""
    return str(round(value)) if value == round(value) else f"{value:.6g}"
