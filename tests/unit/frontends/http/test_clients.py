"""Who counts as one client of the API."""

from __future__ import annotations

from laresd.frontends.http.clients import client_of


def test_one_who_has_a_network_of_ipv6_addresses_is_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") != client_of("2001:db8:0:1::1")
    assert client_of("::ffff:192.168.1.7") == client_of("192.168.1.7") == "192.168.1.7"
    assert client_of("fe80::1%eth0") == client_of("fe80::2%eth0")
    assert client_of("") == ""
