"""Frames survive the wire, and nothing that comes over it does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.errors import Permanent
from laresd.frames import MAX_PAYLOAD, Frame, decode_header, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
BODIES = st.dictionaries(
    st.text(),
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)


@given(st.text(), st.integers(), BODIES, st.binary())
def test_a_frame_is_a_header_line_and_the_bytes_it_announces(
    op: str, number: int, body: dict[str, object], payload: bytes
) -> None:
    wire = encode(Frame(op, number, body, payload))  # type: ignore[arg-type]
    line, _, rest = wire.partition(b"\n")
    frame, length = decode_header(line)
    assert (frame.op, frame.id, frame.body) == (op, number, body)
    assert (rest, length) == (payload, len(payload))


@given(st.binary())
def test_any_other_line_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(Permanent):
        decode_header(line)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"null",
        b'"text"',
        b'{"op": "x"}',
        b'{"op": "x", "id": "one"}',
        b'{"op": "x", "id": Infinity}',
        b'{"op": "x", "id": 1, "body": [1]}',
        b'{"op": "x", "id": 1, "bytes": -1}',
        b'{"op": "x", "id": 1, "bytes": %d}' % (MAX_PAYLOAD + 1),
        b'{"op": "x", "id": 1, "body": ' + b"[" * 100_000,
    ],
)
def test_a_header_that_is_wrong_in_one_place_is_refused(line: bytes) -> None:
    with pytest.raises(Permanent):
        decode_header(line)
