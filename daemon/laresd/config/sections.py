"""The sections of the configuration, frozen, each field with its default and what it is for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from laresd.types import Scalar

SERVICE_STATE_DIR = Path("/var/lib/lares")  # of laresd.service


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
    channel: int = 1  # of an input with several microphones, from 1
    gain_db: float = 0.0  # by which the microphone is made louder
    volume: float = 1.0  # of the loudspeaker, 0 to 1
    echo_cancellation: bool = True  # what the loudspeaker plays is taken out of the microphone
    earcons: bool = True  # short sounds: heard you, understood, done, failed, muted


@dataclass(frozen=True, slots=True)
class Pins:
    """Buttons and switches on the board, by gpiozero's names of pins ("GPIO17"); "": none."""

    talk_button: str = ""  # listens while it is held
    wake_button: str = ""  # as the wake word; stops what the box says
    mute_button: str = ""  # switches the microphone off and on
    mute_switch: str = ""  # while it says so the microphone is off, whoever else wants it on
    muted: Literal["closed", "open"] = "closed"  # when the switch says so
    contacts: Literal["ground", "high"] = "ground"  # what they connect to: ground, or 3.3 V
    debounce_ms: int = 40


@dataclass(frozen=True, slots=True)
class Lights:
    """Lamps that show what the box does."""

    kind: Literal["none", "led", "rgb", "apa102", "ws2812"] = "none"
    lamps: int = 3  # of a row or ring of LED chips
    pins: tuple[str, ...] = ()  # led: one; rgb: three (red, green, blue)
    inverted: bool = False  # led, rgb: they shine at low level (common anode)
    power_pin: str = ""  # held high, where it feeds the lamps
    spi_bus: int = 0  # apa102, ws2812: /dev/spidev<bus>.<device>
    spi_device: int = 0
    brightness: float = 0.3  # of all, 0 to 1
    signs: Mapping[str, str] = field(default_factory=dict)  # core.signals: "blue breathe 40%"


@dataclass(frozen=True, slots=True)
class Wake:
    words: tuple[str, ...] = ("okay_nabu",)  # models in pymicro-wakeword, or .tflite paths
    phrase: str = ""  # any phrase, found by VAD and the speech model, e.g. "hey lares"
    service: str = ""  # a Wyoming service that finds them in place of this box's models: tcp://...
    threshold: float = 0.0  # 0: the model's own
    sensitivity: Mapping[str, float] = field(default_factory=dict)  # by "ear/word", ear, or word
    transcript_check: bool = False  # a pulled speech model must have heard the word, too
    keep_near_misses: bool = False  # what woke it and what nearly did, for `lares wake`
    kept_clips: int = 300  # of 3 seconds; then the oldest that has no label goes


@dataclass(frozen=True, slots=True)
class Turn:
    end_silence_ms: int = 700  # silence that ends an utterance
    early_silence_ms: int = 200  # pause at which transcription starts, and a whole command ends
    clear_silence_ms: int = 400  # silence after a clear command to which more may be added
    open_silence_ms: int = 2000  # silence after words that cannot be the end: "turn on the"
    more_ms: int = 1500  # in which "and ..." may begin after a command that was carried out at once
    start_timeout_ms: int = 5000  # silence after the wake word that ends the turn
    max_utterance_ms: int = 15000
    follow_up_ms: int = 5000  # listen this long for the answer to a question; 0: never
    answer_ms: int = 8000  # and this long when Lares asks before it does something
    max_follow_ups: int = 5  # so many answers without another wake word
    barge_in: Literal["word", "stop"] = "stop"  # what ends a reply: the wake word; or "stop", too
    one_moment_ms: int = 4000  # "one moment" is said when an answer takes longer; 0: never
    vad_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class SpeechToText:
    model: str = "bundled"  # bundled, a name from `lares models list`, or a CTranslate2 folder
    languages: tuple[str, ...] = ()  # that are spoken beside box.language, and told apart
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
    model: str = "minilm"  # a GGUF embedding model, or the folder of another encoder; "": none
    threads: int = 0  # 0: one per core, at most 4


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """An assistant for one matter: what it may answer from, and what it does not answer at all."""

    collections: tuple[str, ...] = ()  # none: all that the asker may ask
    prompt: str = ""  # added to what the language model is told
    notice: str = ""  # said after every answer
    quotes_only: bool = False  # sentences of the documents, none that a model wrote
    least_confidence: float = 0.0  # 0 to 1; 0: the usual
    refuse: tuple[str, ...] = ()  # words of questions that are not answered
    refusal: str = ""  # what is said then


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is read of documents, and how far that may go: `lares kb`."""

    enabled: bool = True
    follow_hours: float = 24.0  # between two looks at pages and rows that are followed
    file_mb: int = 200  # of one document
    read_minutes: float = 60.0  # for one document, OCR of all its pages among it
    memory_mb: int = 1024  # of the process that reads documents
    free_mb: int = 500  # of the disk that are left free
    most_mb: int = 4000  # of the disk for all that is known
    site_pages: int = 500  # of one site
    site_depth: int = 4  # links from its first page
    site_mb: int = 300
    page_seconds: float = 1.0  # between two pages; more where the site asks for it
    rows: int = 20_000  # of one query


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """[collections.NAME]: who may ask it. Patterns as in a shell; empty: everybody."""

    sites: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()  # voice, mqtt, http, control


@dataclass(frozen=True, slots=True)
class Speech:
    model: str = "espeak-ng"  # a Piper voice from `lares models list`, or its .onnx file
    speaker: str = ""  # of a Piper voice that has several, by name or number; "": the first
    threads: int = 2  # of a Piper voice
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
    statestream: str = ""  # base topic of Home Assistant's; "": not read. Its devices only tell
    names_file: Path | None = None  # TOML with names, aliases, areas, rooms; read when it changes
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)  # by entity id, or device name
    rooms: Mapping[str, str] = field(default_factory=dict)  # as devices call them: as people do
    floors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # as people say: its rooms


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
class Wyoming:
    """The server of Wyoming: this box's ears, voice and commands for others, part by part.

    The protocol has no authentication: whoever reaches the port may use it.
    """

    enabled: bool = True
    host: str = "127.0.0.1"  # "": no TCP port
    port: int = 10300
    socket: Path | None = None  # a unix socket, too
    clients: tuple[str, ...] = ()  # addresses or networks that may use it; none: all that reach it
    commands: Literal["auto", "always", "never"] = "auto"  # auto: of this machine's programs only
    announce: bool = True  # by mDNS, where it can be reached from other machines
    connections: int = 16


@dataclass(frozen=True, slots=True)
class Satellite:
    """This machine as ears and voice of a bigger box, or of Home Assistant: `lares satellite`."""

    enabled: bool = False  # laresd is that and nothing else
    host: str = "127.0.0.1"  # beyond loopback only with `servers`
    port: int = 10700
    servers: tuple[str, ...] = ()  # addresses or networks that may listen here
    wake: Literal["here", "server"] = "here"  # server: all that is said here is sent there
    announce: bool = True  # by mDNS, where it can be reached from other machines


@dataclass(frozen=True, slots=True)
class SatelliteSettings:
    """[satellites.NAME]: ears and a voice on another machine. What stands here is trusted."""

    url: str = ""  # tcp://address:port
    site: str = ""  # "": its name
    area: str = ""  # the room it stands in; "": as it says
    language: str = ""  # spoken to it; "": the box's


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
    users: Mapping[str, str] = field(default_factory=dict)  # who a client in a topic is
    sites: Mapping[str, str] = field(default_factory=dict)  # where it is


@dataclass(frozen=True, slots=True)
class Log:
    level: Literal["debug", "info", "warning", "error"] = "info"
