"""`lares kb`: what people and programs read of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path

import pytest

from laresd.cli import main
from laresd.commands.kb import bar
from laresd.frames import Fields
from laresd.frontends.control import Handler
from laresd.types import Json
from tests.fakes.control_socket import control_socket

SOURCE: dict[str, Json] = {
    "id": 1,
    "collection": "home",
    "kind": "folder",
    "location": "/srv/papers",
    "follow": True,
    "documents": 3,
    "passages": 9,
    "faults": 1,
    "read_at": 1_790_000_000.0,
    "fault": "",
    "notes": ["2 files of other kinds are left out"],
    "reading": False,
}
PROGRESS: dict[str, Json] = {"done": 1, "total": 3, "failed": 0, "unchanged": 0, "at": "/srv/a.pdf"}
CITED: dict[str, Json] = {
    "number": 1, "title": "Boiler manual", "uri": "/srv/boiler.pdf", "page": 3, "sheet": "",
    "cells": "", "headings": ["Faults"], "text": "E5 means low pressure.",
}  # fmt: skip
asked: list[Mapping[str, Json]] = []


def answering(*parts: Mapping[str, Json]) -> Handler:
    async def answer(
        fields: Mapping[str, Json], payload: bytes
    ) -> AsyncGenerator[Mapping[str, Json], None]:
        asked.append(fields)
        for part in parts:
            yield part

    return answer


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A daemon whose answers are the test's, and the configuration that leads to it."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    file = tmp_path / "lares.toml"
    file.write_text(f'[box]\nstate_dir = "{tmp_path}"\n')
    asked.clear()
    answer: dict[str, Json] = {
        "kind": "answer", "text": "E5 means low pressure.", "claims": [], "sources": [CITED],
    }  # fmt: skip
    refusal: dict[str, Json] = {"kind": "refused", "text": "Nothing says that.", "sources": []}
    handlers = {
        "kb_add": answering(SOURCE),
        "kb_watch": answering({"progress": PROGRESS}, SOURCE),
        "kb_list": answering(SOURCE),
        "kb_search": answering({"found": [CITED]}),
        "kb_ask": answering({"sentence": "E5 means low pressure."}, answer),
        "kb_summary": answering({"progress": PROGRESS}, refusal),
        "kb_retry": answering({"documents": 2}),
    }
    with control_socket(tmp_path / "control.sock", handlers):
        yield file


def kb(config: Path, *words: str) -> int:
    return main(["kb", *words, "--config", str(config)])


def test_a_path_is_made_whole_before_it_goes_to_the_daemon(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    assert kb(config, "add", "papers") == 0
    assert asked[0]["location"] == str(config.parent / "papers")
    out = capsys.readouterr().out
    assert "source 1, /srv/papers: 3 documents" in out
    assert "1 could not be read; see: lares kb documents --collection home" in out
    assert "note: 2 files of other kinds" in out


def test_an_address_goes_as_it_is_with_all_its_options(config: Path) -> None:
    kb(config, "add", "sqlite:////srv/x.db", "--query", "SELECT 1", "--key", "id", "--no-wait")
    assert (asked[0]["location"], asked[0]["query"]) == ("sqlite:////srv/x.db", "SELECT 1")
    assert [request["op"] for request in asked] == ["kb_add"]


def test_sources_are_a_table_or_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kb(config) == 0
    assert "/srv/papers" in capsys.readouterr().out
    assert kb(config, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"sources": [SOURCE]}


def test_an_answer_is_shown_once_with_its_sources(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kb(config, "ask", "what is E5", "--collection", "house") == 0
    out = capsys.readouterr().out
    assert out.count("E5 means low pressure.") == 1
    assert "[1] Boiler manual, page 3, Faults (/srv/boiler.pdf)" in out
    assert asked[0]["collections"] == ["house"]
    assert kb(config, "ask", "what is E5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sources"] == [CITED]


def test_passages_are_shown_with_where_they_stand(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kb(config, "search", "E5") == 0
    assert "    E5 means low pressure." in capsys.readouterr().out


def test_a_bar_says_how_far_it_is() -> None:
    assert bar(Fields(PROGRESS)) == "[########                ] 1 of 3: a.pdf"
    failed: dict[str, Json] = {**PROGRESS, "failed": 1, "at": "", "total": None}
    assert bar(Fields(failed)) == "[                        ] 1, 1 failed"
