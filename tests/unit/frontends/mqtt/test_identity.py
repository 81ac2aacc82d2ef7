"""Who a request is from: only a topic that the broker guards can say it for certain."""

from __future__ import annotations

import pytest

from laresd.config import MqttApi
from laresd.errors import Refused
from laresd.frontends.mqtt.identity import Identities
from laresd.frontends.mqtt.requests import Activate, Ask, Say
from tests.unit.frontends.mqtt.rig import Rig, error_of

WHO = Identities({"tablet": "Ada"}, {"tablet": "hall tablet"}, base="lares/lares")


def settled(ask: Ask, *, by_topic: str = "", claimed: str = "") -> tuple[str, str]:
    wanted = WHO.settled(ask, by_topic=by_topic, claimed=claimed)
    assert isinstance(wanted, Ask)
    return wanted.user, wanted.site


def test_a_client_of_a_guarded_topic_is_who_the_configuration_says() -> None:
    assert settled(Ask("on"), by_topic="tablet") == ("Ada", "hall tablet")
    assert settled(Ask("on", user="ada"), by_topic="tablet") == ("Ada", "hall tablet")
    scene = WHO.settled(Activate("Night"), by_topic="tablet", claimed="")
    assert scene == Activate("Night", user="Ada")


@pytest.mark.parametrize("ask", [Ask("on", user="Bob"), Ask("on", site="kitchen")])
def test_and_nobody_else(ask: Ask) -> None:
    with pytest.raises(Refused, match="is another"):
        settled(ask, by_topic="tablet")


@pytest.mark.parametrize(
    ("ask", "by_topic", "claimed"),
    [
        (Ask("on", user="Ada"), "", ""),
        (Ask("on", user="ADA"), "phone", ""),
        (Ask("on", site="hall tablet"), "phone", ""),
        (Ask("on"), "", "tablet"),  # it would speak of what the tablet spoke of
        (Ask("on"), "", "Ada"),  # without a user, the client is the user
        (Ask("on"), "ada", ""),
    ],
)
def test_no_other_can_claim_to_be_that_user_or_there(ask: Ask, by_topic: str, claimed: str) -> None:
    with pytest.raises(Refused, match="a topic of its own"):
        settled(ask, by_topic=by_topic, claimed=claimed)


def test_what_is_not_bound_is_believed_as_before() -> None:
    assert settled(Ask("on", user="Bob", site="shed"), claimed="phone") == ("Bob", "shed")
    assert WHO.settled(Say("hi"), by_topic="phone", claimed="") == Say("hi")


async def test_a_request_of_the_tablet_is_adas_and_one_that_says_so_is_refused() -> None:
    api = MqttApi(users={"tablet": "Ada"}, sites={"tablet": "hall tablet"})
    async with Rig(api).running() as home:
        assert (await home.ask({"text": "turn on the lamp"}, "from/tablet/ask"))["kind"] == "done"
        (request,) = home.assistant.requests
        assert (request.user, request.site) == ("Ada", "hall tablet")
        answer = await home.ask({"text": "turn on the lamp", "user": "Ada"})
        assert error_of(answer)[0] == "refused"
        assert len(home.assistant.requests) == 1
