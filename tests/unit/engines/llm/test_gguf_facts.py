"""A GGUF header, read: what the model's memory depends on; a bad file is refused."""

from __future__ import annotations

import contextlib
import struct
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.gguf_facts import Layer, read_facts
from laresd.engines.llm.gguf_header import MAX_ELEMENTS
from laresd.errors import Permanent
from tests.fakes import gguf


def test_the_facts_of_a_llama(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=3, vocabulary=1000, kind="Q4_K", table="Q6_K")
    values = {
        **values,
        "tokenizer.ggml.tokens": ["a", "bc"] * 500,
        "tokenizer.ggml.merges": ["x y"],
    }
    path = gguf.write(tmp_path / "m.gguf", values, tensors)
    facts = read_facts(path)
    assert (facts.architecture, facts.trained_context, facts.tied) == ("llama", 8192, True)
    assert (facts.embedding, facts.feed_forward, facts.attention) == (256, 512, 256)
    assert (facts.vocabulary, facts.tokens, facts.merges) == (1000, 1000, 1)
    assert facts.layers == (Layer(key=128, value=128, state=0),) * 3
    assert facts.blocks == 64
    table = facts.tensors[0]
    assert (table.kind, table.shape, table.size) == ("Q6_K", (256, 1000), 210_000)
    assert sum(tensor.size for tensor in facts.tensors) < path.stat().st_size


def test_an_output_layer_of_its_own_is_not_tied(tmp_path: Path) -> None:
    assert not read_facts(gguf.write(tmp_path / "m.gguf", *gguf.llama(tied=False))).tied


def test_layers_that_use_the_cache_of_others_keep_nothing(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=4)
    values = {**values, "llama.attention.shared_kv_layers": 3}
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, tensors))
    assert [layer.key for layer in facts.layers] == [128, 0, 0, 0]


def test_a_hybrid_keeps_a_state_where_it_is_recurrent_and_tokens_elsewhere(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=2)
    values = {
        **values,
        "llama.ssm.conv_kernel": 4,
        "llama.ssm.inner_size": 512,
        "llama.ssm.state_size": 16,
        "llama.ssm.group_count": 2,
    }
    recurrent = {n: t for n, t in tensors.items() if not n.startswith("blk.0.attn_")}
    recurrent["blk.0.ssm_conv1d.weight"] = ("F32", (4, 576))
    recurrent["blk.0.attn_qkv.weight"] = ("F32", (256, 576))  # as Qwen's linear attention calls it
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, recurrent))
    assert facts.layers == (Layer(0, 0, 3 * (512 + 2 * 2 * 16) + 512 * 16), Layer(128, 128, 0))


def test_fused_keys_and_heads_that_differ_by_layer(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=2)
    values = {**values, "llama.attention.head_count_kv": [4, 1]}
    fused = {n: t for n, t in tensors.items() if "attn_k" not in n and "attn_v" not in n}
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, fused))
    assert [(layer.key, layer.value) for layer in facts.layers] == [(256, 256), (64, 64)]


def test_latent_attention_keeps_keys_alone(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=1)
    latent = {n: t for n, t in tensors.items() if "attn_k" not in n and "attn_v" not in n}
    latent["blk.0.attn_kv_a_mqa.weight"] = ("F32", (256, 96))
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, latent))
    assert facts.layers == (Layer(96, 0, 0),)


def test_a_model_that_reads_whole_texts_keeps_nothing(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=2)
    values = {key.replace("llama.", "bert."): value for key, value in values.items()}
    values["general.architecture"] = "bert"
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, tensors))
    assert facts.layers == (Layer(0, 0, 0),) * 2
    assert not facts.tied


def test_layers_that_only_guess_ahead_are_not_loaded(tmp_path: Path) -> None:
    values, tensors = gguf.llama(layers=3)
    values = {**values, "llama.nextn_predict_layers": 1}
    facts = read_facts(gguf.write(tmp_path / "m.gguf", values, tensors))
    assert len(facts.layers) == 2
    assert not any(tensor.name.startswith("blk.2.") for tensor in facts.tensors)


def refused(path: Path) -> str:
    with pytest.raises(Permanent) as caught:
        read_facts(path)
    assert caught.value.remedy
    return caught.value.message


def test_what_is_no_model_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    assert "No such file" in refused(path)
    path.write_bytes(b"")
    assert "empty" in refused(path)
    path.write_bytes(b"PK\x03\x04 not a model")
    assert "no GGUF file" in refused(path)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 9, 0, 0))
    assert "version is 9" in refused(path)
    assert "holds no weights" in refused(gguf.write(path, gguf.llama()[0], {}))
    assert "one part of several" in refused(
        gguf.write(path, {**gguf.llama()[0], "split.count": 2}, gguf.llama()[1])
    )


def test_a_download_that_did_not_finish_is_noticed(tmp_path: Path) -> None:
    path = gguf.write(tmp_path / "m.gguf", *gguf.llama())
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)
    assert "download did not finish" in refused(path)


@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8))
def test_whatever_is_cut_off_or_damaged_is_read_or_refused(at: int, damage: bytes) -> None:
    values, tensors = gguf.llama(layers=1)
    whole = gguf.header({**values, "tokenizer.ggml.tokens": ["a", "b"]}, tensors)
    at %= len(whole)
    damaged = whole[:at] + damage + whole[at + len(damage) :] + bytes(1_500_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        path.write_bytes(whole[:at])
        refused(path)
        path.write_bytes(damaged)
        with contextlib.suppress(Permanent):
            assert read_facts(path).layers


def test_a_header_that_claims_much_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    many = struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 4, MAX_ELEMENTS)
    texts = struct.pack("<Q", 1) + b"t" + struct.pack("<IQ", 8, 1 << 62)
    tracemalloc.start()
    try:
        for claim in (many, texts):
            path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + claim)
            assert "ends within its header" in refused(path)
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60))
        assert "claims" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
