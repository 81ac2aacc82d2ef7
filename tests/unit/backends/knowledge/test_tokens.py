"""Tokens are counted as the embedding model counts them, or estimated."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.knowledge.tokens import counter, estimate
from laresd.engines.embed.__main__ import embedded_folder
from laresd.errors import Permanent


def test_the_models_own_tokens_are_counted_without_padding_or_end() -> None:
    count = counter(embedded_folder() / "tokenizer.json")
    assert count("Error E5 means low pressure.") == 7
    assert count("word " * 1000) == 1000


def test_without_a_model_they_are_estimated() -> None:
    assert counter(None) is estimate
    assert (estimate("备用钥匙"), estimate("abcd efgh"), estimate("")) == (4, 3, 0)


def test_a_file_that_holds_no_tokens_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(Permanent, match="tokens of the embedding model"):
        counter(tmp_path / "tokenizer.json")
