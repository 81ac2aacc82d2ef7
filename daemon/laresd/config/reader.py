"""TOML values to the fields of sections, and mistakes to errors with a line."""

from __future__ import annotations

import difflib
import math
import os
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from laresd.config.sections import RoutineAction, RoutineSettings
from laresd.errors import ConfigError
from laresd.types import Command

CREDENTIAL = "credential:"  # begins the name of a systemd credential, in place of a path
CREDENTIALS = "/run/credentials/laresd.service"  # where they are, for who is not started with them


class Reader:
    """Turns TOML values into the fields of a section, and mistakes into errors with a line."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def values(self, section: str, hint: object, values: dict[str, object]) -> object:
        """Those of a section, or of the tables in it: [hosts.NAME]."""
        cls = fields_of(hint)
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
                return self._path(section, key, value)
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

    def _path(self, section: str, key: str, value: str) -> Path:
        if not value.startswith(CREDENTIAL):
            return Path(value).expanduser()
        name = value.removeprefix(CREDENTIAL)
        if not key.endswith("_file") or not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name):
            wanted = f'may not be {value!r}: a secret\'s file may be "{CREDENTIAL}NAME"'
            raise self.wrong(key, section, wanted)
        return Path(os.environ.get("CREDENTIALS_DIRECTORY") or CREDENTIALS) / name

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
    if key.endswith(("threshold", "brightness")) or key == "sensitivity":
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


def fields_of(hint: object) -> type:
    """The dataclass of a section, or of each of its tables."""
    tables = typing.get_origin(hint) is not None
    return typing.cast(type, typing.get_args(hint)[1] if tables else hint)


_AT_LEAST_ONE = (
    "beam_size", "context", "words_per_minute", "end_silence_ms", "max_utterance_ms", "confirm_s",
    "pin_tries", "max_characters", "at_once", "lamps", "connections",
)  # fmt: skip


def _class(value: object) -> type:
    return value if isinstance(value, type) else object
