"""Where the API listens, and for whom."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from laresd.config import Http
from laresd.errors import ConfigError, LaresError, Permanent
from laresd.frontends.http import HttpFrontend
from tests.fakes.clock import FakeClock


def frontend(config: Http, sockets: Sequence[socket.socket] = ()) -> HttpFrontend:
    return HttpFrontend(
        config,
        None,
        None,
        FakeClock(),
        models=list,
        metrics=lambda: "",
        ready=lambda: "",
        sockets=sockets,
    )


async def fault_of(config: Http) -> LaresError:
    with pytest.raises(LaresError) as caught:
        async with frontend(config):
            pass
    return caught.value


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
async def test_beyond_loopback_it_does_not_start_without_a_token(host: str) -> None:
    fault = await fault_of(Http(host=host, port=0))
    assert isinstance(fault, ConfigError)
    assert "http.token_file" in str(fault) and "127.0.0.1" in str(fault)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost"])
async def test_on_loopback_it_needs_none(host: str) -> None:
    async with frontend(Http(host=host, port=0)) as running:
        assert running.port > 0
    assert running.port == 0


async def test_beyond_loopback_it_starts_with_a_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length\n")
    async with frontend(Http(host="0.0.0.0", port=0, token_file=token)) as running:
        assert running.port > 0


@pytest.mark.parametrize("text", [None, b"", b"short", b"\xff\xfe" * 20])
async def test_a_token_that_cannot_be_used_stops_the_start(
    tmp_path: Path, text: bytes | None
) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_bytes(text)
    fault = await fault_of(Http(port=0, token_file=file))
    assert isinstance(fault, ConfigError)
    assert str(file) in fault.message and fault.remedy


async def test_a_port_that_another_program_has_is_told_with_how_to_find_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        fault = await fault_of(Http(port=port))
    assert type(fault) is Permanent
    assert f"127.0.0.1:{port}" in fault.message and f"ss -ltnp 'sport = :{port}'" in fault.remedy
    async with frontend(Http(port=port)):
        pass  # and it is free again


async def test_two_of_our_own_notice_each_other() -> None:
    async with frontend(Http(port=0)) as first:
        assert "another program has the port" in (await fault_of(Http(port=first.port))).message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "1.2.3.4.5"])
async def test_an_address_that_is_none_is_a_mistake_in_the_configuration(host: str) -> None:
    assert "http.host" in str(await fault_of(Http(host=host, port=0)))


async def test_an_address_of_another_machine_cannot_be_listened_at(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length\n")
    fault = await fault_of(Http(host="192.0.2.1", port=8765, token_file=token))
    assert "cannot listen at 192.0.2.1:8765" in fault.message


async def test_it_must_be_entered_before_it_runs() -> None:
    with pytest.raises(Permanent, match="not entered"):
        await frontend(Http(port=0)).run()


async def test_it_takes_sockets_that_listen_already_in_place_of_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        port = given.getsockname()[1]
        async with frontend(Http(host="1.2.3.4.5"), [given]) as running:
            assert running.port == port


async def test_a_given_socket_that_others_reach_needs_a_token_too() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as given,
        pytest.raises(ConfigError, match="there is no token"),
    ):
        async with frontend(Http(), [given]):
            pass
