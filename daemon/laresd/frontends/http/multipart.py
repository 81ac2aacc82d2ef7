"""A form with a file in it (multipart/form-data: RFC 7578, RFC 2046 section 5.1), by its parts.

Pure. What is wrong raises Rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from laresd.frontends.http.faults import Rejected

MAX_PARTS = 32
MAX_HEAD = 2048  # bytes of a part's headers

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_FIELD = re.compile(r';\s*(name|filename)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """`name`: as the client calls it; never a path of this machine."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The last value of each field, and the last file of each name."""

    values: Mapping[str, str]
    files: Mapping[str, File]


def read_form(content_type: str, raw: bytes) -> Form:
    """`content_type`: the header of the request."""
    boundary = _boundary(content_type)
    values: dict[str, str] = {}
    files: dict[str, File] = {}
    _, *parts = (b"\r\n" + raw).split(b"\r\n--" + boundary, MAX_PARTS + 1)
    if len(parts) > MAX_PARTS:
        raise _broken(f"the form has more than {MAX_PARTS - 1} parts")
    if not parts or not parts[-1].startswith(b"--"):
        raise _broken("the form is not whole")
    for part in parts[:-1]:
        name, filename, data = _part(part)
        if filename is None:
            values[name] = _text(name, data)
        else:
            files[name] = File(filename, data)
    return Form(values, files)


def _boundary(content_type: str) -> bytes:
    if not re.match(r"multipart/form-data\s*(;|$)", content_type.strip(), re.IGNORECASE):
        raise Rejected(
            "the body must be a form with a file",
            code="invalid_body",
            param="Content-Type",
            remedy="send it as multipart/form-data",
        )
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _broken("the form has no boundary")
    return (found[1] or found[2]).encode("utf-8", "replace")


def _part(part: bytes) -> tuple[str, str | None, bytes]:
    """Name, file name (None: it is no file) and what is in it."""
    head, blank, data = part.partition(b"\r\n\r\n")
    if not blank or len(head) > MAX_HEAD or head.split(b"\r\n", 1)[0].strip(b" \t"):
        raise _broken("a part of the form cannot be read")
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            for name, quoted, plain in _FIELD.findall(value):
                fields[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) or plain
    if "name" not in fields:
        raise _broken("a part of the form has no name")
    return fields["name"], fields.get("filename"), data


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(f"{name[:40]!r} is not UTF-8", param=name[:40]) from None


def _broken(what: str) -> Rejected:
    return Rejected(what, code="invalid_body")
