"""The results page: what a measurement records, and what a person wrote about missed goals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import results
from tests.bench.results import Row, record


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "JSON_FILE", tmp_path / "results.json")
    monkeypatch.setattr(results, "PAGE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(results, "MISSED", tmp_path)
    return tmp_path / "RESULTS.md"


def test_a_figure_takes_the_place_of_the_one_of_its_name(page: Path) -> None:
    record([Row("llm/a_ms", 5, "<=4", "make bench-llm"), Row("voice/b_ms", 7, "", "make x")])
    record([Row("llm/a_ms", 3, "<=4", "make bench-llm")])
    assert "| llm/a_ms | 3 |" in page.read_text()
    assert "| llm/a_ms | 5 |" not in page.read_text()
    assert "| voice/b_ms | 7 |" in page.read_text()


def test_why_goals_are_missed_stands_under_the_figures_of_its_area(page: Path) -> None:
    (page.parent / "llm.md").write_text("- **Prefill** is slow.\n")
    record([Row("llm/a_ms", 5, "<=4", "make bench-llm"), Row("voice/b_ms", 7, "", "make x")])
    text = page.read_text()
    assert text.index("## Voice") < text.index("| llm/a_ms |") < text.index("**Prefill** is slow.")
