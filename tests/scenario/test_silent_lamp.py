"""A lamp that does not answer is named; nothing is said to be done that is not."""

from pathlib import Path

import pytest

from laresd.types import ReplyKind, Status
from tests.scenario.boxes import a_box, ask, quick, settings

pytestmark = pytest.mark.slow


async def test_a_silent_lamp_is_named_and_its_neighbours_work(tmp_path: Path) -> None:
    async with a_box(quick(settings(tmp_path), echo_timeout_s=1.0)) as box:
        await box.bus.publish("demo/desk_lamp/silent", "on")

        silent = await ask(box, "turn on the desk lamp")
        assert silent.kind is ReplyKind.FAILED
        assert silent.text == "No answer from the desk lamp."
        assert [one.status for one in silent.outcomes] == [Status.NO_ANSWER]

        mixed = await ask(box, "turn on all the lights in the living room")
        assert mixed.kind is ReplyKind.PARTIAL
        assert "ceiling light" in mixed.text
        assert "No answer from the desk lamp" in mixed.text

        await box.bus.publish("demo/desk_lamp/silent", "off")
        awake = await ask(box, "turn on the desk lamp")
        assert awake.text == "Turned on the desk lamp."
