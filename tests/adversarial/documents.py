"""Files that are broken, locked, or made to harm their reader: small on the disk, made when they
are wanted. Each with what becomes of it: READ, or words of the reason for which it is refused.
"""

from __future__ import annotations

import io
import random
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from PIL import Image

from tests.fakes import documents

READ = ""  # what can be had of it is read
ZIP = "Zip archive"
BOMB = "bomb|exceeds limit"
NOTHING = "no text"

SECTIONS = (("House", "The spare key is under the stone."), ("Garden", "Bins go out on Tuesday."))
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "lollollollol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]>"
)
_TYPES = (
    '<?xml version="1.0"?><Types '
    'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
    'Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
    'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships '
    'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


@dataclass(frozen=True, slots=True)
class Hostile:
    name: str
    data: bytes
    outcome: str


def hostile(folder: Path) -> Iterator[Hostile]:
    """`folder`: for the good ones that some are made of."""
    yield from _broken(folder)
    yield from _locked(folder)
    yield from _archives()
    yield from _offices()
    yield from _pdfs()
    yield from _texts()
    yield from _pictures()


def _good(folder: Path) -> Iterator[tuple[str, bytes]]:
    table = (("Day", "Task"), ("Mon", "Bins"))
    for path in (
        documents.pdf(folder / "good.pdf", SECTIONS, table),
        documents.word(folder / "good.docx", SECTIONS, table),
        documents.workbook(folder / "good.xlsx", (("Plan", table),)),
        documents.slides(folder / "good.pptx", SECTIONS),
        documents.book(folder / "good.epub", "Book", "en", SECTIONS),
    ):
        yield path.name, path.read_bytes()


def _broken(folder: Path) -> Iterator[Hostile]:
    chance = random.Random(7)
    good = dict(_good(folder))
    for name, data in good.items():
        noisy = bytearray(data)
        for _ in range(300):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        any_outcome = f"{READ}|cannot be read|no text"
        yield Hostile(f"cut-{name}", data[: len(data) // 2], any_outcome)
        yield Hostile(f"noise-{name}", bytes(noisy), any_outcome)
    yield Hostile("empty.pdf", b"", "cannot be read")
    yield Hostile("spaces.txt", b"  \n ", NOTHING)
    yield Hostile("garbage.xyz", bytes(range(256)) * 40, "cannot be read")
    yield Hostile("program.docx", Path(sys.executable).read_bytes()[:40_000], "cannot be read")
    yield Hostile("word.pdf", good["good.docx"], READ)
    yield Hostile("portable.txt", good["good.pdf"], READ)


def _locked(folder: Path) -> Iterator[Hostile]:
    path = documents.pdf(folder / "locked.pdf", SECTIONS, password="secret")
    yield Hostile(path.name, path.read_bytes(), "locked by a password")
    office = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    yield Hostile("locked.docx", office + bytes(1000), "locked by a password")


def _archives() -> Iterator[Hostile]:
    yield Hostile("bomb.zip", _zip({"a.txt": bytes(60 << 20)}), BOMB)
    inner = b"hello " * 1000
    for number in range(60):
        inner = _zip({f"{number}.zip" if number else "a.txt": inner})
    yield Hostile("nested.zip", inner, "is an archive")
    yield Hostile("many.zip", _zip({f"{n}.txt": b"x" for n in range(20_000)}), "too many files")
    paths = {"../../../../tmp/lares-planted": b"x", "/tmp/lares-planted": b"x"}
    yield Hostile("paths.zip", _zip(paths), "is an archive")


def _offices() -> Iterator[Hostile]:
    yield Hostile("laughs.docx", _word("&j;", _LAUGHS), f"{NOTHING}|cannot be read")
    outside = '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield Hostile("outside.docx", _word("before &x; after", outside), READ)
    yield Hostile("bomb.docx", _word("a" * (60 << 20)), BOMB)
    deep = "<w:tbl><w:tr><w:tc>"
    yield Hostile("deep.docx", _word(deep * 50_000), f"{BOMB}|cannot be read")
    cell = "<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>"
    rows = f"<w:tr>{cell * 50}</w:tr>" * 5000
    yield Hostile("table.docx", _word(f"</w:t></w:r></w:p><w:tbl>{rows}</w:tbl>"), f"{READ}|{BOMB}")
    book = openpyxl.Workbook()
    book.worksheets[0]["XFD1048576"] = 1
    book.worksheets[0]["A1"] = "x"
    held = io.BytesIO()
    book.save(held)
    yield Hostile("far.xlsx", held.getvalue(), READ)


def _pdfs() -> Iterator[Hostile]:
    yield Hostile("pages.pdf", _pdf_of_pages(10_000), "too many pages")
    packed = zlib.compress(zlib.compress(b"0 " * (60 << 20), 9), 9)
    stream = (
        b"4 0 obj<</Filter[/FlateDecode/FlateDecode]/Length "
        + str(len(packed)).encode()
        + b">>stream\n"
        + packed
        + b"\nendstream endobj\n"
    )
    yield Hostile("stream.pdf", _pdf(b"612 792", stream), f"{NOTHING}|cannot be read")
    yield Hostile("size.pdf", _pdf(b"1000000 1000000"), f"{NOTHING}|cannot be read|needs more")
    kids = b"2 0 R " * 50
    circle = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids["
        + kids
        + b"]/Count 1000000000>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    )
    yield Hostile("circle.pdf", circle, "was not done after|cannot be read|too many pages")


def _texts() -> Iterator[Hostile]:
    yield Hostile("deep.html", b"<div>" * 100_000 + b"x", READ)
    yield Hostile("cells.html", b"<table><tr>" + b"<td>x" * 200_000, READ)
    yield Hostile("laughs.xml", f"<?xml version='1.0'?>{_LAUGHS}<l>&j;</l>".encode(), NOTHING)
    yield Hostile("deep.json", b"[" * 1_000_000, f"{READ}|cannot be read|needs more")
    yield Hostile("wide.csv", (b",".join([b"1"] * 2000) + b"\n") * 1000, READ)
    yield Hostile("quote.csv", b'"' + b"a,b\n" * 1_000_000, READ)
    yield Hostile("line.txt", b"a" * (20 << 20), READ)
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(2000)
    )
    yield Hostile("deep.eml", b"Subject: x\n" + nested + b"\n\nhello\n", "nested too deeply")


def _pictures() -> Iterator[Hostile]:
    for name, kind in (("pixels.png", "PNG"), ("pixels.tiff", "TIFF")):
        held = io.BytesIO()
        options = {"compression": "tiff_deflate"} if kind == "TIFF" else {}
        Image.new("1", (40_000, 40_000)).save(held, kind, **options)
        yield Hostile(name, held.getvalue(), "cannot be read|needs more")


def _zip(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return held.getvalue()


def _word(text: str, types: str = "") -> bytes:
    body = (
        f'<?xml version="1.0"?>{types}<w:document {_WORD}><w:body><w:p><w:r><w:t>{text}'
        "</w:t></w:r></w:p></w:body></w:document>"
    )
    return _zip(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": _RELATIONS.encode(),
            "word/document.xml": body.encode(),
        }
    )


def _pdf(box: bytes, stream: bytes = b"4 0 obj<</Length 0>>stream\n\nendstream endobj\n") -> bytes:
    return (
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 " + box + b"]/Contents 4 0 R>>endobj\n"
        )
        + stream
        + b"trailer<</Root 1 0 R>>\n%%EOF"
    )


def _pdf_of_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    pages = b"".join(
        b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n" % number
        for number in range(3, count + 3)
    )
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids["
        + kids
        + b"]/Count %d>>endobj\n" % count
        + pages
        + b"trailer<</Root 1 0 R>>\n%%EOF"
    )
