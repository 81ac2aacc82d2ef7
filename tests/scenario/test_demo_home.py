"""`lares run` puts its demo home on whatever broker there is, and takes all of it away again."""

from pathlib import Path

import pytest

from laresd.app import Sound, running
from laresd.backends.audio import Silence
from laresd.commands.demo_home import LAMP, announced_home, demo_home
from tests.contract.brokers import Mosquitto, needs_mosquitto
from tests.scenario.boxes import PATIENCE, settings

pytestmark = pytest.mark.slow


async def test_nothing_of_the_demo_home_stays_on_somebody_elses_broker(tmp_path: Path) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        config = settings(tmp_path, port=broker.port)
        async with running(config, Sound(None, Silence())) as box:
            async with demo_home(box):
                assert LAMP in box.devices.home().entities
            fresh = box.bus.subscribe("homeassistant/#", "demo/#")
            await box.devices.settled(deadline=box.clock.now() + PATIENCE)
            fresh.close()
            kept = {message.topic async for message in fresh if message.payload}
            assert kept <= {"homeassistant/device/lares_lares/config"}  # the box itself
            assert not box.devices.home().entities
    finally:
        await broker.stop()


def test_the_demo_home_is_known_from_its_announcements_alone() -> None:
    home = announced_home()
    assert LAMP in home.entities
    assert set(home.areas) == {"Living Room", "Kitchen", "Bedroom", "Hallway"}
