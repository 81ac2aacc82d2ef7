"""The bench's home: every side is given the same devices, calls and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from laresd.core.prompt import offered
from laresd.engines.llm.constraint import Constraints
from laresd.engines.llm.loading import embedded_model
from laresd.engines.llm.native import NativeModel
from laresd.generation import AnswerGrammar, GrammarKind
from laresd.types import Json
from tests.bench.llm import home

GRAMMARS = {
    "schema": AnswerGrammar(GrammarKind.JSON_SCHEMA, home.text_schema()),
    "gbnf": AnswerGrammar(GrammarKind.GBNF, home.gbnf()),
}


def written(name: str, device: str, **values: Json) -> str:
    call: Json = {"name": name, "arguments": {"device": device, **values}}
    return json.dumps(call, separators=(",", ":"))


RIGHT = [
    written("turn_on", "switch.hall_socket"),
    written("toggle", "light.garden_lamp"),
    written("set_brightness", "light.office_ceiling", percent=100),
    written("set_color_temperature", "light.hall_lamp", kelvin=2000),
    written("set_color_temperature", "light.hall_lamp", kelvin=6500),
    written("set_position", "cover.garage_blind", percent=0),
    written("set_temperature", "climate.bedroom_heating", degrees=5),
    written("set_temperature", "climate.bedroom_heating", degrees=30),
]
WRONG = [
    written("turn_on", "cover.hall_blind"),
    written("open", "light.garden_lamp"),
    written("set_brightness", "light.office_ceiling"),
    written("set_brightness", "light.office_ceiling", percent=101),
    written("set_color_temperature", "light.hall_lamp", kelvin=6501),
    written("set_color_temperature", "light.hall_lamp", kelvin=1999),
    written("set_temperature", "climate.bedroom_heating", degrees=4),
    written("set_temperature", "climate.bedroom_heating", degrees=31),
    written("turn_on", "light.attic_lamp"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    loaded = NativeModel(embedded_model(), use_mmap=True, vocabulary_only=True)
    yield loaded
    loaded.close()


@pytest.mark.slow
@pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=GRAMMARS)
def test_the_schema_and_the_peers_grammar_allow_the_same_answers(
    model: NativeModel, grammar: AnswerGrammar
) -> None:
    constraints = Constraints(model)

    def fits(text: str) -> bool:
        tokens = model.tokens(text, begin=False, special=False)
        constraint = constraints.compile(grammar)
        if constraint.accepted_prefix(tokens) < len(tokens):
            return False
        constraint.accept(tokens)
        return constraint.may_end

    assert all(map(fits, RIGHT))
    assert not any(map(fits, WRONG))


def test_has_forty_devices_and_ten_calls() -> None:
    assert len(home.DEVICES) == len(set(home.DEVICES)) == 40
    assert len(home.CALLS) == 10


def test_the_head_names_every_device_and_call() -> None:
    lines = home.head().content.splitlines()
    for name in (*home.DEVICES, *home.CALLS):
        assert any(line.startswith(f"{name}:") for line in lines), name


def test_the_daemon_offers_the_same_devices() -> None:
    assert [entity.entity_id for entity in offered(home.as_home())] == [*home.DEVICES]


def test_prose_is_the_same_for_the_same_seed() -> None:
    assert home.prose(50, 1) == home.prose(50, 1) != home.prose(50, 2)
    assert len(home.prose(50, 1).split()) == 50
