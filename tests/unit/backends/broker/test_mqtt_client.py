"""The bus against real brokers that refuse, lie, or are not there."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from laresd.backends.broker.client import MqttBus
from laresd.backends.broker.link import Dialect
from laresd.errors import Permanent, Temporary
from laresd.types import Message, Sent
from tests.contract.brokers import (
    PATIENCE,
    Amqtt,
    Broker,
    Mosquitto,
    connected,
    free_port,
    needs_mosquitto,
    running,
    settings,
    soon,
)


@asynccontextmanager
async def serving(broker: Broker) -> AsyncIterator[Broker]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def fault_of(bus: MqttBus) -> str:
    """Why a bus that just began to run is not connected."""
    not_yet = bus.fault
    async with running(bus), asyncio.timeout(PATIENCE):
        while bus.fault is not_yet:
            with pytest.raises(Temporary):
                deadline = asyncio.get_running_loop().time() + 0.02
                await bus.wait_connected(deadline=deadline)
    return str(bus.fault)


async def test_no_broker_is_said_with_the_way_to_start_one() -> None:
    port = free_port()
    text = await fault_of(MqttBus(settings(port), box="test"))
    assert f"no broker listens at 127.0.0.1:{port}" in text
    assert "systemctl start mosquitto" in text


async def test_an_unknown_name_is_said() -> None:
    text = await fault_of(MqttBus(settings(1883, host="broker.invalid"), box="test"))
    assert "the name of the broker at broker.invalid:1883 is not known" in text


async def test_a_missing_password_file_is_said(tmp_path: Path) -> None:
    mqtt = settings(free_port(), username="lares", password_file=tmp_path / "none")
    text = await fault_of(MqttBus(mqtt, box="test"))
    assert "cannot read mqtt.password_file" in text
    assert str(tmp_path / "none") in text


async def test_something_that_hangs_up_is_not_mistaken_for_a_broker() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        text = await fault_of(MqttBus(settings(port), box="test"))
    assert f"127.0.0.1:{port}" in text


def with_password(folder: Path) -> Mosquitto:
    needs_mosquitto()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "lares", "right horse"], check=True)
    return Mosquitto(folder, f"allow_anonymous false\npassword_file {passwords}")


async def test_a_refused_password_names_the_user_and_never_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong horse\n")
    caplog.set_level(logging.DEBUG)
    async with serving(with_password(tmp_path)) as broker:
        mqtt = settings(broker.port, username="lares", password_file=secret)
        text = await fault_of(MqttBus(mqtt, box="test"))
    assert "refused user 'lares'" in text
    assert "mqtt.password_file" in text
    assert "horse" not in caplog.text + text


async def test_a_corrected_password_is_taken_without_a_restart(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong horse")
    async with serving(with_password(tmp_path)) as broker:
        mqtt = settings(broker.port, username="lares", password_file=secret)
        async with running(MqttBus(mqtt, box="test", first_delay=0.05)) as bus:
            secret.write_text("right horse")
            await bus.wait_connected(deadline=soon())


async def test_mosquitto_is_spoken_to_in_mqtt_5(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needs_mosquitto()
    caplog.set_level(logging.INFO)
    async with serving(Mosquitto(tmp_path)) as broker, connected(broker):
        assert "(MQTT 5)" in caplog.text


async def test_a_broker_of_mqtt_3_is_spoken_to_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(Amqtt()) as broker, connected(broker):
        assert "(MQTT 3.1.1)" in caplog.text
        assert not [item for item in caplog.records if item.levelno >= logging.WARNING]


async def test_the_bus_starts_before_its_broker() -> None:
    broker = Amqtt()
    broker.port = free_port()
    async with running(MqttBus(settings(broker.port), box="test", first_delay=0.05)) as bus:
        feed = bus.subscribe("hello")
        async with serving(broker):
            await bus.wait_connected(deadline=soon())
            await bus.publish("hello", "world")
            async with asyncio.timeout(PATIENCE):
                assert await anext(feed) == Message("hello", b"world")


async def test_availability_is_online_while_it_runs_and_offline_after() -> None:
    async with serving(Amqtt()) as broker, connected(broker, "watcher") as watcher:
        feed = watcher.subscribe("lares/kitchen/availability")
        async with connected(broker, "kitchen"):
            async with asyncio.timeout(PATIENCE):
                assert (await anext(feed)).payload == b"online"
        async with asyncio.timeout(PATIENCE):
            assert (await anext(feed)).payload == b"offline"


def certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


async def test_tls_works_with_the_right_ca_and_says_what_is_wrong_without(tmp_path: Path) -> None:
    needs_mosquitto()
    cert = certificate(tmp_path)
    lines = f"allow_anonymous true\ncertfile {cert}\nkeyfile {tmp_path / 'key.pem'}"
    async with serving(Mosquitto(tmp_path, lines)) as broker:
        trusted = settings(broker.port, tls=True, ca_file=cert)
        async with running(MqttBus(trusted, box="test")) as bus:
            await bus.wait_connected(deadline=soon())
        text = await fault_of(MqttBus(settings(broker.port, tls=True), box="test"))
    assert "is not trusted" in text
    assert "mqtt.ca_file" in text


async def test_tls_to_a_plain_port_is_explained(tmp_path: Path) -> None:
    needs_mosquitto()
    async with serving(Mosquitto(tmp_path)) as broker:
        text = await fault_of(MqttBus(settings(broker.port, tls=True), box="test"))
    assert f"127.0.0.1:{broker.port}" in text


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def house_ca(folder: Path) -> None:
    """A CA of the house's own (ca.pem), and certificates by it for the broker and for a client."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    at = {name: str(folder / name) for name in ("ca.pem", "ca.key")}
    openssl(
        *("req", "-x509", *curve, "-days", "2", "-subj", "/CN=house"),
        *("-keyout", at["ca.key"], "-out", at["ca.pem"]),
    )
    extension = folder / "names.cnf"
    extension.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("broker", "client"):
        key, request, cert = (str(folder / f"{name}.{kind}") for kind in ("key", "csr", "pem"))
        openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl(
            *("x509", "-req", "-in", request, "-CA", at["ca.pem"], "-CAkey", at["ca.key"]),
            *("-CAcreateserial", "-days", "2", "-extfile", str(extension), "-out", cert),
        )


async def test_a_client_certificate_of_the_houses_own_ca_is_shown_where_it_is_asked_for(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    house_ca(tmp_path)
    lines = [f"cafile {tmp_path / 'ca.pem'}", f"certfile {tmp_path / 'broker.pem'}"]
    lines += [f"keyfile {tmp_path / 'broker.key'}", "require_certificate true"]
    lines += ["use_identity_as_username true", "allow_anonymous false"]
    async with serving(Mosquitto(tmp_path, "\n".join(lines))) as broker:
        mqtt = settings(
            broker.port,
            tls=True,
            ca_file=tmp_path / "ca.pem",
            client_cert_file=tmp_path / "client.pem",
            client_key_file=tmp_path / "client.key",
        )
        async with running(MqttBus(mqtt, box="test")) as bus:
            await bus.wait_connected(deadline=soon())
            feed = bus.subscribe("hello")
            await bus.publish("hello", "world")
            assert (await anext(feed)).payload == b"world"
        without = settings(broker.port, tls=True, ca_file=tmp_path / "ca.pem")
        text = await fault_of(MqttBus(without, box="test"))
        assert f"127.0.0.1:{broker.port}" in text


async def test_a_missing_client_certificate_is_said(tmp_path: Path) -> None:
    mqtt = settings(free_port(), tls=True, client_cert_file=tmp_path / "none.pem")
    text = await fault_of(MqttBus(mqtt, box="test"))
    assert "mqtt.client_cert_file" in text
    assert str(tmp_path / "none.pem") in text


def with_acl(folder: Path) -> Mosquitto:
    needs_mosquitto()
    rules = folder / "acl"
    rules.write_text("topic readwrite lares/#\ntopic read house/#\n")
    rules.chmod(0o600)
    return Mosquitto(folder, f"allow_anonymous true\nacl_file {rules}")


async def test_a_publish_that_the_acl_denies_is_told_where_mqtt_5_tells(tmp_path: Path) -> None:
    async with serving(with_acl(tmp_path)) as broker, connected(broker) as bus:
        await bus.publish("lares/test/said", "fine")
        with pytest.raises(Permanent, match="took no message on house/lamp/set") as caught:
            await bus.publish("house/lamp/set", "ON")
        assert "acl_file" in caught.value.remedy
        assert bus.connected


async def test_mqtt_3_does_not_tell_what_the_acl_denies(tmp_path: Path) -> None:
    async with serving(with_acl(tmp_path)) as broker:
        mqtt3 = MqttBus(settings(broker.port), box="test", dialect=Dialect(mqtt5=False))
        async with running(mqtt3) as bus:
            await bus.wait_connected(deadline=soon())
            assert await bus.publish("house/lamp/set", "ON") is Sent.NOW


async def test_a_broker_that_falls_silent_is_left_and_nothing_arrives_late_when_it_wakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_mosquitto()
    monkeypatch.setattr("laresd.backends.broker.connection.ANSWER_TIMEOUT", 0.3)
    broker = Mosquitto(tmp_path)
    async with serving(broker), connected(broker) as bus:
        broker.pause()
        with pytest.raises(Temporary, match="did not acknowledge"):
            await bus.publish("lamp/set", "ON")
        assert not bus.connected
        broker.pause(paused=False)
        await bus.wait_connected(deadline=soon())
        assert await bus.publish("lamp/set", "OFF") is Sent.NOW


async def test_more_messages_than_a_broker_takes_at_once_all_arrive_in_order(
    tmp_path: Path,
) -> None:
    needs_mosquitto()
    lines = "allow_anonymous true\nmax_inflight_messages 3"
    async with serving(Mosquitto(tmp_path, lines)) as broker, connected(broker) as bus:
        feed = bus.subscribe("count")
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                group.create_task(bus.publish("count", str(number)))
        async with asyncio.timeout(PATIENCE):
            assert [int((await anext(feed)).payload) for _ in range(200)] == list(range(200))


async def test_who_gives_up_waiting_before_its_turn_sends_nothing(tmp_path: Path) -> None:
    needs_mosquitto()
    broker = Mosquitto(tmp_path, "allow_anonymous true\nmax_inflight_messages 1")
    async with serving(broker), connected(broker) as bus:
        feed = bus.subscribe("lamp")
        await bus.publish("lamp", "none")
        broker.pause()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(bus.publish("lamp", "first"))
            second = group.create_task(bus.publish("lamp", "second"))
            await asyncio.sleep(0.05)
            second.cancel()
            broker.pause(paused=False)
        assert first.done()
        await bus.publish("lamp", "third")
        async with asyncio.timeout(PATIENCE):
            assert [(await anext(feed)).payload for _ in range(3)] == [b"none", b"first", b"third"]
