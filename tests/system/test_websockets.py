"""MQTT over websockets against a real Mosquitto, in a network namespace of its own."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.contract.brokers import PATIENCE, needs_mosquitto

pytestmark = pytest.mark.slow

ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def needs_namespaces() -> None:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("unshare (util-linux) and ip (iproute2) are needed")
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not make a network namespace")


async def test_websockets_carry_messages_through_the_death_of_the_broker() -> None:
    needs_mosquitto()
    needs_namespaces()
    process = await asyncio.create_subprocess_exec(
        *(*ALONE, sys.executable, "-m", "tests.system.websocket_broker"),
        stdout=PIPE,
        stderr=PIPE,
        cwd=Path(__file__).parents[2],
    )
    async with asyncio.timeout(PATIENCE * 2):
        said, trouble = await process.communicate()
    assert (said, process.returncode) == (b"ok\n", 0), trouble.decode()
