"""`lares demo` plays one spoken command; it succeeds only if the lamp reported the change."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
LARES = Path(sys.executable).with_name("lares")


def demo(*arguments: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [LARES, "demo", "--json", *arguments], check=False, capture_output=True, text=True
    )
    told: dict[str, object] = json.loads(done.stdout)
    return done.returncode, told


def test_the_lamp_is_heard_of_understood_and_confirmed() -> None:
    status, told = demo()
    assert status == 0
    assert told["confirmed"] is True
    assert told["heard"] == "turn on the kitchen light"
    assert told["wake_word"] == "okay_nabu"
    reply = told["reply"]
    assert isinstance(reply, dict)
    assert reply["understood_by"] == "grammar"
    assert reply["text"] == "Turned on the kitchen light."
    (outcome,) = reply["outcomes"]
    assert outcome["published"][0]["topic"] == "demo/kitchen_light/set"
    assert json.loads(outcome["echo"]["payload"])["state"] == "ON"
    spans = told["spans"]
    assert isinstance(spans, list)
    assert {"wake", "endpoint", "transcribe", "understand", "act", "echo"} <= {
        span["name"] for span in spans
    }


def test_a_silent_lamp_fails_the_demo_and_is_named() -> None:
    status, told = demo("--silent-lamp")
    assert status == 1
    assert told["confirmed"] is False
    reply = told["reply"]
    assert isinstance(reply, dict)
    assert reply["text"] == "No answer from the kitchen light."
