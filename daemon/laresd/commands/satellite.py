"""`lares satellite`: this machine as ears and a voice of a bigger box, or of Home Assistant.

It runs no language model, no speech model and no broker: the microphone, the loudspeaker, and the
wake word. laresd does the same where [satellite] is enabled.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Iterator

from laresd.app.satellite import satellite
from laresd.app.sound import sound_of
from laresd.backends.systemd import ServiceManager
from laresd.commands.foreground import start_log, until_signal
from laresd.config import Config
from laresd.errors import LaresError

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All of it is in [satellite], [audio] and [wake]."""


def main(arguments: argparse.Namespace, config: Config) -> int:
    return serve(config)


def serve(config: Config) -> int:
    """0 after a signal, 1 when it could not start, or has no microphone."""
    start_log(config.log.level)
    status = 0
    try:
        asyncio.run(until_signal(_serve(config)))
    except* LaresError as failures:
        status = 1
        for error in _leaves(failures):
            log.error("this satellite cannot run: %s", error)
    return status


def _leaves(group: BaseExceptionGroup[LaresError]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _serve(config: Config) -> None:
    with ServiceManager() as manager:
        async with satellite(config, sound_of(config)):
            manager.ready("ready: ears and a voice of another machine")
            try:
                await manager.watch(lambda: "")
                await asyncio.Event().wait()
            finally:
                manager.stopping()
