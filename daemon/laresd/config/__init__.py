"""One TOML file, typed and frozen. `load` reads it; with no file every field has its default.

An unknown key, a wrong type or an impossible value stops the start with the key, the line and the
likely right name. Secrets are never in the file: `*_file` names the file (or systemd credential)
that holds them, and only the part that needs the secret reads it.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from laresd.config.board import Board
from laresd.config.keeping import Backup, Storage
from laresd.config.reader import Reader, fields_of
from laresd.config.sections import (
    SERVICE_STATE_DIR,
    Actions,
    Audio,
    Box,
    CollectionSettings,
    Embeddings,
    HomeAssistant,
    HomeNames,
    HostSettings,
    Http,
    Input,
    Knowledge,
    Lights,
    Llm,
    Log,
    Mqtt,
    MqttApi,
    Pins,
    PolicySettings,
    ProfileSettings,
    Risk,
    RiskRule,
    RoutineAction,
    RoutineSettings,
    Satellite,
    SatelliteSettings,
    Scheduler,
    Speech,
    SpeechToText,
    Turn,
    Wake,
    Wyoming,
    default_state_dir,
)
from laresd.errors import ConfigError

__all__ = [
    "DEFAULT_FILE",
    "SERVICE_RUNTIME_DIR",
    "Actions",
    "Audio",
    "Backup",
    "Board",
    "Box",
    "CollectionSettings",
    "Config",
    "Embeddings",
    "HomeAssistant",
    "HomeNames",
    "HostSettings",
    "Http",
    "Input",
    "Knowledge",
    "Lights",
    "Llm",
    "Log",
    "Mqtt",
    "MqttApi",
    "Pins",
    "PolicySettings",
    "ProfileSettings",
    "Risk",
    "RiskRule",
    "RoutineAction",
    "RoutineSettings",
    "Satellite",
    "SatelliteSettings",
    "Scheduler",
    "Speech",
    "SpeechToText",
    "Storage",
    "Turn",
    "Wake",
    "Wyoming",
    "default_state_dir",
    "load",
    "parse",
    "settings",
]

DEFAULT_FILE = Path("/etc/lares/lares.toml")
SERVICE_RUNTIME_DIR = "/run/lares"  # of laresd.service


@dataclass(frozen=True, slots=True)
class Config:
    box: Box = field(default_factory=Box)
    mqtt: Mqtt = field(default_factory=Mqtt)
    audio: Audio = field(default_factory=Audio)
    pins: Pins = field(default_factory=Pins)
    lights: Lights = field(default_factory=Lights)
    wake: Wake = field(default_factory=Wake)
    turn: Turn = field(default_factory=Turn)
    speech_to_text: SpeechToText = field(default_factory=SpeechToText)
    llm: Llm = field(default_factory=Llm)
    embeddings: Embeddings = field(default_factory=Embeddings)
    knowledge: Knowledge = field(default_factory=Knowledge)
    collections: Mapping[str, CollectionSettings] = field(default_factory=dict)
    speech: Speech = field(default_factory=Speech)
    actions: Actions = field(default_factory=Actions)
    risk: Risk = field(default_factory=Risk)
    risk_rules: Mapping[str, RiskRule] = field(default_factory=dict)
    policies: Mapping[str, PolicySettings] = field(default_factory=dict)
    profiles: Mapping[str, ProfileSettings] = field(default_factory=dict)
    input: Input = field(default_factory=Input)
    routines: Mapping[str, RoutineSettings] = field(default_factory=dict)
    home: HomeNames = field(default_factory=HomeNames)
    scheduler: Scheduler = field(default_factory=Scheduler)
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    http: Http = field(default_factory=Http)
    wyoming: Wyoming = field(default_factory=Wyoming)
    satellite: Satellite = field(default_factory=Satellite)
    satellites: Mapping[str, SatelliteSettings] = field(default_factory=dict)
    home_assistant: HomeAssistant = field(default_factory=HomeAssistant)
    mqtt_api: MqttApi = field(default_factory=MqttApi)
    board: Board = field(default_factory=Board)
    storage: Storage = field(default_factory=Storage)
    backup: Backup = field(default_factory=Backup)
    log: Log = field(default_factory=Log)

    @property
    def control_socket(self) -> Path:
        """Where `lares` reaches the daemon: in $RUNTIME_DIRECTORY, or where the service with this
        state dir has it, else in the state dir.
        """
        runtime = os.environ.get("RUNTIME_DIRECTORY")
        if not runtime and self.box.state_dir == SERVICE_STATE_DIR:
            runtime = SERVICE_RUNTIME_DIR
        return (Path(runtime) if runtime else self.box.state_dir) / "control.sock"


def load(path: Path | None = None) -> Config:
    """The configuration in `path`; without one, DEFAULT_FILE if it is there, else all defaults.

    Where no state folder is named, whoever may use that of an installed service does. Raises
    ConfigError, which names the file, the line, the key and what would be right.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return _of_service(Config())
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
    return _of_service(parse(text, str(path)))


def _of_service(config: Config) -> Config:
    named = "STATE_DIRECTORY" in os.environ or "XDG_STATE_HOME" in os.environ
    if named or config.box.state_dir != default_state_dir():
        return config
    if not os.access(SERVICE_STATE_DIR, os.W_OK | os.X_OK):
        return config
    return dataclasses.replace(
        config, box=dataclasses.replace(config.box, state_dir=SERVICE_STATE_DIR)
    )


def parse(text: str, name: str = "lares.toml") -> Config:
    """The configuration in a TOML text; `name` stands for the file in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}", remedy="see the TOML rules at that line") from error
    reader = Reader(text, name)
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
        for item in dataclasses.fields(fields_of(hint))
    ]
