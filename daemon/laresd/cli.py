"""`lares` and `laresd`: which command, its options, its exit status.

Only the chosen command's module is imported: `lares --help` is quick, and a missing native
library harms only the commands that need it.

Exit status: 0 done; 1 not done or failed; 2 wrong usage or configuration; 3 laresd not reachable.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

from laresd import __version__
from laresd.config import Config, load
from laresd.errors import ConfigError, LaresError

FAILED, USAGE, AWAY, INTERRUPTED = 1, 2, 3, 130


@dataclass(frozen=True, slots=True)
class Command:
    """`add_arguments(parser)` and `main(arguments, config) -> int` are in `laresd.commands`."""

    module: str
    help: str


COMMANDS = {
    "run": Command("run", "start Lares here, with a demo home, and play a command"),
    "demo": Command("demo", "play one command in a box of its own; succeeds if the lamp changed"),
    "ask": Command("ask", "ask in writing what you would say"),
    "say": Command("say", "play recordings as if the microphone had heard them"),
    "devices": Command("devices", "the devices of the home and their states"),
    "timers": Command("timers", "the running timers"),
    "status": Command("status", "the running daemon, its broker and its engines"),
    "microphone": Command("microphone", "how loud the microphone is, second by second"),
    "volume": Command("volume", "how loud Lares speaks; with a number, from now on"),
    "doctor": Command("doctor", "look for what is wrong, and say what to do about it"),
    "hosts": Command("hosts", "machines on the LAN that compute for this box"),
    "pin": Command("pin", "set the PIN that the most dangerous actions need"),
    "wake": Command("wake", "what woke it and what nearly did; tune it to this home"),
    "satellite": Command("satellite", "be the ears and the voice of another machine"),
    "wyoming": Command("wyoming", "serve ears and a voice over Wyoming, without a home"),
    "kb": Command("kb", "what it knows of documents: add, list, search, ask"),
    "backup": Command("backup", "keep the box's state elsewhere, encrypted"),
    "restore": Command("restore", "put a backup back"),
    "models": Command("models", "list, pull, use and remove models"),
    "bench": Command("bench", "measure this box, and keep the settings that are fastest on it"),
}
EVALS = {
    "commands": Command("eval_commands", "sentences, against what they must change in a home"),
    "stt": Command("eval_stt", "recordings, against what is said in them"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """`lares`."""
    given = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser(given).parse_args(given)
    return _guarded(lambda: _run(arguments), as_json=getattr(arguments, "json", False))


def main_daemon(argv: Sequence[str] | None = None) -> int:
    """`laresd`."""
    parser = argparse.ArgumentParser("laresd", description="The Lares daemon, in the foreground.")
    parser.add_argument("--version", action="version", version=f"laresd {__version__}")
    _add_config(parser)
    arguments = parser.parse_args(argv)
    return _guarded(lambda: _serve(partial(load, arguments.config)), as_json=False)


def _serve(read: Callable[[], Config]) -> int:
    from laresd.commands import foreground, satellite  # noqa: PLC0415  # the whole house

    config = read()
    if config.satellite.enabled:
        return satellite.serve(config)
    return foreground.main(config, read)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "eval":
        status: int = _module(EVALS[arguments.evaluation]).main(arguments)
    else:
        status = _module(COMMANDS[arguments.command]).main(arguments, load(arguments.config))
    return status


def _guarded(work: Callable[[], int], *, as_json: bool) -> int:
    """The work's exit status, or that of its failure, which is printed for people or programs."""
    from laresd.commands.client import DaemonAway  # noqa: PLC0415

    try:
        return work()
    except LaresError as error:
        if as_json:
            told = {"kind": error.kind, "message": error.message, "remedy": error.remedy}
            print(json.dumps({"error": told}, ensure_ascii=False, indent=1))
        print(f"lares: {error}", file=sys.stderr)
        if isinstance(error, DaemonAway):
            return AWAY
        return USAGE if isinstance(error, ConfigError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `lares devices | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """All commands, but only the named one with its options."""
    parser = argparse.ArgumentParser(
        "lares", description="A private AI appliance.", epilog=(__doc__ or "").split("\n\n")[-1]
    )
    parser.add_argument("--version", action="version", version=f"lares {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in argv if not word.startswith("-")), "")
    for name, command in COMMANDS.items():
        _add(commands, name, command, wanted=name == chosen)
    evaluate = commands.add_parser("eval", help="measure how well it hears and understands")
    kinds = evaluate.add_subparsers(dest="evaluation", metavar="commands|stt", required=True)
    for name, command in EVALS.items():
        _add(kinds, name, command, wanted=chosen == "eval" and name in argv)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    *,
    wanted: bool,
) -> None:
    parser = commands.add_parser(
        name, help=command.help, description=command.help, conflict_handler="resolve"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for programs")
    _add_config(parser)
    if wanted:
        _module(command).add_arguments(parser)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="default: /etc/lares/lares.toml if it is there"
    )


def _module(command: Command) -> ModuleType:
    return importlib.import_module(f"laresd.commands.{command.module}")
