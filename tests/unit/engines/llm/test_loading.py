"""What is wrong with a language model's file is said before llama.cpp opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.engines.llm.loading import embedded_model, load
from laresd.errors import Permanent
from laresd.frames import Fields


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file") as caught:
        load(Fields({"model": str(tmp_path / "gone.gguf")}))
    assert "lares models pull" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"GGML"])
def test_another_file_is_no_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(Permanent, match="no GGUF file"):
        load(Fields({"model": str(path)}))


@pytest.mark.parametrize("size", [4, 100, 100_000])
def test_a_truncated_gguf_is_an_error(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.gguf"
    with embedded_model().open("rb") as whole:
        path.write_bytes(whole.read(size))
    with pytest.raises(Permanent, match="cannot be used"):
        load(Fields({"model": str(path)}))
