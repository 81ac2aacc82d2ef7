"""llama.cpp's own interface, typed: a model, and a context that many sequences share.

The one file of the engine that calls llama-cpp-python's low-level functions. A context belongs to
one thread; only `NativeContext.interrupt` may be called from others.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from laresd.engines.llm.context import Decoded, Logits, Settings, Slot

log = logging.getLogger(__name__)

ENGINE_VERSION = f"llama.cpp {llama_cpp.__version__}"
_ERROR = 3  # ggml_log_level
KV_TYPES = {"f16": llama_cpp.GGML_TYPE_F16, "q8_0": llama_cpp.GGML_TYPE_Q8_0}
_LONGEST_PIECE = 512  # bytes
_LONGEST_METADATA = 1 << 20  # bytes; chat templates are the longest


def _log(level: int, text: bytes, data: object) -> None:
    """llama.cpp's log: what it calls an error is a warning here, since the caller tells of it."""
    serious = level == _ERROR
    log.log(
        logging.INFO if serious else logging.DEBUG, "%s", text.decode("utf-8", "replace").strip()
    )


_LOG = llama_cpp.llama_log_callback(_log)  # C keeps a pointer to it


def system_info() -> str:
    """What llama.cpp says of itself: `CPU : AVX2 = 1 | REPACK = 1 | ...`."""
    return str(llama_cpp.llama_print_system_info().decode("utf-8", "replace"))


class NativeModel:
    """Weights and vocabulary. Raises ValueError when llama.cpp does not take the file."""

    def __init__(self, path: Path, *, use_mmap: bool, vocabulary_only: bool = False) -> None:
        llama_cpp.llama_log_set(_LOG, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.load_mode = (
            llama_cpp.LLAMA_LOAD_MODE_MMAP if use_mmap else llama_cpp.LLAMA_LOAD_MODE_NONE
        )
        params.vocab_only = vocabulary_only
        loaded = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not loaded:
            raise ValueError("llama.cpp cannot load it")
        self.pointer = loaded
        self.vocabulary = llama_cpp.llama_model_get_vocab(loaded)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        # Parts of a sequence's state can be removed again only where it is a plain KV cache: with
        # a sliding window, cells that fell out of it may hold other tokens by then.
        self.rewinds = not (
            llama_cpp.llama_model_is_recurrent(loaded)
            or llama_cpp.llama_model_is_hybrid(loaded)
            or llama_cpp.llama_model_n_swa(loaded) > 0
        )
        self.trained_context = llama_cpp.llama_model_n_ctx_train(loaded)
        self.n_embd = llama_cpp.llama_model_n_embd(loaded)

    def close(self) -> None:
        """Free the weights; every context of the model must be closed before."""
        llama_cpp.llama_model_free(self.pointer)

    def metadata(self, key: str) -> str:
        """A value of the file's metadata as text; "": there is none."""
        buffer = ctypes.create_string_buffer(_LONGEST_METADATA)
        size = llama_cpp.llama_model_meta_val_str(
            self.pointer, key.encode(), buffer, _LONGEST_METADATA
        )
        return buffer.raw[:size].decode("utf-8", "replace") if size > 0 else ""

    def facts(self) -> dict[str, int]:
        """What tells it from other models: bytes of all tensors, numbers in them, and tokens."""
        return {
            "tensor_bytes": llama_cpp.llama_model_size(self.pointer),
            "parameters": llama_cpp.llama_model_n_params(self.pointer),
            "vocabulary": self.n_vocab,
        }

    def tokens(self, text: str, *, begin: bool, special: bool) -> list[int]:
        """Token ids. `begin`: with what the model wants at a text's beginning; `special`: control
        tokens written in the text are taken for what they stand for.
        """
        data = text.encode()
        room = len(data) + 8
        found = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(
            self.vocabulary, data, len(data), found, room, begin, special
        )
        if count < 0:
            raise ValueError(f"{len(data)} bytes of text cannot be cut into tokens")
        return list(found[:count])

    def piece(self, token: int) -> bytes:
        """What a token adds to the text; nothing for control tokens."""
        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        size = llama_cpp.llama_token_to_piece(
            self.vocabulary, token, buffer, _LONGEST_PIECE, 0, False
        )
        return buffer.raw[: max(0, size)]

    def name(self, token: int) -> str:
        """How a control token is written in a chat template; "" for none (-1)."""
        return "" if token < 0 else llama_cpp.llama_vocab_get_text(self.vocabulary, token).decode()

    @property
    def begin_token(self) -> int:
        return int(llama_cpp.llama_vocab_bos(self.vocabulary))

    @property
    def end_token(self) -> int:
        return int(llama_cpp.llama_vocab_eos(self.vocabulary))

    def ends(self, token: int) -> bool:
        """Whether this token ends an answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self.vocabulary, token))


class NativeContext:
    """The KV cache of many sequences, and the computation over it.

    Raises ValueError when llama.cpp cannot make it (out of memory, an impossible setting).
    """

    def __init__(self, model: NativeModel, settings: Settings) -> None:
        self.settings = settings
        self._model = model
        made = llama_cpp.llama_init_from_model(model.pointer, _parameters(model, settings))
        if not made:
            raise ValueError("llama.cpp has no memory for its context")
        self._pointer = made
        self._memory = llama_cpp.llama_get_memory(made)
        self._batch = _Batch(settings.ubatch)
        self._adapters: dict[str, llama_cpp.llama_adapter_lora_p] = {}
        self._used = ""
        self._flag = ctypes.create_string_buffer(2)
        # ggml asks after every graph node. A Python function would take the interpreter's lock
        # each time; C's strlen is "is the first byte set" (its result's low byte is the bool).
        self._asked = ctypes.cast(ctypes.CDLL(None).strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(
            made, self._asked, ctypes.cast(self._flag, ctypes.c_void_p)
        )

    @property
    def model(self) -> NativeModel:
        return self._model

    def close(self) -> None:
        """Free the KV cache and the buffers."""
        llama_cpp.llama_free(self._pointer)

    def interrupt(self) -> None:
        """End the batch that is computed now at its next graph node. For any thread."""
        self._flag[0] = b"\x01"

    def resume(self) -> None:
        """Take back `interrupt`: batches from now on are computed."""
        self._flag[0] = b"\x00"

    def threads(self, one: int, many: int) -> None:
        """Threads for batches of one token, and for larger ones."""
        llama_cpp.llama_set_n_threads(self._pointer, one, many)

    def pace(self, share: float) -> None:
        """Compute batches from now on with so much of the settings' threads, over 0, at most 1."""
        one, many = self.settings.threads, self.settings.threads_batch
        self.threads(max(1, int(one * share)), max(1, int(many * share)))

    def add_adapter(self, name: str, path: Path) -> None:
        """Have a LoRA adapter for `use`. Raises ValueError when it is none of this model."""
        made = llama_cpp.llama_adapter_lora_init(self._model.pointer, str(path).encode())
        if not made:
            raise ValueError("llama.cpp cannot load it for this model")
        self._adapters[name] = made

    def use(self, adapter: str) -> None:
        """Compute batches from now on with this adapter; "": with none. Raises KeyError."""
        if adapter == self._used:
            return
        pointers = (llama_cpp.llama_adapter_lora_p_ctypes * 1)()
        if adapter:
            pointers[0] = self._adapters[adapter]  # type: ignore[call-overload]  # an address
        scales, count = (ctypes.c_float * 1)(1.0), int(bool(adapter))
        code = llama_cpp.llama_set_adapters_lora(self._pointer, pointers, count, scales)
        if code:
            raise RuntimeError(f"llama_set_adapters_lora returned {code}")
        self._used = adapter

    def decode(self, slots: Sequence[Slot]) -> Decoded:
        """Compute one batch (at most `ubatch` tokens). Raises RuntimeError when llama.cpp fails."""
        self._batch.fill(slots)
        code = llama_cpp.llama_decode(self._pointer, self._batch.native)
        if code == 0:
            return Decoded.DONE
        if code == 1:
            return Decoded.FULL
        if code == 2:
            return Decoded.INTERRUPTED
        raise RuntimeError(f"llama_decode returned {code}")

    def logits(self, index: int) -> Logits:
        """[n_vocab], of the batch's token at `index`; valid until the next `decode`."""
        pointer = llama_cpp.llama_get_logits_ith(self._pointer, index)
        return np.ctypeslib.as_array(pointer, (self._model.n_vocab,))

    def remove(self, sequence: int, start: int = 0) -> bool:
        """Forget a sequence's tokens from `start` on; False where the model cannot."""
        if not self._memory:  # an encoder keeps nothing
            return True
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target`, which is empty, begin with the first `end` tokens of `source`; no copy."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def embedding(self, sequence: int) -> Logits:
        """[n_embd], float32: of all tokens that the last batch had of a sequence, as the model
        pools them, else their mean. Of a context for embeddings. Valid until the next `decode`.
        """
        pointer = llama_cpp.llama_get_embeddings_seq(self._pointer, sequence)
        if not pointer:
            raise RuntimeError(f"there is no embedding of sequence {sequence}")
        return np.ctypeslib.as_array(pointer, (self._model.n_embd,))

    def state(self, sequence: int) -> memoryview:
        """A sequence's KV state, as `restore` takes it."""
        size = llama_cpp.llama_state_seq_get_size(self._pointer, sequence)
        state = np.empty(size, np.uint8)
        written = llama_cpp.llama_state_seq_get_data(self._pointer, _bytes(state), size, sequence)
        return state.data[:written]

    def restore(self, sequence: int, state: bytes | memoryview) -> bool:
        """Fill an empty sequence; False when llama.cpp refuses the state or has no cells for it."""
        data = np.frombuffer(state, np.uint8)
        taken = llama_cpp.llama_state_seq_set_data(self._pointer, _bytes(data), len(data), sequence)
        if taken != len(data):
            self.remove(sequence)
            return False
        return True


def _bytes(array: NDArray[np.uint8]) -> ctypes.Array[ctypes.c_uint8]:
    """The array's own memory as ctypes takes it: no copy."""
    pointer = ctypes.POINTER(ctypes.c_uint8 * len(array))
    return ctypes.cast(array.ctypes.data, pointer).contents


class _Batch:
    """llama_batch over numpy arrays, so that filling it costs no loop in Python."""

    def __init__(self, size: int) -> None:
        self._token = np.zeros(size, np.int32)
        self._position = np.zeros(size, np.int32)
        self._count = np.ones(size, np.int32)  # each token belongs to one sequence
        self._sequence = np.zeros(size, np.int32)
        start, step = self._sequence.ctypes.data, self._sequence.itemsize
        self._sequences = np.arange(start, start + size * step, step, dtype=np.uintp)
        self._logits = np.zeros(size, np.int8)
        integers, pointer = ctypes.POINTER(ctypes.c_int32), ctypes.POINTER
        self.native = llama_cpp.llama_batch(
            token=ctypes.cast(self._token.ctypes.data, integers),
            pos=ctypes.cast(self._position.ctypes.data, integers),
            n_seq_id=ctypes.cast(self._count.ctypes.data, integers),
            seq_id=ctypes.cast(self._sequences.ctypes.data, pointer(integers)),
            logits=ctypes.cast(self._logits.ctypes.data, pointer(ctypes.c_int8)),
        )

    def fill(self, slots: Sequence[Slot]) -> None:
        count = len(slots)
        if not 0 < count <= len(self._token):
            raise ValueError(f"a batch of {count} tokens; the most is {len(self._token)}")
        self._token[:count] = [slot.token for slot in slots]
        self._position[:count] = [slot.position for slot in slots]
        self._sequence[:count] = [slot.sequence for slot in slots]
        self._logits[:count] = [slot.logits for slot in slots]
        self.native.n_tokens = count


def _parameters(model: NativeModel, settings: Settings) -> llama_cpp.llama_context_params:
    params: llama_cpp.llama_context_params = llama_cpp.llama_context_default_params()
    params.n_ctx = settings.cells
    params.n_batch = params.n_ubatch = settings.ubatch
    params.n_seq_max = settings.sequences
    params.n_threads = settings.threads
    params.n_threads_batch = settings.threads_batch
    params.type_k = params.type_v = KV_TYPES[settings.kv_type]
    params.flash_attn_type = (
        llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        if settings.flash
        else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    params.kv_unified = True
    params.embeddings = settings.embeddings
    architecture = model.metadata("general.architecture")
    if settings.embeddings and not model.metadata(f"{architecture}.pooling_type"):
        params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_MEAN  # a model that was made to talk
    params.no_perf = True
    return params
