"""Port Grammar: sentences about the names it was taught, and only these."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.clients import WorkerGrammar
from laresd.ports import Grammar
from laresd.types import Recognition
from tests.fakes.grammar import FakeGrammar
from tests.fakes.home import HOME, entity, home_of
from tests.fakes.workers import running, soon


@pytest.fixture(params=["fake", "hassil"])
async def grammar(request: pytest.FixtureRequest) -> AsyncIterator[Grammar]:
    if request.param == "fake":
        yield FakeGrammar()
        return
    async with running(specs.grammar("en", 20.0)) as worker:
        yield WorkerGrammar(worker)


async def best(grammar: Grammar, text: str, area: str | None = None) -> Recognition | None:
    found = await grammar.recognize(text, language="en", area=area, deadline=soon())
    return found[0] if found else None


async def test_it_recognises_a_name_that_it_was_taught(grammar: Grammar) -> None:
    await grammar.learn(HOME, "en")
    found = await best(grammar, "turn on the kitchen light")
    assert found is not None
    assert found.intent == "HassTurnOn"
    assert found.slots["entity_id"] == "light.kitchen"


async def test_a_name_matches_whatever_its_case(grammar: Grammar) -> None:
    await grammar.learn(HOME, "en")
    found = await best(grammar, "Turn OFF the Kitchen LIGHT.")
    assert found is not None
    assert (found.intent, found.slots["entity_id"]) == ("HassTurnOff", "light.kitchen")


async def test_an_alias_is_as_good_as_the_name(grammar: Grammar) -> None:
    await grammar.learn(home_of([entity("light.x", "Esstischlampe", aliases=["spot"])]), "en")
    found = await best(grammar, "turn on the spot")
    assert found is not None
    assert found.slots["entity_id"] == "light.x"


async def test_a_home_that_is_learned_later_takes_the_place_of_the_first(grammar: Grammar) -> None:
    await grammar.learn(HOME, "en")
    await grammar.learn(home_of([entity("light.moon", "Moon Lamp", "Attic")]), "en")
    assert await best(grammar, "turn on the moon lamp") is not None
    found = await grammar.recognize(
        "turn on the desk lamp", language="en", area=None, deadline=soon()
    )
    assert all("entity_id" not in recognition.slots for recognition in found)


@pytest.mark.parametrize("text", ["", "  ", "?", "is it raining in paris", "turn on " + "x" * 2000])
async def test_what_no_template_fits_has_no_match(grammar: Grammar, text: str) -> None:
    await grammar.learn(HOME, "en")
    assert await best(grammar, text) is None


async def test_two_devices_of_one_name_are_both_found(grammar: Grammar) -> None:
    await grammar.learn(HOME, "en")
    found = await grammar.recognize("turn on the lamp", language="en", area=None, deadline=soon())
    lamps = {recognition.slots.get("entity_id") for recognition in found}
    assert {"light.lamp_bedroom", "light.lamp_office"} <= lamps
