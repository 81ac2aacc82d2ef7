"""Trust in found hosts: what is kept on disk, and what a host that is found again may be."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import ssl
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.discovery import FoundHost
from laresd.backends.hosts.trust import Standing, Trusted, TrustStore, shown_fingerprint, standing
from laresd.errors import DeadlineExceeded, Permanent, Temporary
from tests.fakes.certificates import Certificate, certificate
from tests.fakes.wyoming_host import listening

FINGERPRINT, OTHER = "ab" * 32, "cd" * 32
PLAIN = Trusted("tower", "t", "http://10.0.0.1:8080", "llama-server", since=1.0)
SECURE = dataclasses.replace(PLAIN, url="https://10.0.0.1:8080", fingerprint=FINGERPRINT)


def seen(*addresses: str, port: int = 8080, scheme: str = "http", tls: str = "") -> FoundHost:
    assert scheme in ("http", "https")
    found = FoundHost("t", "tower", addresses or ("10.0.0.1",), port, "auto", "http")
    return dataclasses.replace(found, scheme=scheme, fingerprint=tls)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trusted", "found", "expected"),
    [
        (PLAIN, seen(), Standing.SAME),
        (PLAIN, seen("10.0.0.9", "10.0.0.1"), Standing.SAME),
        (PLAIN, seen("10.0.0.9"), Standing.CHANGED),
        (PLAIN, seen(port=8081), Standing.CHANGED),
        (PLAIN, seen(scheme="https", tls=OTHER), Standing.CHANGED),
        (SECURE, seen(scheme="https", tls=FINGERPRINT), Standing.SAME),
        (SECURE, seen(scheme="https"), Standing.SAME),
        (SECURE, seen("10.0.0.9", scheme="https", tls=FINGERPRINT), Standing.MOVED),
        (SECURE, seen("10.0.0.9", scheme="https"), Standing.MOVED),
        (SECURE, seen(scheme="https", tls=OTHER), Standing.CHANGED),
        (SECURE, seen(scheme="http"), Standing.CHANGED),
    ],
)
def test_a_host_may_move_only_where_its_certificate_proves_it(
    trusted: Trusted, found: FoundHost, expected: Standing
) -> None:
    assert standing(trusted, found) is expected


ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"])
FOUND = st.builds(
    FoundHost,
    st.just("t"),
    st.just("tower"),
    st.lists(ADDRESSES, min_size=1, max_size=3).map(tuple),
    st.sampled_from([80, 443]),
    st.just("auto"),
    st.sampled_from(["http", "https", "tcp"]),
    fingerprint=st.sampled_from(["", FINGERPRINT, OTHER]),
)


@given(FOUND, FOUND)
def test_nothing_goes_to_another_address_without_a_certificate_that_is_checked(
    first: FoundHost, again: FoundHost
) -> None:
    secure = first.scheme == "https"
    trusted = Trusted("tower", "t", first.url, "auto", FINGERPRINT if secure else "")
    verdict = standing(trusted, again)
    if verdict is Standing.MOVED:
        assert trusted.fingerprint
        assert again.scheme == "https"
    if verdict is Standing.SAME:
        assert trusted.url in again.urls
    if again.fingerprint not in ("", trusted.fingerprint):
        assert verdict is Standing.CHANGED


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
HOSTS = st.dictionaries(
    st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True),
    st.builds(
        Trusted,
        st.just(""),
        TEXT,
        TEXT.map("http://{}".format),
        st.sampled_from(["auto", "wyoming", "vllm"]),
        st.sampled_from(["", FINGERPRINT]),
        TEXT,
        st.sampled_from([None, Path("/etc/lares/key")]),
        st.floats(0, 4e9),
        st.booleans(),
    ),
    max_size=4,
)


@given(HOSTS)
def test_what_is_kept_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, hosts: dict[str, Trusted]
) -> None:
    hosts = {name: dataclasses.replace(host, name=name) for name, host in hosts.items()}
    store = TrustStore(tmp_path_factory.mktemp("state"))
    store.save(hosts)
    assert store.load() == hosts


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path)


def test_nobody_is_trusted_at_first(store: TrustStore) -> None:
    assert store.load() == {}


def test_the_files_are_for_their_owner_alone(store: TrustStore, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store.save({"tower": PLAIN})
        token_file = store.keep_token("tower", "sesame")
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(token_file.parent.stat().st_mode) == 0o700
    assert token_file.read_text() == "sesame"
    assert "sesame" not in store.path.read_text()


def test_a_key_is_deleted_when_it_is_not_needed(store: TrustStore) -> None:
    token_file = store.keep_token("tower", "sesame")
    store.forget_token("tower")
    store.forget_token("tower")
    assert not token_file.exists()


def test_what_was_left_of_an_interrupted_change_does_not_harm(store: TrustStore) -> None:
    store.save({"tower": PLAIN})
    store.path.with_name("hosts.json.part").write_text('{"layout": 1, "ho')
    assert store.load() == {"tower": PLAIN}
    store.save({})
    assert store.load() == {}


def document(**changes: object) -> str:
    host = {
        "service": "t",
        "url": "http://10.0.0.1:8080",
        "kind": "auto",
        "fingerprint": "",
        "mac": "",
        "token_file": None,
        "since": 1.0,
        "doubted": False,
    }
    return json.dumps({"layout": 1, "hosts": {"tower": host | changes}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "\x00" * 100,
        "[" * 100_000,
        '{"layout": 2, "hosts": {}}',
        '{"layout": 1, "hosts": []}',
        '{"layout": 1, "hosts": {"tower": null}}',
        '{"layout": 1, "hosts": {"tower": {}}}',
        document(kind="magic"),
        document(fingerprint="ab"),
        document(url="https://10.0.0.1"),
        document(doubted="no"),
    ],
)
def test_a_damaged_file_is_never_taken_for_nobody(store: TrustStore, text: str) -> None:
    store.path.write_text(text)
    with pytest.raises(Permanent, match=r"hosts\.json is damaged") as raised:
        store.load()
    assert "trust your hosts again" in raised.value.remedy


def test_an_undamaged_file_is_read(store: TrustStore) -> None:
    store.path.write_text(document(doubted=True))
    assert store.load()["tower"].doubted


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = TrustStore(tmp_path / "file")
    with pytest.raises(Permanent, match="cannot use the trusted hosts' files"):
        store.save({})
    with pytest.raises(Permanent, match="cannot use the trusted hosts' files"):
        store.load()
    with pytest.raises(Permanent, match="cannot use the trusted hosts' files"):
        store.keep_token("tower", "sesame")
    with pytest.raises(Permanent, match="cannot use the trusted hosts' files"):
        store.forget_token("tower")


# The certificate of a host.


class Listening:
    """A TLS server that keeps what it is sent."""

    def __init__(self) -> None:
        self.received = b""
        self.done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received += await reader.read()
        self.done.set()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "tower")


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_the_certificate_is_fetched_and_nothing_is_sent(shown: Certificate) -> None:
    server = Listening()
    context = await asyncio.to_thread(shown.context)
    async with listening(server.serve, context) as port:
        found = await shown_fingerprint(f"https://127.0.0.1:{port}", deadline=soon())
        async with asyncio.timeout(60):
            await server.done.wait()
    der = ssl.PEM_cert_to_DER_cert(shown.cert.read_text())
    assert found == hashlib.sha256(der).hexdigest() == shown.fingerprint
    assert server.received == b""


async def test_a_server_without_tls_has_no_certificate() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(answer) as port:
        with pytest.raises(Temporary, match="cannot be read"):
            await shown_fingerprint(f"https://127.0.0.1:{port}", deadline=soon())


async def test_a_port_where_nobody_listens_is_said() -> None:
    with pytest.raises(Temporary, match=r"certificate of https://127\.0\.0\.1:9 cannot be read"):
        await shown_fingerprint("https://127.0.0.1:9", deadline=soon())


async def test_a_server_that_hangs_in_the_handshake_is_given_up() -> None:
    async with listening(Listening().serve) as port:
        with pytest.raises(DeadlineExceeded, match="does not answer"):
            deadline = asyncio.get_running_loop().time() + 0.1
            await shown_fingerprint(f"https://127.0.0.1:{port}", deadline=deadline)
