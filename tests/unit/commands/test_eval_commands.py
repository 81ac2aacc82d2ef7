"""`lares eval commands`: homes and sentences from YAML, through the real cascade, judged."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from laresd.commands import eval_commands
from laresd.commands.eval_commands import Evaluation, Verdict, verdict
from laresd.commands.eval_homes import View, cases
from laresd.config import Actions, Config, Llm
from laresd.errors import Permanent

HOMES = Path(__file__).resolve().parents[2] / "homes"
PATIENT = Config(llm=Llm(enabled=False), actions=Actions(grammar_timeout_s=30.0))
FIXTURES = """
areas: [{name: Den, id: den}]
entities:
  - {name: Lamp, id: light.lamp, area: den, state: "off"}
  - {name: Spot, id: light.spot, state: "off"}
"""
TESTS = """
tests:
  - sentences: [turn on the lamp, turn on the spot, tell me more]
    expect_changes: {light.lamp: {state: "on"}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "_fixtures.yaml").write_text(FIXTURES)
    (tmp_path / "tests.yaml").write_text(TESTS)
    return tmp_path


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    eval_commands.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("done", "expected", "judged"),
    [
        ({}, {}, Verdict.CORRECT),
        ({"a": {"state": "on"}}, {"a": {"state": "on"}}, Verdict.CORRECT),
        ({}, {"a": {"state": "on"}}, Verdict.NONE),
        ({"a": {"state": "on"}}, {}, Verdict.WRONG),
        ({"b": {"state": "on"}}, {"a": {"state": "on"}}, Verdict.WRONG),
        ({"a": {"state": "off"}}, {"a": {"state": "on"}}, Verdict.WRONG),
        (
            {"a": {"state": "on"}},
            {"a": {"state": "on"}, "b": {"state": "on"}},
            Verdict.PARTIAL,
        ),
    ],
)
def test_wrong_is_what_nobody_asked_for(
    done: Mapping[str, View], expected: Mapping[str, View], judged: Verdict
) -> None:
    assert verdict(done, expected) is judged


def test_each_sentence_is_judged_and_counted_by_who_understood_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = eval_commands.main(arguments(str(home), "--json", "--no-llm"))
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 1  # something was done that was not asked for
    assert [item["verdict"] for item in report["items"]] == ["correct", "wrong", "none"]
    summary = report["summary"]
    assert (summary["total"], summary["correct"], summary["wrong"]) == (3, 1, 1)
    assert summary["by_step"]["grammar"]["total"] == 2
    assert summary["p95_ms"] >= summary["p50_ms"] > 0


@pytest.mark.parametrize(
    ("name", "text"),
    [("bad.yaml", "- just\n- a list"), ("bad.yaml", "tests: ["), ("bad.yaml", "tests: [3]")],
)
def test_a_file_of_another_layout_is_named(home: Path, name: str, text: str) -> None:
    (home / name).write_text(text)
    with pytest.raises(Permanent, match=name):
        cases([home])


def test_a_missing_file_ends_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert eval_commands.main(arguments(str(tmp_path / "none"))) == 2
    assert "none" in capsys.readouterr().err


DOOR = """
areas: [{name: Hall, id: hall}]
entities:
  - {name: Front Door, id: lock.front, area: hall, state: locked}
"""
UNLOCK = """
tests:
  - sentences: [unlock the front door]
    expect_changes: {lock.front: {state: unlocked}}
"""


@pytest.mark.parametrize(
    ("answers", "wanted"), [(True, Verdict.CORRECT), (False, Verdict.NONE)], ids=["yes", "silence"]
)
def test_what_is_asked_back_is_answered_with_yes_unless_it_is_told_not_to(
    tmp_path: Path, answers: bool, wanted: Verdict
) -> None:
    (tmp_path / "_fixtures.yaml").write_text(DOOR)
    (tmp_path / "tests.yaml").write_text(UNLOCK)
    wanted_cases = cases([tmp_path])
    evaluation = asyncio.run(
        eval_commands.run(wanted_cases, PATIENT, show=lambda item: None, answers=answers)
    )
    (item,) = evaluation.items
    assert (item.verdict, item.asked) == (wanted, "Unlock the front door: shall I?")
    assert evaluation.summary.asked == 1


def evaluated(folder: Path) -> Evaluation:
    wanted = cases([folder])
    return asyncio.run(eval_commands.run(wanted, PATIENT, show=lambda item: None))


def test_homes_that_no_rule_was_written_for() -> None:
    """Three homes in three languages, half of the sentences no commands at all."""
    evaluation = evaluated(HOMES)
    wrong = [item.sentence for item in evaluation.items if item.verdict is Verdict.WRONG]
    assert wrong == []
    assert evaluation.summary.total > 150
    assert evaluation.summary.correct / evaluation.summary.total > 0.95


def test_public_homes(shared_data: Path) -> None:
    """The goal for assist-mini: 70 % correct, at most 5 % wrong."""
    summary = evaluated(shared_data / "home-assistant-datasets" / "assist-mini").summary
    assert summary.correct / summary.total >= 0.7
    assert summary.wrong / summary.total <= 0.05
