"""One TOML file, typed and frozen. `load` reads it; with no file every field has its default.

An unknown key, a wrong type or an impossible value stops the start with the key, the line and the
likely right name. Secrets are never in the file: `*_file` names the file (or systemd credential)
that holds them, and only the part that needs the secret reads it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from laresd.errors import ConfigError
from laresd.types import Command, Scalar

DEFAULT_FILE = Path("/etc/lares/lares.toml")


def default_state_dir() -> Path:
    """systemd's StateDirectory, else $XDG_STATE_HOME/lares, else ~/.local/state/lares."""
    systemd = os.environ.get("STATE_DIRECTORY")
    if systemd:
        return Path(systemd.split(":")[0])
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "lares"


@dataclass(frozen=True, slots=True)
class Box:
    name: str = "lares"  # of this box, in MQTT topics: [a-z0-9_-]
    language: str = "en"  # what people speak: en, de, zh-CN
    area: str = ""  # the room it stands in: "turn off the lights" means those here
    state_dir: Path = field(default_factory=default_state_dir)


@dataclass(frozen=True, slots=True)
class Mqtt:
    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    client_cert_file: Path | None = None  # shown to the broker, where it asks for one (PEM)
    client_key_file: Path | None = None
    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = "/mqtt"
    requests_wait_s: float = 120.0  # that the broker keeps requests while the daemon is away
    embedded: Literal["auto", "always", "never"] = "auto"  # auto: when none listens on loopback
    discovery_prefix: str = "homeassistant"
    prefix: str = "lares"


@dataclass(frozen=True, slots=True)
class Audio:
    enabled: bool = True
    input: str = ""  # part of the PortAudio device's name; "": the default device
    output: str = ""


@dataclass(frozen=True, slots=True)
class Wake:
    words: tuple[str, ...] = ("okay_nabu",)  # models in pymicro-wakeword, or .tflite paths
    phrase: str = ""  # any phrase, found by VAD and the speech model, e.g. "hey lares"
    threshold: float = 0.0  # 0: the model's own


@dataclass(frozen=True, slots=True)
class Turn:
    end_silence_ms: int = 700  # silence that ends an utterance
    early_silence_ms: int = 200  # pause at which transcription starts speculatively
    start_timeout_ms: int = 5000  # silence after the wake word that ends the turn
    max_utterance_ms: int = 15000
    follow_up_ms: int = 0  # listen this long for the answer to a question; 0: never
    answer_ms: int = 8000  # and this long when Lares asks before it does something
    vad_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class SpeechToText:
    model: str = "bundled"  # bundled, a name from `lares models list`, or a CTranslate2 folder
    threads: int = 2
    beam_size: int = 1
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Llm:
    enabled: bool = True
    model: str = "embedded"  # embedded, a name from `lares models list`, or a GGUF file
    context: int = 4096  # tokens of all requests and kept heads together; fewer if they do not fit
    threads: int = 0  # 0: as `lares bench llm --calibrate` found, else one per core, at most 4
    timeout_s: float = 30.0
    adapters: Mapping[str, Path] = field(default_factory=dict)  # LoRA files (GGUF), by name
    kept_heads_mb: int = 512  # disk for the computed beginnings of prompts; 0: none is kept


@dataclass(frozen=True, slots=True)
class Embeddings:
    model: str = ""  # a GGUF embedding model; embedded: the small language model's; "": none
    threads: int = 0  # 0: one per core, at most 4


@dataclass(frozen=True, slots=True)
class Speech:
    voice: str = ""  # espeak-ng voice; "": by language
    words_per_minute: int = 165
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Actions:
    echo_timeout_s: float = 3.0  # how long a device may take to report the new state
    grammar_timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Risk:
    """What is asked about before it is done."""

    defaults: bool = True  # Lares' own rules, where none of [risk_rules] fits
    heat_above: float = 25.0  # degrees Celsius from which they ask about a thermostat
    confirm_s: float = 20.0  # from a question until its answer
    pin_file: Path | None = None  # made by `lares pin`; without it what needs a PIN is refused
    pin_tries: int = 3  # wrong PINs before a pause, which grows


@dataclass(frozen=True, slots=True)
class RiskRule:
    """[risk_rules.NAME]: the first that fits decides. Patterns as in a shell; empty: anything."""

    risk: Literal["free", "confirm", "pin", "never"] = "confirm"
    entities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    device_classes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # words of the device's name
    commands: tuple[str, ...] = ()  # turn_on, open, unlock, set_temperature, ...
    above: float = 0.0  # only above this temperature (Celsius), position, ...; 0: at any
    values: tuple[str, ...] = ()  # only for these modes or options
    only_by: tuple[str, ...] = ()  # voice, text
    only_sites: tuple[str, ...] = ()
    only_users: tuple[str, ...] = ()
    only_between: str = ""  # times of the day: "07:00-22:00"
    otherwise: Literal["free", "confirm", "pin", "never"] = "never"  # outside of these limits


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """[policies.NAME]: all that these users and sites may command. Patterns as in a shell."""

    users: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    device_classes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """What is not even read."""

    max_characters: int = 500
    requests_per_minute: int = 120  # of one ear, site or user; 0: without limit
    rules_file: Path | None = None  # unsafe requests; default: Lares' own file
    blocked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # topics, by name


@dataclass(frozen=True, slots=True)
class RoutineAction:
    """A sentence as somebody would say it, or one command to one entity."""

    say: str = ""
    entity: str = ""
    command: str = ""  # turn_on, open, lock, set_temperature, ...
    params: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoutineSettings:
    """[routines."NAME"]: what is done when one of its phrases is said."""

    phrases: tuple[str, ...] = ()  # none: the name itself
    actions: tuple[RoutineAction, ...] = ()  # a text is a sentence
    areas: tuple[str, ...] = ()  # where it may be said; none: everywhere


@dataclass(frozen=True, slots=True)
class HomeNames:
    """Where devices are learned from, and corrections to what they say, by entity id."""

    zigbee2mqtt: tuple[str, ...] = ("zigbee2mqtt",)  # base topics of its bridges
    tasmota: str = "tasmota/discovery"  # topic of its own discovery; "": not read
    frigate: str = "frigate"  # its topic prefix; "": its cameras are not learned
    names_file: Path | None = None  # TOML with names, aliases, areas, rooms; read when it changes
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)  # by entity id, or device name
    rooms: Mapping[str, str] = field(default_factory=dict)  # as devices call them: as people do


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Where work is computed when there are hosts."""

    policy: Literal["fastest", "greenest", "local-first", "host-first"] = "fastest"
    reach: Literal["device", "lan"] = "lan"  # device: nothing leaves the box, whoever asks
    hedge_percent: float = 5.0  # of jobs that may be begun a second time elsewhere; 0: none
    probe_s: float = 15.0  # between two looks at a host
    discover: bool = True  # look for hosts on the LAN (mDNS); found ones wait for your trust
    watts: float = 8.0  # of this box while it computes, to compare with hosts
    warm_c: float = 75.0  # CPU temperature from which work moves to hosts and uses fewer threads
    hot_c: float = 82.0  # and at which only what a person waits for is computed here


@dataclass(frozen=True, slots=True)
class HostSettings:
    """[hosts.NAME]: an engine on another machine. What stands here is trusted."""

    url: str = ""  # http(s)://address:port; tcp://address:port for Wyoming
    kind: Literal["auto", "llama-server", "vllm", "ollama", "openai", "wyoming"] = "auto"
    model: str = ""  # "": the first that it has
    token_file: Path | None = None  # the key that it asks for
    fingerprint: str = ""  # sha256 of its certificate, where no authority signed it
    mac: str = ""  # of its network card, to wake it
    wake_s: float = 60.0  # from the magic packet until it answers
    rest_command: tuple[str, ...] = ()  # puts it to sleep
    rest_after_s: float = 0.0  # without work; 0: never
    watts: float = 150.0  # while it computes
    price: float = 0.0  # for 1000 tokens, in your currency


@dataclass(frozen=True, slots=True)
class Http:
    """The OpenAI-compatible server."""

    enabled: bool = True
    host: str = "127.0.0.1"  # beyond loopback only with a token
    port: int = 8765
    token_file: Path | None = None
    body_limit_kb: int = 1024
    requests_per_minute: int = 600  # of one client; 0: without limit


@dataclass(frozen=True, slots=True)
class HomeAssistant:
    """Lares in Home Assistant, and Home Assistant's entities in Lares (with `url`)."""

    announce: bool = True  # this box as a device there, by MQTT discovery
    texts: bool = False  # what was last heard and answered, too: it is in the history there then
    url: str = ""  # of its REST API: http(s)://address:8123; "": only what is on MQTT is known
    token_file: Path | None = None  # a long-lived access token
    domains: tuple[str, ...] = ("light", "switch", "fan", "cover", "lock", "climate", "scene")
    labels: tuple[str, ...] = ()  # only entities with one of these; none named: all of the domains


@dataclass(frozen=True, slots=True)
class MqttApi:
    """Requests over MQTT: firmware-notes/mqtt-api.md."""

    requests_per_minute: int = 600  # of one client, and ten times that of all; 0: without limit
    at_once: int = 32  # requests that are worked on; most of their time a device takes
    waiting: int = 128  # that wait for their turn; more are told that the box is busy
    audio_dir: Path | None = None  # recordings that a request may name; none: it may name none
    audio_urls: bool = False  # a request may name an http:// address on the LAN, too


@dataclass(frozen=True, slots=True)
class Log:
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Config:
    box: Box = field(default_factory=Box)
    mqtt: Mqtt = field(default_factory=Mqtt)
    audio: Audio = field(default_factory=Audio)
    wake: Wake = field(default_factory=Wake)
    turn: Turn = field(default_factory=Turn)
    speech_to_text: SpeechToText = field(default_factory=SpeechToText)
    llm: Llm = field(default_factory=Llm)
    embeddings: Embeddings = field(default_factory=Embeddings)
    speech: Speech = field(default_factory=Speech)
    actions: Actions = field(default_factory=Actions)
    risk: Risk = field(default_factory=Risk)
    risk_rules: Mapping[str, RiskRule] = field(default_factory=dict)
    policies: Mapping[str, PolicySettings] = field(default_factory=dict)
    input: Input = field(default_factory=Input)
    routines: Mapping[str, RoutineSettings] = field(default_factory=dict)
    home: HomeNames = field(default_factory=HomeNames)
    scheduler: Scheduler = field(default_factory=Scheduler)
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    http: Http = field(default_factory=Http)
    home_assistant: HomeAssistant = field(default_factory=HomeAssistant)
    mqtt_api: MqttApi = field(default_factory=MqttApi)
    log: Log = field(default_factory=Log)

    @property
    def control_socket(self) -> Path:
        """Where `lares` reaches the daemon: in $RUNTIME_DIRECTORY, else in the state dir."""
        runtime = os.environ.get("RUNTIME_DIRECTORY")
        return (Path(runtime) if runtime else self.box.state_dir) / "control.sock"


def load(path: Path | None = None) -> Config:
    """The configuration in `path`; without one, DEFAULT_FILE if it is there, else all defaults.

    Raises ConfigError, which names the file, the line, the key and what would be right.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return Config()
        path = DEFAULT_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot read the configuration {path}: {error.strerror}",
            remedy="check the path and that this user may read it",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text", remedy="save it as UTF-8") from error
    return parse(text, str(path))


def parse(text: str, name: str = "lares.toml") -> Config:
    """The configuration in a TOML text; `name` stands for the file in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}", remedy="see the TOML rules at that line") from error
    reader = _Reader(text, name)
    sections = {f.name: f for f in dataclasses.fields(Config)}
    built: dict[str, object] = {}
    for section, values in document.items():
        if section not in sections:
            raise reader.unknown(section, "", list(sections))
        if not isinstance(values, dict):
            raise reader.wrong(section, "", f"must be a section: [{section}]")
        built[section] = reader.values(section, typing.get_type_hints(Config)[section], values)
    return dataclasses.replace(Config(), **built)  # type: ignore[arg-type]  # checked by the reader


def settings() -> list[str]:
    """Every setting as `section.key`; systemd/lares.toml is tested against it."""
    return [
        f"{name}.{item.name}"
        for name, hint in typing.get_type_hints(Config).items()
        for item in dataclasses.fields(_fields_of(hint))
    ]


class _Reader:
    """Turns TOML values into the fields of a section, and mistakes into errors with a line."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def values(self, section: str, hint: object, values: dict[str, object]) -> object:
        """Those of a section, or of the tables in it: [hosts.NAME]."""
        cls = _fields_of(hint)
        if cls is hint:
            return self.section(section, cls, values)
        tables: dict[str, object] = {}
        for name, table in values.items():
            spoken = cls is RoutineSettings  # its name is said, in any script
            if not isinstance(table, dict) or not re.fullmatch(_TABLE_NAMES[spoken], name):
                wanted = f"has tables: [{section}.NAME], with a name of {_NAMED[spoken]}"
                raise self.wrong(section, "", wanted)
            tables[name] = self.section(f"{section}.{name}", cls, table)
        return types.MappingProxyType(tables)

    def section(self, section: str, cls: type, values: dict[str, object]) -> object:
        hints = typing.get_type_hints(cls)
        arguments: dict[str, object] = {}
        for key, value in values.items():
            if key not in hints:
                raise self.unknown(key, section, list(hints))
            arguments[key] = self._value(section, key, hints[key], value)
        return cls(**arguments)

    def _value(self, section: str, key: str, hint: object, value: object) -> object:
        if hint == Path or hint == Path | None:
            if isinstance(value, str) and value:
                return Path(value).expanduser()
            raise self.wrong(key, section, "must be a path in quotes")
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is Literal:
            if value in args:
                return value
            raise self.wrong(key, section, "must be one of " + ", ".join(map(repr, args)))
        if hint == tuple[str, ...]:
            return self._strings(section, key, value)
        if hint == tuple[RoutineAction, ...]:
            return self._routine_actions(section, key, value)
        if origin is not None and issubclass(_class(origin), Mapping):
            return self._mapping(section, key, args[1], value)
        return self._scalar(section, key, hint, value)

    def _scalar(self, section: str, key: str, hint: object, value: object) -> object:
        if hint is float and type(value) is int:
            value = float(value)
        if type(value) is not hint:
            kind = {str: "text in quotes", int: "a whole number", float: "a number"}
            wanted = kind.get(typing.cast(type, hint), "true or false")
            raise self.wrong(key, section, f"must be {wanted}, not {value!r}")
        if trouble := _outside(section, key, value):
            raise self.wrong(key, section, f"{trouble}, not {value!r}")
        return value

    def _strings(self, section: str, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise self.wrong(key, section, 'must be a list of texts: ["one", "two"]')

    def _routine_actions(self, section: str, key: str, value: object) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise self.wrong(key, section, 'must be a list: ["turn off the lights", {...}]')
        return tuple(self._routine_action(section, key, item) for item in value)

    def _routine_action(self, section: str, key: str, item: object) -> object:
        if isinstance(item, str) and item.strip():
            return RoutineAction(say=item)
        wanted = 'must hold sentences and { entity = "...", command = "..." }'
        if not isinstance(item, dict) or set(item) - {"entity", "command", "params"}:
            raise self.wrong(key, section, wanted)
        entity, command, params = (item.get(k) for k in ("entity", "command", "params"))
        if not isinstance(entity, str) or not isinstance(params, dict | None):
            raise self.wrong(key, section, wanted)
        if command not in _COMMANDS.split(", "):
            raise self.wrong(key, section, f"has no command {command!r}: one of {_COMMANDS}")
        return RoutineAction("", entity, str(command), types.MappingProxyType(params or {}))

    def _mapping(self, section: str, key: str, hint: object, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self.wrong(key, section, "must be a table of names")
        return types.MappingProxyType(
            {name: self._value(section, key, hint, item) for name, item in value.items()}
        )

    def unknown(self, key: str, section: str, known: list[str]) -> ConfigError:
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        remedy = f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)
        what = f"[{section}] has no key {key!r}" if section else f"there is no section [{key}]"
        return ConfigError(f"{self._at(key, section)}: {what}", remedy=remedy)

    def wrong(self, key: str, section: str, what: str) -> ConfigError:
        label = f"{section}.{key}" if section else key
        return ConfigError(f"{self._at(key, section)}: {label} {what}")

    def _at(self, key: str, section: str) -> str:
        """`file:line` of a key, by reading the text: tomllib does not keep lines."""
        inside = not section
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
            if header:
                name = header[1].replace('"', "")
                if not section and name.split(".")[0] == key:
                    return f"{self._name}:{number}"
                inside = bool(section) and section in (name, name.split(".")[0])
                if inside and name.split(".")[1:2] == [key]:
                    return f"{self._name}:{number}"
            elif inside and re.match(rf'\s*"?{re.escape(key)}"?\s*[.=]', line):
                return f"{self._name}:{number}"
        return self._name


def _outside(section: str, key: str, value: object) -> str:
    """What a value of the right type must be, where it is not; "" where it is."""
    if isinstance(value, str):
        return _outside_text(section, key, value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return ""
    bounds: dict[str, tuple[float, float, str]] = {"port": (1, 65535, "a port from 1 to 65535")}
    bounds |= dict.fromkeys(_AT_LEAST_ONE, (1, math.inf, "at least 1"))
    if key.endswith("threshold"):
        bounds[key] = (0, 1, "between 0 and 1")
    least, most, said = bounds.get(key, (0, math.inf, "a number from 0 up"))
    return "" if least <= value <= most and math.isfinite(value) else f"must be {said}"


def _outside_text(section: str, key: str, value: str) -> str:
    if (section, key) == ("box", "name") and not re.fullmatch(r"[a-z0-9_-]+", value):
        return "must be made of a-z, 0-9, _ and -, since it is part of topics"
    if key.endswith("prefix") and (not value or set(value) & set("#+")):
        return "must be a topic's beginning, without + and #"
    return ""


_TABLE_NAMES = (r"[a-z0-9_-]{1,40}", r"\S(?:.{0,58}\S)?")
_NAMED = ("a-z, 0-9, _ and -", "at most 60 characters")
_COMMANDS = ", ".join(Command)


def _fields_of(hint: object) -> type:
    """The dataclass of a section, or of each of its tables."""
    tables = typing.get_origin(hint) is not None
    return typing.cast(type, typing.get_args(hint)[1] if tables else hint)


_AT_LEAST_ONE = (
    "beam_size", "context", "words_per_minute", "end_silence_ms", "max_utterance_ms", "confirm_s",
    "pin_tries", "max_characters", "at_once",
)  # fmt: skip


def _class(value: object) -> type:
    return value if isinstance(value, type) else object
