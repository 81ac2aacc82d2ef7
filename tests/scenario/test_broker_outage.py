"""The broker stops and comes back: people are told, what waits is done in time or not at all."""

import asyncio
import json
from pathlib import Path

import pytest

from laresd.types import ReplyKind, Status
from tests.contract.brokers import Mosquitto, needs_mosquitto
from tests.fakes.audio import FakeSink
from tests.scenario.boxes import PATIENCE, a_box, ask, settings

pytestmark = pytest.mark.slow


async def test_a_command_during_an_outage_is_said_to_be_delayed_and_done_in_time_or_never(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        heard = FakeSink()
        async with a_box(settings(tmp_path, port=broker.port), heard) as box:
            assert (await ask(box, "turn on the desk lamp")).kind is ReplyKind.DONE
            assert (await ask(box, "turn on the kitchen light")).kind is ReplyKind.DONE
            dropped = box.bus.subscribe("lares/lares/dropped")

            await broker.stop()
            async with asyncio.timeout(PATIENCE):
                while box.bus.connected:  # noqa: ASYNC110  # it tells connections, not losses
                    await asyncio.sleep(0.02)
            patient = await ask(box, "turn off the desk lamp")
            assert [one.status for one in patient.outcomes] == [Status.DELAYED]
            assert patient.kind is ReplyKind.FAILED
            assert "must wait" in patient.text
            hasty = await ask(box, "turn off the kitchen light", seconds=3.0)
            assert hasty.kind is ReplyKind.FAILED
            assert [one.status for one in hasty.outcomes] == [Status.DELAYED]
            await asyncio.sleep(1.0)  # its time is over

            await broker.start()
            await box.bus.wait_connected(deadline=box.clock.now() + PATIENCE)
            async with asyncio.timeout(PATIENCE):
                home = box.devices.home()
                while home.state("light.desk_lamp").state != "off":
                    home = await box.devices.changed(home)
                report = json.loads((await anext(dropped)).payload)
            assert report["topic"].startswith("demo/kitchen_light/")
            assert report["reason"] == "expired"
            async with asyncio.timeout(PATIENCE):
                while not heard.played:  # noqa: ASYNC110  # a sink tells nobody
                    await asyncio.sleep(0.02)
            assert box.devices.home().state("light.kitchen_light").state == "on"
            assert (await ask(box, "turn on the desk lamp")).kind is ReplyKind.DONE
    finally:
        await broker.stop()
