"""What is asked before an action, in every language for every command."""

from __future__ import annotations

import pytest

from laresd.core.replies import consents
from laresd.core.replies.consent_words import BOOKS
from laresd.core.risk import Judged, Risk, Verdict, Why
from laresd.types import Action, Command
from tests.fakes.home import HOME, entity, home_of

PARAMS: dict[Command, dict[str, int | str]] = {
    Command.SET_POSITION: {"position": 40},
    Command.SET_TEMPERATURE: {"temperature": 30},
    Command.SET_TILT: {"tilt": 40},
    Command.SET_MODE: {"mode": "heat"},
    Command.SET_SPEED: {"percentage": 40},
    Command.SELECT: {"option": "eco"},
    Command.SET_VALUE: {"value": 40},
    Command.SET_VOLUME: {"volume_pct": 40},
    Command.ADD_ITEM: {"item": "milk"},
    Command.COMPLETE_ITEM: {"item": "milk"},
}


@pytest.mark.parametrize("language", BOOKS)
@pytest.mark.parametrize("command", Command)
def test_every_command_can_be_asked_about(language: str, command: Command) -> None:
    action = Action("lock.front", command, dict(PARAMS.get(command, {})))
    for risk in (Risk.CONFIRM, Risk.PIN):
        said = consents.question([action], risk, HOME, language)
        assert "front door" in said.casefold()
        assert said.endswith(("?", "？"))
        assert "{" not in said


@pytest.mark.parametrize("language", BOOKS)
@pytest.mark.parametrize("why", Why)
def test_every_reason_of_a_refusal_is_said(language: str, why: Why) -> None:
    action = Action("lock.front", Command.UNLOCK)
    refused = [Judged(action, Verdict(Risk.NEVER, why))]
    for by in ("voice", "text"):
        assert consents.refusals(refused, HOME, by, language)


def test_several_devices_are_named_so_that_a_yes_is_to_something() -> None:
    actions = [Action("lock.front", Command.UNLOCK), Action("lock.back", Command.UNLOCK)]
    actions.append(Action("cover.garage", Command.OPEN))
    said = consents.question(actions, Risk.CONFIRM, HOME, "en")
    assert said == "Unlock the front door and the back door and open the garage door: shall I?"


def test_a_name_is_text_and_no_template() -> None:
    home = home_of([entity("lock.x", "{deeds} {0} %s")])
    said = consents.question([Action("lock.x", Command.UNLOCK)], Risk.CONFIRM, home, "en")
    assert said == "Unlock {deeds} {0} %s: shall I?"


def test_a_language_without_words_of_its_own_is_answered_in_english() -> None:
    assert consents.left_alone("fr") == consents.left_alone("en")
