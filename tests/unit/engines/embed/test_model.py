"""An encoder's folder becomes vectors: the graph made of it computes what the model does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laresd.engines.embed.model import Model
from laresd.errors import Permanent
from tests.fakes.bert import LONGEST, WEIGHTS, WIDTH, TinyBert

SENTENCES = ("the kitchen light is on .", "a lamp", "tax", "the kitchen light is off .")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return TinyBert().write_folder(tmp_path / "tiny")


def model_of(folder: Path) -> Model:
    return Model(folder, folder.parent / "built")


@pytest.mark.parametrize("first", [False, True])
def test_its_vectors_are_those_of_the_model_but_for_int8(tmp_path: Path, first: bool) -> None:
    bert = TinyBert()
    model = model_of(bert.write_folder(tmp_path / "tiny", first=first))
    for text in SENTENCES:
        found = model.vector(model.tokens(text))
        assert found.shape == (WIDTH,)
        assert float(found @ found) == pytest.approx(1.0, abs=1e-5)
        assert float(found @ bert.vector(text.split(), first=first)) > 0.99


def test_its_own_padding_is_switched_off(folder: Path) -> None:
    assert len(model_of(folder).tokens("a lamp").ids) == 4


def test_a_text_that_is_too_long_counts_by_its_beginning(folder: Path) -> None:
    tokens = model_of(folder).tokens("light " * 200)
    assert tokens.cut
    assert len(tokens.ids) == LONGEST
    assert tokens.ids[-1] == model_of(folder).tokens("light").ids[-1]


def test_the_graph_is_built_once_and_kept(folder: Path) -> None:
    first = model_of(folder)
    (built,) = (folder.parent / "built").iterdir()
    made = built.stat().st_mtime_ns
    again = model_of(folder)
    assert built.stat().st_mtime_ns == made
    assert built.stem == first.key == again.key


def test_another_model_has_another_key(folder: Path, tmp_path: Path) -> None:
    other = TinyBert(seed=8).write_folder(tmp_path / "other")
    assert model_of(folder).key != model_of(other).key


def test_a_kept_graph_that_is_damaged_is_removed_and_built_again(folder: Path) -> None:
    model_of(folder)
    (built,) = (folder.parent / "built").iterdir()
    built.write_bytes(built.read_bytes()[:1000])
    with pytest.raises(Permanent, match="was damaged") as failure:
        model_of(folder)
    assert "built again" in failure.value.remedy
    model_of(folder)


def test_its_card_says_which_languages_it_knows(folder: Path) -> None:
    assert model_of(folder).card.languages == ("en", "de")


def test_a_file_of_its_own_has_the_last_word(folder: Path) -> None:
    said = {"languages": ["zh"], "query_prefix": "query: ", "pooling": "first", "max_tokens": 8}
    (folder / "lares.json").write_text(json.dumps(said))
    model = model_of(folder)
    assert model.card.languages == ("zh",)
    assert model.card.query_prefix == "query: "
    assert len(model.tokens("light " * 20).ids) == 8
    assert float(model.vector(model.tokens("tax")) @ TinyBert().vector(["tax"], first=True)) > 0.99


def test_what_the_model_wants_before_a_text_is_read(folder: Path) -> None:
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    card = model_of(folder).card
    assert (card.query_prefix, card.passage_prefix) == ("query: ", "passage: ")


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "Expecting"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no object"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "t5"}'), "kind is t5"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"no tensors"), "cannot be built"),
        (lambda folder: (folder / WEIGHTS).unlink(), "No such file"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer.json"),
    ],
)
def test_a_folder_that_is_no_model_is_refused_with_the_reason(
    folder: Path, break_it: object, why: str
) -> None:
    assert callable(break_it)
    break_it(folder)
    with pytest.raises(Permanent, match=why) as failure:
        model_of(folder)
    assert failure.value.remedy
