"""`lares hosts`: the machines on the LAN that this box may use; `trust`, `forget`, `announce`.

It asks the running daemon over the control socket. What the daemon answers:

`{"op": "hosts"}`: a part for each engine, this box's own first, then hosts that are used, then
those that wait for trust. A host's form:

- `name`, `kind` (of laresd.jobs.HostKind, or "auto"), `url` ("" for this box);
- `state`: "ready", "busy", "asleep", "waking", "down", "suspect" (it answers, but is not believed
  to compute), "untrusted" (found, and never used), "changed" (it was trusted, and has shown itself
  at another address or with another certificate since: not used until it is trusted again);
- `verdict`: why it is in that state, in words;
- `jobs` (of laresd.jobs.JobKind), `models`: lists of texts; `model`: the one it is asked for;
- `running`, `waiting`, `slots`: whole numbers, of requests;
- `decode_speed`, `prefill_speed`: tokens a second; `round_trip_ms`: 0 where it is not known;
- `fingerprint`: sha256 of its certificate in hexadecimal, "" without one.

All but `name` and `state` may be left out where they are not known.

`{"op": "hosts_trust", "name", "token"?, "fingerprint"?}`: one part, the host's form as it is now
trusted; refused where it shows another certificate than `fingerprint`.

`{"op": "hosts_forget", "name"}`: one part, `{"name"}`.

`{"op": "hosts_watch"}`: parts without end, one for each thing that the scheduler does:
`at` (wall seconds), `event` (of laresd.core.scheduler.counts.Event), `where` (an engine's name),
`words`, and where they mean something `reason` and `priority`. At least once a minute there is
one, `{"event": "idle"}` if nothing else, since this side takes silence for a daemon that hangs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from laresd.commands.client import parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.errors import ConfigError, Permanent
from laresd.frames import Fields
from laresd.types import Json

_HELP = {
    "list": "the hosts, what they run, and how they are",
    "trust": "use a host that was found on the LAN, from now on",
    "forget": "use a host no more that was trusted",
    "announce": "on a GPU host: announce the engine that runs here, until stopped",
}
_ENGINES = ("auto", "llama-server", "vllm", "ollama", "openai")
_HEAD = ["NAME", "STATE", "ENGINE", "MODEL", "QUEUE", "SPEED", "ROUND TRIP", "ADDRESS", "VERDICT"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    parser.add_argument("--watch", action="store_true", help="placements as they happen")
    actions = parser.add_subparsers(metavar="list|trust|forget|announce")
    for name, text in _HELP.items():
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS)
        if name in ("trust", "forget"):
            action.add_argument("name", metavar="NAME")
        if name == "trust":
            action.add_argument("--token-file", type=Path, help="holds the key that it asks for")
            action.add_argument("--fingerprint", help="the certificate it must show (sha256)")
        if name == "announce":
            _add_announce(action)


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done; errors are raised."""
    if arguments.watch:
        return _watch(arguments, config)
    actions: dict[str, Callable[[argparse.Namespace, Config], int]] = {
        "list": _list,
        "trust": _trust,
        "forget": _forget,
        "announce": _announce,
    }
    return actions[arguments.action](arguments, config)


def _list(arguments: argparse.Namespace, config: Config) -> int:
    found = list(parts(config, {"op": "hosts"}))
    if arguments.json:
        hosts: list[Json] = list(found)
        print_json({"hosts": hosts})
        return 0
    hosts_ = [Fields(one) for one in found]
    print(*table([_HEAD, *map(_row, hosts_)]), sep="\n")
    for host in hosts_:
        if host.text("state") in ("untrusted", "changed"):
            print(f"to use {host.text('name')}: lares hosts trust {host.text('name')}")
    return 0


def _row(host: Fields) -> list[str]:
    trip = host.real("round_trip_ms", 0.0)
    return [
        host.text("name"),
        host.text("state"),
        host.text("kind", "") or "-",
        _models(host),
        _queue(host),
        _speed(host),
        f"{trip:.1f} ms" if trip else "-",
        host.text("url", "") or "-",
        host.text("verdict", ""),
    ]


def _models(host: Fields) -> str:
    """The one that is asked, and how many there are beside it."""
    models = host.texts("models")
    model = host.text("model", "") or next(iter(models), "-")
    others = len([name for name in models if name != model])
    return f"{model} (+{others})" if others else model


def _queue(host: Fields) -> str:
    slots, waiting = host.integer("slots", 0), host.integer("waiting", 0)
    if not slots:
        return "-"
    return f"{host.integer('running', 0)} of {slots}" + (f", {waiting} wait" if waiting else "")


def _speed(host: Fields) -> str:
    decode, prefill = host.real("decode_speed", 0.0), host.real("prefill_speed", 0.0)
    if not decode:
        return "-"
    return f"{decode:.1f} tokens/s" + (f", reads {prefill:.0f}" if prefill else "")


def _trust(arguments: argparse.Namespace, config: Config) -> int:
    request: dict[str, Json] = {"op": "hosts_trust", "name": arguments.name}
    if arguments.token_file is not None:
        request["token"] = _token(arguments.token_file)
    if arguments.fingerprint is not None:
        request["fingerprint"] = arguments.fingerprint
    (told,) = parts(config, request)
    if arguments.json:
        print_json(told)
        return 0
    host = Fields(told)
    print(f"{host.text('name')} is trusted from now on, at {host.text('url', '')}")
    if fingerprint := host.text("fingerprint", ""):
        print(f"its certificate (sha256): {fingerprint}")
        if arguments.fingerprint is None:
            print("compare it on the host itself; another one will not be accepted from now on")
    else:
        print("it has no certificate: who is on this network can read what is sent to it")
    return 0


def _token(file: Path) -> str:
    """Read here, with this user's rights, and kept by the daemon."""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Permanent(f"the key cannot be read from {file}: {why}") from None
    if not token:
        raise Permanent(f"the file {file} is empty", remedy="write the host's key into it")
    return token


def _forget(arguments: argparse.Namespace, config: Config) -> int:
    (told,) = parts(config, {"op": "hosts_forget", "name": arguments.name})
    if arguments.json:
        print_json(told)
    else:
        print(f"{arguments.name} is not used any more")
    return 0


def _watch(arguments: argparse.Namespace, config: Config) -> int:
    """A line for each thing that happens, until interrupted."""
    for told in parts(config, {"op": "hosts_watch"}):
        if told.get("event") == "idle":
            continue
        if arguments.json:
            print(json.dumps(told, ensure_ascii=False), flush=True)
        else:
            print(_line(Fields(told)), flush=True)
    return 0


def _line(told: Fields) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(told.real("at")))
    reason, priority = told.text("reason", ""), told.text("priority", "")
    what = " ".join(filter(None, [priority, told.text("event")]))
    because = f"{reason}: " if reason else ""
    return f"{at}  {what:<20}  {told.text('where'):<12}  {because}{told.text('words')}"


def _add_announce(action: argparse.ArgumentParser) -> None:
    action.add_argument("--port", type=int, required=True, help="where the engine listens")
    action.add_argument("--name", default=socket.gethostname(), help="default: this machine's")
    action.add_argument("--engine", choices=_ENGINES, default="auto")
    action.add_argument("--model", default="", help="what it runs, for people")
    action.add_argument("--certificate", type=Path, help="that it shows (PEM): https then")
    action.add_argument("--mac", default="", help="of the network card that wakes it")
    action.add_argument(
        "--address", action="append", default=[], help="default: the one that leads to the LAN"
    )


def _announce(arguments: argparse.Namespace, config: Config) -> int:
    from laresd.backends.hosts.discovery import Announcement, announce  # noqa: PLC0415  # slow
    from laresd.backends.hosts.wake import mac_bytes  # noqa: PLC0415

    if not 0 < arguments.port < 65536:
        raise ConfigError(f"--port {arguments.port} is none", remedy="a port is 1 to 65535")
    if arguments.mac:
        mac_bytes(arguments.mac)
    fingerprint = _certificate(arguments.certificate) if arguments.certificate else ""
    what = Announcement(
        arguments.name,
        arguments.port,
        arguments.engine,
        arguments.model,
        "https" if fingerprint else "http",
        fingerprint,
        arguments.mac,
    )

    async def until_stopped() -> None:
        if task := asyncio.current_task():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        print(f"announcing {what.label!r}, port {what.port}, until stopped", flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await announce(what, addresses=arguments.address)

    asyncio.run(until_stopped())
    return 0


def _certificate(file: Path) -> str:
    """The sha256 of the first certificate in a PEM file."""
    try:
        text = file.read_text(encoding="ascii")
        first = text[text.index("-----BEGIN CERTIFICATE") : text.index("-----END CERTIFICATE")]
        der = ssl.PEM_cert_to_DER_cert(first + "-----END CERTIFICATE-----")
    except OSError as error:
        raise Permanent(f"the certificate {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Permanent(f"{file} holds no certificate in PEM") from error
    return hashlib.sha256(der).hexdigest()
