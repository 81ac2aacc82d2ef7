"""The broker stops and comes back: people are told, nothing is done late, all works again."""

import asyncio
from pathlib import Path

import pytest

from laresd.types import ReplyKind, Status
from tests.contract.brokers import Mosquitto, needs_mosquitto
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow


async def test_a_command_during_an_outage_fails_clearly_and_is_not_done_later(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        async with a_box(settings(tmp_path, port=broker.port)) as box:
            assert (await ask(box, "turn on the desk lamp")).kind is ReplyKind.DONE

            await broker.stop()
            async with asyncio.timeout(PATIENCE):
                while box.bus.connected:  # noqa: ASYNC110  # it tells connections, not losses
                    await asyncio.sleep(0.02)
            away = await ask(box, "turn off the desk lamp")
            assert away.kind is ReplyKind.FAILED
            assert [one.status for one in away.outcomes] == [Status.FAILED]
            assert "broker" in away.text

            await broker.start()
            await box.bus.wait_connected(deadline=box.clock.now() + PATIENCE)
            async with asyncio.timeout(PATIENCE):
                home = box.devices.home()
                while not home.state("light.desk_lamp").available:
                    home = await box.devices.changed(home)
            assert box.devices.home().state("light.desk_lamp").state == "on"
            assert (await ask(box, "turn off the desk lamp")).kind is ReplyKind.DONE
    finally:
        await broker.stop()
