"""The doctor finds a box that the broker lets in, but not publish or read where it must."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from laresd.backends.checks.finding import Finding, Verdict
from laresd.backends.checks.rights import rights
from laresd.config import Config, HomeAssistant
from tests.contract.brokers import Amqtt, Mosquitto, free_port, needs_mosquitto, settings
from tests.unit.backends.broker.test_mqtt_client import serving


def config(port: int) -> Config:
    return Config(mqtt=settings(port))


async def found(folder: Path, *rules: str) -> list[Finding]:
    """With an access list."""
    needs_mosquitto()
    acl = folder / "acl"
    acl.write_text("\n".join(rules) + "\n")
    acl.chmod(0o600)
    broker = Mosquitto(folder, f"allow_anonymous true\nacl_file {acl}")
    async with serving(broker):
        return await asyncio.to_thread(rights, config(broker.port))


async def test_a_box_that_may_do_what_it_must(tmp_path: Path) -> None:
    (one,) = await found(tmp_path, "topic readwrite lares/#", "topic readwrite homeassistant/#")
    assert one.verdict is Verdict.OK


async def test_a_box_that_may_not_publish_its_own(tmp_path: Path) -> None:
    rules = ("topic read lares/#", "topic readwrite homeassistant/#")
    own, claims = await found(tmp_path, *rules)
    assert (own.verdict, claims.verdict) == (Verdict.FAIL, Verdict.WARN)
    assert "may not publish on lares/lares/#" in own.text
    assert "topic readwrite lares/lares/#" in own.remedy


async def test_a_box_that_may_not_read_what_devices_announce(tmp_path: Path) -> None:
    rules = ("topic readwrite lares/#", "topic write homeassistant/#")
    (one,) = await found(tmp_path, *rules)
    assert one.verdict is Verdict.FAIL
    assert "may not read homeassistant/#" in one.text


async def test_a_box_alone_with_its_own_topics_is_warned_of_other_boxes(tmp_path: Path) -> None:
    rules = ("topic readwrite lares/lares/#", "topic readwrite homeassistant/#")
    (one,) = await found(tmp_path, *rules)
    assert one.verdict is Verdict.WARN
    assert "lares/wake/claim" in one.text


async def test_a_broker_of_mqtt_3_tells_by_what_does_not_come_back() -> None:
    broker = Amqtt()
    async with serving(broker):
        (one,) = await asyncio.to_thread(rights, config(broker.port))
    assert one.verdict is Verdict.OK


async def test_a_box_that_announces_nothing_need_not_write_there(tmp_path: Path) -> None:
    needs_mosquitto()
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite lares/#\n")
    acl.chmod(0o600)
    broker = Mosquitto(tmp_path, f"allow_anonymous true\nacl_file {acl}")
    async with serving(broker):
        quiet = Config(mqtt=settings(broker.port), home_assistant=HomeAssistant(announce=False))
        (one,) = await asyncio.to_thread(rights, quiet)
    assert one.verdict is Verdict.OK


@pytest.mark.parametrize("port", [free_port()])
async def test_without_a_broker_nothing_is_said_twice(port: int) -> None:
    assert await asyncio.to_thread(rights, config(port)) == []
