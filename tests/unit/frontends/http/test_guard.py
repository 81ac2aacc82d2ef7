"""Who may ask: the token, and what pages in a browser try."""

from __future__ import annotations

import pytest

from laresd.errors import ConfigError
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.guard import Guard, checked_token

TOKEN = "correct-horse-battery"
LOCAL = Guard(local=True, token="")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8765", "127.0.0.1:8765", "127.1.2.3", "[::1]:8765", "a.localhost"],
)
def test_this_machine_may_be_named_in_any_way(host: str) -> None:
    LOCAL.check({"host": host})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "192.168.1.4",
        "",
        "[::2]",
        "127.0.0.1.evil.example",
        "127.0.0.1:80:80",
        "user@127.0.0.1",
        "0.0.0.0",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Rejected, match="not this machine") as caught:
        LOCAL.check({"host": host})
    assert caught.value.status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "file://"])
def test_a_page_of_another_site_is_refused(origin: str) -> None:
    with pytest.raises(Rejected) as caught:
        LOCAL.check({"host": "localhost:8765", "origin": origin})
    assert (caught.value.status, caught.value.param) == (403, "Origin")


def test_our_own_page_may_ask() -> None:
    LOCAL.check({"host": "localhost:8765", "origin": "http://localhost:8765"})


@pytest.mark.parametrize(
    "given",
    [
        "",
        TOKEN,
        f"Basic {TOKEN}",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer tökén-with-other-letters",
    ],
)
def test_a_missing_or_wrong_token_is_refused_and_not_told(given: str) -> None:
    guard = Guard(local=False, token=TOKEN)
    with pytest.raises(Rejected) as caught:
        guard.check({"authorization": given} if given else {})
    assert caught.value.status == 401
    assert TOKEN not in str(caught.value)


def test_the_right_token_opens() -> None:
    guard = Guard(local=False, token=TOKEN)
    guard.check({"authorization": f"Bearer {TOKEN}", "host": "lares.lan"})
    guard.check({"authorization": f"bearer  {TOKEN} "})


@pytest.mark.parametrize(
    "text", ["", "\n", "short", "two words are no token", "schlüsselschlüssel"]
)
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_without_telling_it(
    text: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        checked_token(text, "/etc/lares/http-token")
    assert "/etc/lares/http-token" in str(caught.value)
    assert not text.strip() or text.strip() not in str(caught.value)


def test_the_newline_at_a_files_end_is_not_part_of_the_token() -> None:
    assert checked_token(f"{TOKEN}\n", "file") == TOKEN
