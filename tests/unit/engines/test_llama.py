"""What is wrong with a language model's file is said before llama.cpp opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.engines import llama
from laresd.errors import Permanent, Refused
from laresd.frames import Fields


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file") as caught:
        llama.load(Fields({"model": str(tmp_path / "gone.gguf")}))
    assert "lares models pull" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"GGML"])
def test_another_file_is_no_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(Permanent, match="no GGUF file"):
        llama.load(Fields({"model": str(path)}))


@pytest.mark.parametrize("size", [4, 100, 100_000])
def test_a_truncated_gguf_is_an_error(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.gguf"
    with llama._embedded().open("rb") as whole:
        path.write_bytes(whole.read(size))
    with pytest.raises(Permanent, match="cannot be used"):
        llama.load(Fields({"model": str(path)}))


def test_a_question_beyond_the_context_is_refused() -> None:
    error = llama._explain(ValueError("Requested tokens (9) exceed context window of 8"))
    assert isinstance(error, Refused)
    assert isinstance(llama._explain(RuntimeError("llama_decode returned 1")), Permanent)


def test_a_role_that_no_template_knows_is_refused() -> None:
    with pytest.raises(Permanent, match="role"):
        llama._message(Fields({"role": "wizard", "content": "x"}))
