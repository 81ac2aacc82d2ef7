"""Who counts as one client of the API."""

from __future__ import annotations

import ipaddress


def client_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 of an IPv6 one, which has them all."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
