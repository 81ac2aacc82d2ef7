"""A form with a file, as browsers and programs send it, and as they should not."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.multipart import MAX_PARTS, read_form

TYPE = 'multipart/form-data; boundary="xyz"'
names = st.from_regex(r"[A-Za-z_\[\]]{1,20}", fullmatch=True)


def form(*parts: str, end: str = "--xyz--\r\n") -> bytes:
    return ("".join(f"--xyz\r\n{part}\r\n" for part in parts) + end).encode()


def field(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


def test_fields_and_files_are_told_apart_by_the_file_name() -> None:
    file = (
        'content-disposition: form-data; name="file"; filename="a \\"b\\".wav"\r\n'
        "Content-Type: audio/wav\r\n\r\nRIFF\r\n--xy"
    )
    read = read_form(TYPE, form(field("model", "lares"), file, field("language", "de")))
    assert read.values == {"model": "lares", "language": "de"}
    assert (read.files["file"].name, read.files["file"].data) == ('a "b".wav', b"RIFF\r\n--xy")


@given(st.dictionaries(names, st.text(max_size=30), max_size=4), st.binary(max_size=200))
def test_what_a_client_sends_is_what_is_read(values: dict[str, str], data: bytes) -> None:
    request = httpx.Request("POST", "http://box/", data=values, files={"file": ("a.wav", data)})
    read = read_form(request.headers["content-type"], request.read())
    assert read.values == values
    assert read.files["file"].data == data


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        ("application/json", b"{}", "must be a form"),
        ("", b"", "must be a form"),
        ("multipart/form-data", b"--\r\n", "no boundary"),
        (TYPE, b"", "not whole"),
        (TYPE, form(field("a", "b"), end=""), "not whole"),
        (TYPE, form("no head at all"), "cannot be read"),
        (TYPE, form(field("a", "b")).replace(b"--xyz\r\n", b"--xyzz\r\n"), "cannot be read"),
        (TYPE, form("Content-Disposition: form-data\r\n\r\nx"), "no name"),
        (TYPE, form("X: " + "y" * 4000 + "\r\n\r\nx"), "cannot be read"),
        (TYPE, form(*[field("a", "b")] * MAX_PARTS), "more than"),
    ],
)
def test_what_is_no_form_is_refused(kind: str, raw: bytes, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        read_form(kind, raw)


def test_a_field_that_is_no_text_is_refused_by_its_name() -> None:
    raw = form(field("language", "de")).replace(b"de", b"\xff\xfe")
    with pytest.raises(Rejected, match="'language' is not UTF-8"):
        read_form(TYPE, raw)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    try:
        read_form(TYPE, b"--xyz\r\n" + raw + b"\r\n--xyz--\r\n")
    except Rejected as error:
        assert error.status == 400
