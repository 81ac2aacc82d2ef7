"""The pages about boards: each fact says where it is from, and each source is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "firmware-notes" / "boards"
PAGES = sorted(FOLDER.glob("*.md"))
WANTED = {
    "pi-4",
    "pi-5",
    "cm5",
    "zero-2w",
    "n100",
    "audio",
    "power",
    "storage",
    "watchdog",
    "models",
}
_KEY = re.compile(r"\[([a-z][a-z0-9.-]*)\]")
_RULE = re.compile(r"[-: |]+")


def named(page: str) -> set[str]:
    """The sources of a page: those before the colon of each item of its last section."""
    _, _, sources = page.partition("\n## Sources\n")
    items = [line for line in sources.splitlines() if line.startswith("- ")]
    return {key for item in items for key in _KEY.findall(item.partition(":")[0])}


def rows(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """The header and the cells of each row of each table."""
    header: list[str] = []
    for line in page.splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not header:
            header = cells
        elif not _RULE.fullmatch(line):
            yield header, cells


def test_all_pages_are_there() -> None:
    assert {page.stem for page in PAGES} - {"README"} == WANTED


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_names_its_sources_and_says_what_is_not_measured(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert named(page)
    assert "not measured by us" in " ".join(page.lower().split())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_row_says_where_it_is_from(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    known = named(page)
    found = list(rows(page))
    assert found
    for header, cells in found:
        assert header[-1] == "source", header
        assert len(cells) == len(header), cells
        keys = set(_KEY.findall(cells[-1]))
        assert keys, cells
        assert keys <= known, cells


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_source_is_named_for_nothing(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    used = {key for _, cells in rows(page) for key in _KEY.findall(cells[-1])}
    assert named(page) == used


def test_the_index_leads_to_every_page() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z0-9-]+)\.md\)", index)) == WANTED


def test_every_setting_of_the_machine_is_told() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for setting in ("stall_percent", "available_percent", "boost", "kwh_price"):
        assert f"board.{setting}" in told
