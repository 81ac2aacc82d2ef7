"""The headers that say on what terms a request is computed."""

from __future__ import annotations

import pytest

from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.terms import DEFAULT_SECONDS, Terms, read_terms
from laresd.jobs import ANYWHERE, Policy, Reach, Routing
from laresd.types import Priority


def test_without_headers_a_person_waits_and_the_box_decides() -> None:
    assert read_terms({}) == Terms(Priority.INTERACTIVE, DEFAULT_SECONDS, ANYWHERE)


def test_every_term_can_be_said() -> None:
    assert read_terms(
        {
            "x-lares-priority": "automation",
            "x-lares-deadline": "12.5",
            "x-lares-reach": "lan",
            "x-lares-hosts": "tower, attic",
            "x-lares-policy": "local-first",
        }
    ) == Terms(
        Priority.AUTOMATION,
        12.5,
        Routing(Reach.LAN, frozenset({"tower", "attic"}), Policy.LOCAL_FIRST),
    )


def test_the_priority_of_voice_is_not_for_programs() -> None:
    with pytest.raises(Rejected, match="people who speak") as caught:
        read_terms({"x-lares-priority": "voice"})
    assert caught.value.param == "X-Lares-Priority"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Lares-Priority", "urgent"),
        ("X-Lares-Priority", ""),
        *(
            ("X-Lares-Deadline", value)
            for value in (
                "",
                "soon",
                "nan",
                "inf",
                "-1",
                "0",
                "0.01",
                "3601",
                "1e2",
                "1_0",
                "٣",
                "9" * 500,
            )
        ),
        ("X-Lares-Reach", "cloud"),
        ("X-Lares-Hosts", ""),
        ("X-Lares-Hosts", "tower,,attic"),
        ("X-Lares-Hosts", "Tower!"),
        ("X-Lares-Hosts", ",".join(["tower"] * 17)),
        ("X-Lares-Policy", "cheapest"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused_by_its_name(header: str, value: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_terms({header.lower(): value})
    assert (caught.value.status, caught.value.param) == (400, header)


def test_a_private_request_cannot_name_hosts() -> None:
    with pytest.raises(Rejected, match="forbids"):
        read_terms({"x-lares-reach": "device", "x-lares-hosts": "tower"})
