"""The header of a GGUF file, cut into values and descriptions of tensors.

Layout: github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3, little endian. Texts and long
arrays are skipped, of which only the length is kept.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = int | float | str | tuple[int, ...] | tuple[float, ...]

MAX_PAIRS = 1 << 16
MAX_TENSORS = 1 << 16
MAX_ELEMENTS = 1 << 22  # of an array; the largest vocabularies have 2^18 tokens and 2^20 merges
MAX_NAME = 1 << 10  # bytes
_KEPT_ELEMENTS = 1024  # an array of numbers up to this length is kept: one for each layer
_MAX_DIMENSIONS = 4
_MAX_NESTING = 2

# By ggml_type: its name, how many numbers are in a block, how many bytes a block takes.
_KINDS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_NUMBERS[12] = "d"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """`offset`: from where the tensors begin; `size`: both in bytes."""

    name: str
    kind: str
    shape: tuple[int, ...]
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """`values`: numbers, short texts and short arrays; `lengths`: of every array. `end`: in bytes,
    where the header ends.
    """

    values: Mapping[str, Value]
    lengths: Mapping[str, int]
    tensors: tuple[TensorInfo, ...]
    end: int


def read_header(data: mmap.mmap | bytes) -> Header:
    """Raises ValueError or struct.error for what is no GGUF header, or only a part of one."""
    if data[:4] != b"GGUF":
        raise ValueError("it is no GGUF file")
    cursor = _Cursor(data, 4)
    version = cursor.number("I")
    if version not in (2, 3):
        raise ValueError(f"its GGUF version is {version}, not 2 or 3")
    tensors = cursor.count(MAX_TENSORS, "tensors")
    pairs = cursor.count(MAX_PAIRS, "values")
    values: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    for _ in range(pairs):
        key = cursor.name()
        value, length = cursor.value(cursor.number("I"))
        if value is not None:
            values[key] = value
        if length is not None:
            lengths[key] = length
    infos = tuple(_tensor(cursor) for _ in range(tensors))
    return Header(values, lengths, infos, cursor.at)


def _tensor(cursor: _Cursor) -> TensorInfo:
    name = cursor.name()
    shape = tuple(cursor.number("Q") for _ in range(cursor.count(_MAX_DIMENSIONS, "axes", "I")))
    kind = cursor.number("I")
    offset = cursor.number("Q")
    if kind not in _KINDS:
        raise ValueError(f"{name} has the unknown type {kind}")
    called, block, size = _KINDS[kind]
    elements = 1
    for length in shape:
        elements *= length
    if not shape or not 0 < elements < 1 << 60 or shape[0] % block:
        raise ValueError(f"{name} has the impossible shape {shape}")
    return TensorInfo(name, called, shape, offset, elements // block * size)


class _Cursor:
    """Where in the file the next thing is read from."""

    def __init__(self, data: mmap.mmap | bytes, at: int) -> None:
        self._data = data
        self._size = len(data)
        self.at = at

    def number(self, code: str) -> int:
        """An integer, by its letter in `struct`."""
        (value,) = struct.unpack_from(f"<{code}", self._data, self.at)
        self.at += struct.calcsize(f"<{code}")
        return int(value)

    def count(self, most: int, what: str, code: str = "Q") -> int:
        value = self.number(code)
        if value > most:
            raise ValueError(f"its header claims {value} {what}")
        return value

    def name(self) -> str:
        length = self.count(MAX_NAME, "bytes of a name")
        return self._skip(length).decode("utf-8", "replace")

    def value(self, kind: int, nesting: int = 0) -> tuple[Value | None, int | None]:
        """A value, where it is worth keeping, and its length, where it is an array."""
        if kind == _STRING:
            return self._text(), None
        if kind == _ARRAY:
            return self._array(nesting)
        code = _code(kind)
        (found,) = struct.unpack_from(f"<{code}", self._data, self.at)
        self.at += struct.calcsize(f"<{code}")
        return (found if isinstance(found, float) else int(found)), None

    def _text(self) -> str | None:
        length = self.number("Q")
        if length > MAX_NAME:
            self._jump(length)
            return None
        return self._skip(length).decode("utf-8", "replace")

    def _array(self, nesting: int) -> tuple[Value | None, int]:
        kind = self.number("I")
        length = self.count(MAX_ELEMENTS, "elements of an array")
        if kind == _STRING:
            self._jump_texts(length)
            return None, length
        if kind == _ARRAY:
            if nesting >= _MAX_NESTING:
                raise ValueError("its header has arrays in arrays in arrays")
            for _ in range(length):
                self.value(kind, nesting + 1)
            return None, length
        form = f"<{length}{_code(kind)}"
        if length > _KEPT_ELEMENTS:
            self._jump(struct.calcsize(form))
            return None, length
        found = struct.unpack(form, self._skip(struct.calcsize(form)))
        return tuple(item if isinstance(item, float) else int(item) for item in found), length

    def _jump_texts(self, count: int) -> None:
        """Past so many texts: a vocabulary has hundreds of thousands, hence the bare loop."""
        length_at: Callable[..., tuple[int]] = struct.Struct("<Q").unpack_from
        at = self.at
        try:
            for _ in range(count):
                at += 8 + length_at(self._data, at)[0]
        except (OverflowError, struct.error):
            at = self._size + 1
        self.at = at
        self._jump(0)

    def _skip(self, length: int) -> bytes:
        start = self.at
        self._jump(length)
        return bytes(self._data[start : self.at])

    def _jump(self, length: int) -> None:
        self.at += length
        if self.at > self._size:
            raise ValueError("it ends within its header")


def _code(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError(f"its header has a value of the unknown type {kind}")
    return _NUMBERS[kind]
