"""`lares wyoming`: ears, a voice and wake words as a server of Wyoming, without a home or a broker.

With `--stdio` for one client on standard input and output, as programs want it that start their
own server; else at the address in [wyoming].
"""

from __future__ import annotations

import argparse
import asyncio
import logging

from laresd.app.wyoming import alone, served_alone
from laresd.commands.foreground import start_log, until_signal
from laresd.config import Config
from laresd.errors import LaresError
from laresd.frontends.wyoming import Dialogs, Limits, serve_stdio

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stdio", action="store_true", help="one client on standard input")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 at the end of the client, or after a signal; 1 when it could not start."""
    start_log(config.log.level)
    try:
        asyncio.run(until_signal(_stdio(config) if arguments.stdio else _serve(config)))
    except LaresError as error:
        log.error("Wyoming cannot be served: %s", error)
        return 1
    return 0


async def _stdio(config: Config) -> None:
    async with alone(config) as services:
        await serve_stdio(Dialogs(services), Limits())


async def _serve(config: Config) -> None:
    async with served_alone(config) as server:
        await server.run()
