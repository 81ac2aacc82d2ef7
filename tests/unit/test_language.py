"""Which language a tag stands for."""

from __future__ import annotations

import pytest

from laresd.language import main_language


@pytest.mark.parametrize(
    ("tag", "main"), [("en", "en"), ("zh-CN", "zh"), ("zh_CN", "zh"), ("DE-at", "de"), ("", "")]
)
def test_region_and_spelling_do_not_matter(tag: str, main: str) -> None:
    assert main_language(tag) == main
