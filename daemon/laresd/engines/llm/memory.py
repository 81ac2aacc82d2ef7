"""How much memory a model will take, and how it is loaded so that it fits. Pure.

The figures are those of llama.cpp in llama-cpp-python 0.3.36, read in its source (ggml-cpu's
repack.cpp and amx/mmq.cpp, llama-kv-cache.cpp, llama-context.cpp) and measured where the source
does not say: the resident memory after a full context is within 15 % of `total_bytes`.

Weights of some types are repacked for the CPU as they are loaded. From a mapped file they are
then in memory twice, so a file with such weights is read instead of mapped; one without is mapped,
which costs no copy and survives a restart of the worker.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from laresd.engines.llm.gguf_facts import ModelFacts, Tensor
from laresd.engines.llm.lookup import LONGEST_DRAFT
from laresd.errors import Refused
from laresd.types import Json

CELLS_STEP = 256  # llama.cpp rounds a context up to a multiple
LEAST_CELLS = 512  # tokens; below that no house and no question fit
MARGIN = 0.1  # of what is taken: so much more must be free
WORKER_BASE = 45_000_000  # bytes; Python with numpy and llama.cpp, before a model
KV_BYTES = {"f16": 2.0, "q8_0": 34 / 32}  # of one number; in the order of preference
_KV_BLOCK = {"f16": 1, "q8_0": 32}  # numbers that belong together

_FIXED = 8 << 20  # graphs, threads, the model's own structures
_TOKEN_BYTES, _MERGE_BYTES = 130, 170  # of the tokenizer; 95 MiB for gemma's 262144 tokens
_GRAMMAR_TOKEN_BYTES = 440  # of llguidance's table of the vocabulary; 112 MiB for the same
_WORK_BYTES = 292 / 256  # bytes of a number that is multiplied with quantised weights (Q8_K)

# Which weights ggml repacks: by feature of the CPU, the types, and what rows must be multiples of.
_REPACKED_BY = {
    "AVX2": {"Q4_0": 8, "Q4_K": 8, "IQ4_NL": 8, "MXFP4": 8},
    "AVX512": {"Q2_K": 8},
    "MATMUL_INT8": {"Q4_0": 4, "Q4_K": 8, "Q5_K": 8, "Q6_K": 8, "Q8_0": 4, "Q1_0": 4},
    "DOTPROD": {
        "Q4_0": 4,
        "Q4_K": 8,
        "Q5_K": 8,
        "Q6_K": 8,
        "Q8_0": 4,
        "Q1_0": 4,
        "IQ4_NL": 4,
        "MXFP4": 4,
    },
}
# AMX takes whole matrices into a buffer of its own: by type, what a row must be a multiple of,
# and bytes that each such block grows by.
_AMX = {
    "Q4_0": (32, 0),
    "Q4_1": (32, 0),
    "Q8_0": (32, 4),
    "Q4_K": (256, 4),
    "Q5_K": (256, 4),
    "Q6_K": (256, 0),
    "IQ4_XS": (256, 2),
    "F16": (16, 0),
}
_AMX_ROWS = 32
_AMX_FEATURES = frozenset({"AMX_INT8", "AVX512_VNNI"})
_LOOKED_UP = ("token_embd.", "token_types.", "position_embd.", "per_layer_token_embd.")


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How a model is loaded, and the bytes that it takes: `weights` as they are in the file,
    `repacked` as the CPU wants them, `kv` for `cells` tokens and the states of recurrent layers,
    `compute` for one batch, the tokenizer and the grammars' table, and `base` for what the process
    had before. `sentence` says it in words.
    """

    use_mmap: bool
    weights: int
    repacked: int
    cells: int
    kv_type: str
    flash: bool
    kv: int
    compute: int
    base: int
    sentence: str = ""

    @property
    def total_bytes(self) -> int:
        """What will be resident of the whole process."""
        return self.base + self.weights + self.repacked + self.kv + self.compute

    @property
    def needed(self) -> int:
        """Bytes that must be free before."""
        return int((self.total_bytes - self.base) * (1 + MARGIN))

    def facts(self) -> dict[str, Json]:
        """For the daemon's status."""
        return {
            "memory_mb": round(self.total_bytes / 1e6),
            "kv_mb": round(self.kv / 1e6),
            "kv_type": self.kv_type,
            "mmap": self.use_mmap,
        }


def plan_memory(
    facts: ModelFacts,
    *,
    cells: int,
    ubatch: int,
    sequences: int,
    free_bytes: int,
    repacks: AbstractSet[str],
    base_bytes: int = WORKER_BASE,
    grammars: bool = True,
    embeddings: bool = False,
    use_mmap: bool | None = None,
) -> MemoryPlan:
    """How to load the model so that it fits, with the context asked for or the largest that fits.

    `free_bytes`: what may be taken beyond `base_bytes`, which the process has already. `repacks`:
    the CPU's features, as llama.cpp names them. `grammars`: whether a table of the vocabulary is
    made for them; `embeddings`: whether every token of a batch gives a result; `use_mmap`: None:
    whichever takes less. First a KV cache of 16 bits is tried, then one of 8, then ever smaller
    contexts. Flash attention saves the scores of a whole batch, and a KV cache of 8 bits needs it;
    without it llama.cpp is faster on CPUs for batches of a few tokens, and more exact. Raises
    Refused, with the numbers, when not even `LEAST_CELLS` tokens fit.
    """
    weights = _weights(facts, repacks, use_mmap)
    plans = []
    for fewer in _contexts(facts, cells):
        rows = ubatch if embeddings else min(ubatch, LONGEST_DRAFT + 1)
        batch = _batch(facts, fewer, ubatch, rows + max(rows, sequences))
        compute = batch + _vocabulary(facts, grammars=grammars) + _FIXED
        for kv_type, flash in _attentions(facts):
            kv = kv_bytes(facts, fewer, kv_type, sequences)
            scores = 0 if flash else _scores(facts, fewer, ubatch)
            plan = MemoryPlan(*weights, fewer, kv_type, flash, kv, compute + scores, base_bytes)
            if plan.needed <= free_bytes:
                return replace(plan, sentence=_sentence(plan, cells, free_bytes))
            plans.append(plan)
    raise _refused(plans[-1], free_bytes)


def kv_bytes(facts: ModelFacts, cells: int, kv_type: str, sequences: int) -> int:
    """Of the KV cache for so many tokens, and of the recurrent layers for so many sequences.

    Layers with a sliding window take no less: their cache is kept whole (llama.cpp's swa_full),
    since a head that is shared and restored needs all of it.
    """
    numbers = sum(layer.key + layer.value for layer in facts.layers)
    states = sum(layer.state for layer in facts.layers)
    return int(_rounded(cells) * numbers * KV_BYTES[kv_type]) + states * sequences * 4


def repacked_bytes(tensor: Tensor, features: AbstractSet[str]) -> int:
    """What a weight takes in the form that this CPU computes with; 0: as it is in the file."""
    if len(tensor.shape) < 2 or tensor.name.startswith(_LOOKED_UP):
        return 0
    length, rows = tensor.shape[:2]
    if features >= _AMX_FEATURES and len(tensor.shape) == 2 and tensor.kind in _AMX:
        block, growth = _AMX[tensor.kind]
        if length % block == 0 and rows % _AMX_ROWS == 0:
            return tensor.size + length // block * rows * growth
    if "REPACK" not in features:
        return 0
    for feature, kinds in _REPACKED_BY.items():
        if feature in features and tensor.kind in kinds and rows % kinds[tensor.kind] == 0:
            return tensor.size
    return 0


def _weights(
    facts: ModelFacts, features: AbstractSet[str], use_mmap: bool | None
) -> tuple[bool, int, int]:
    """Whether the file is mapped, and bytes as they are in it and as they are repacked."""
    copies = [repacked_bytes(tensor, features) for tensor in facts.tensors]
    repacked = sum(copies) + _second_table(facts, features)
    mapped = not repacked if use_mmap is None else use_mmap
    both = zip(facts.tensors, copies, strict=True)
    return mapped, sum(t.size for t, copy in both if mapped or not copy), repacked


def _second_table(facts: ModelFacts, features: AbstractSet[str]) -> int:
    """Embeddings that serve as the output layer, too, are kept once more where that is repacked."""
    if not facts.tied:
        return 0
    return sum(
        repacked_bytes(replace(tensor, name="output.weight"), features)
        for tensor in facts.tensors
        if tensor.name == "token_embd.weight"
    )


def _batch(facts: ModelFacts, cells: int, ubatch: int, rows: int) -> int:
    """The buffers of one batch, as far as they are touched.

    A token on its way through a layer: what came in, its norm and what goes out, and either the
    two halves of the feed-forward part and their product, or queries, result and a key and value.
    `rows` of logits are those that are computed at once and those that are handed out, a copy;
    llama.cpp reserves addresses for more, but touches no others.
    """
    widest = max((layer.key + layer.value for layer in facts.layers), default=0)
    inside = max(3 * facts.feed_forward, 3 * facts.attention + widest)
    quantised = int(_WORK_BYTES * max(facts.feed_forward, facts.attention))
    token = 4 * (3 * facts.embedding + inside) + quantised
    mask = 2 * _rounded(cells) if widest else 0
    return ubatch * (token + mask) + 4 * rows * facts.vocabulary


def _vocabulary(facts: ModelFacts, *, grammars: bool) -> int:
    token = _TOKEN_BYTES + (_GRAMMAR_TOKEN_BYTES if grammars else 0)
    return token * facts.tokens + _MERGE_BYTES * facts.merges


def _contexts(facts: ModelFacts, cells: int) -> list[int]:
    """The context asked for, and smaller ones where they take less."""
    if not any(layer.key for layer in facts.layers):
        return [cells]
    largest = (cells - 1) // CELLS_STEP * CELLS_STEP
    return [cells, *range(largest, LEAST_CELLS - 1, -CELLS_STEP)]


def _attentions(facts: ModelFacts) -> list[tuple[str, bool]]:
    """The type of the KV cache and whether attention is flash attention, the best first; types that
    the width of the model's heads allows.
    """
    blocks = {kind for kind, block in _KV_BLOCK.items() if facts.blocks % block == 0}
    wanted = [("f16", False), ("f16", True), ("q8_0", True)]
    return [(kind, flash) for kind, flash in wanted if kind in blocks]


def _scores(facts: ModelFacts, cells: int, ubatch: int) -> int:
    """Of one layer's attention: a number for each head, cell and token of a batch."""
    return 4 * facts.query_heads * _rounded(cells) * ubatch


def _rounded(cells: int) -> int:
    return -(-cells // CELLS_STEP) * CELLS_STEP


def _sentence(plan: MemoryPlan, asked: int, free: int) -> str:
    said = [f"{_gb(plan.total_bytes)} of memory: {_parts(plan)}; {_gb(free)} are free"]
    if plan.cells < asked:
        said.append(f"a context of {asked} tokens does not fit")
    elif plan.kv_type != "f16":
        said.append("a KV cache of 16 bits does not fit")
    how = "mapped" if plan.use_mmap else "read, since this CPU wants them repacked"
    return "; ".join([*said, f"the weights are {how}"])


def _refused(plan: MemoryPlan, free: int) -> Refused:
    return Refused(
        f"the language model does not fit: with {plan.cells} tokens of context it needs "
        f"{_gb(plan.needed)} ({_parts(plan)}), and {_gb(free)} are free",
        remedy="take a smaller model (lares models list), or stop other programs on this machine",
    )


def _parts(plan: MemoryPlan) -> str:
    return (
        f"weights {_gb(plan.weights + plan.repacked)}, {plan.cells} tokens in {plan.kv_type} "
        f"{_gb(plan.kv)}, tokenizer and buffers {_gb(plan.compute)}"
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
