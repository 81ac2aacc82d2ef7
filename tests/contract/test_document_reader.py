"""Port DocumentReader: the text of every kind of file, with its headings and places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.documents import Block, Extracted
from laresd.errors import Permanent
from laresd.ports import DocumentReader
from tests.fakes import documents
from tests.fakes.workers import running, soon

pytestmark = pytest.mark.slow

KEY = "The spare key is under the stone."
BINS = "The bins go out on Tuesday."
SECTIONS = (("House", KEY), ("Garden", BINS))


@pytest.fixture
async def reader() -> AsyncIterator[DocumentReader]:
    async with running(specs.documents()) as worker:
        yield WorkerDocumentReader(worker, ("en", "zh"))


def told(extracted: Extracted) -> list[tuple[int, str]]:
    return [(block.level, block.text) for block in extracted.blocks]


SAID = [(1, "House"), (0, KEY), (1, "Garden"), (0, BINS)]


async def test_a_pdf_has_headings_and_pages(reader: DocumentReader, tmp_path: Path) -> None:
    path = documents.pdf(tmp_path / "rules.pdf", [(head, text * 9) for head, text in SECTIONS])
    extracted = await reader.extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == ["House", KEY * 9, "Garden", BINS * 9]
    assert [block.level > 0 for block in extracted.blocks] == [True, False, True, False]
    assert [block.page for block in extracted.blocks] == [1, 1, 2, 2]
    assert extracted.media_type == "application/pdf"
    assert extracted.title == "House"


async def test_a_word_document_has_headings_and_tables(
    reader: DocumentReader, tmp_path: Path
) -> None:
    table = (("Plant", "Day"), ("Fern", "Monday"))
    path = documents.word(tmp_path / "rules.docx", SECTIONS, table)
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == [*SAID, (0, "Plant | Day\nFern | Monday")]
    assert extracted.blocks[-1].cells == "A1:B2"
    assert {block.page for block in extracted.blocks} == {None}


async def test_a_workbook_says_in_which_sheet_and_cells(
    reader: DocumentReader, tmp_path: Path
) -> None:
    sheets = (
        ("Plan", (("Day", "Task"), ("Mon", "Bins"))),
        ("Costs", (("What", "EUR"), ("Oil", 900.5))),
    )
    path = documents.workbook(tmp_path / "house.xlsx", sheets)
    extracted = await reader.extract(path, deadline=soon())
    tables = [block for block in extracted.blocks if block.cells]
    assert tables == [
        Block("Day | Task\nMon | Bins", sheet="Plan", cells="A1:B2"),
        Block("What | EUR\nOil | 900.5", sheet="Costs", cells="A1:B2"),
    ]


async def test_slides_are_pages(reader: DocumentReader, tmp_path: Path) -> None:
    path = documents.slides(tmp_path / "trip.pptx", (("Holiday", KEY), ("Return", BINS)))
    extracted = await reader.extract(path, deadline=soon())
    places = {block.text: block.page for block in extracted.blocks}
    assert places == {"Holiday": 1, KEY: 1, "Return": 2, BINS: 2}


async def test_a_mail_says_who_wrote_what_and_what_was_attached(
    reader: DocumentReader, tmp_path: Path
) -> None:
    path = documents.mail(tmp_path / "plumber.eml", "Plumber", BINS, ("note.txt", KEY))
    text = "\n".join(block.text for block in (await reader.extract(path, deadline=soon())).blocks)
    assert "Subject: Plumber" in text
    assert "From: ann@home.example" in text
    assert BINS in text
    assert KEY in text


async def test_a_web_page_is_read_without_its_menu(reader: DocumentReader, tmp_path: Path) -> None:
    path = documents.page(tmp_path / "rules.html", "Rules", SECTIONS)
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == SAID
    assert extracted.title == "Rules"


@pytest.mark.parametrize(
    ("name", "data", "texts"),
    [
        ("a.md", b"# House\n\nThe key.\n", ["House", "The key."]),
        ("a.txt", "Grüße aus Köln.\n\nZwei.".encode("cp1252"), ["Grüße aus Köln.", "Zwei."]),
        ("a.txt", "备用钥匙在石头下面。".encode("gb18030"), ["备用钥匙在石头下面。"]),
        ("a.txt", "备用钥匙在石头下面。".encode("utf-16"), ["备用钥匙在石头下面。"]),
        ("a.csv", b"Day,Task\nMon,Bins\n", ["Day | Task\nMon | Bins"]),
        ("a.csv", "Tag;Was\nMo;Müll\n".encode("cp1252"), ["Tag | Was\nMo | Müll"]),
    ],
)
async def test_plain_files_are_read_in_any_encoding(
    reader: DocumentReader, tmp_path: Path, name: str, data: bytes, texts: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    extracted = await reader.extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == texts


async def test_a_picture_is_read_by_its_letters(reader: DocumentReader, tmp_path: Path) -> None:
    if not Path("/usr/share/tesseract-ocr/5/tessdata/eng.traineddata").is_file():
        pytest.skip("tesseract's English data is not installed: apt install tesseract-ocr-eng")
    path = tmp_path / "note.png"
    path.write_bytes(documents.png_of(KEY))
    extracted = await reader.extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == [KEY]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.pdf", b"", "cannot be read"),
        ("a.pdf", b"%PDF-1.4 garbage", "cannot be read"),
        ("a.docx", b"PK\x03\x04" + bytes(100), "cannot be read"),
        ("a.txt", b"  \n ", "no text"),
        ("a.xyz", bytes(range(256)) * 40, "cannot be read"),
    ],
)
async def test_a_file_that_is_none_is_refused_with_the_reason(
    reader: DocumentReader, tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Permanent, match=why) as failure:
        await reader.extract(path, deadline=soon())
    assert failure.value.remedy


async def test_a_file_that_is_not_there_is_refused(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file"):
        await reader.extract(tmp_path / "gone.pdf", deadline=soon())
