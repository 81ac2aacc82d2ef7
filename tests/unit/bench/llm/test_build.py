"""The pin of the source that the peer is built from."""

from __future__ import annotations

import pytest

from tests.bench.llm.build import PACKAGE, PINS, pinned

PINNED = r"""
a==1 \
    --hash=sha256:aa \
    --hash=sha256:ab
b==2 ; python_version > '3' \
    --hash=sha256:bb
"""


def test_takes_a_requirement_with_all_its_hashes() -> None:
    assert pinned("a", PINNED) == "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab"
    assert pinned("b", PINNED).endswith("--hash=sha256:bb")


def test_says_what_is_not_pinned() -> None:
    with pytest.raises(ValueError, match="c is not pinned"):
        pinned("c", PINNED)


def test_llama_cpp_is_pinned_by_hash() -> None:
    assert "--hash=sha256:" in pinned(PACKAGE, PINS.read_text(encoding="utf-8"))
