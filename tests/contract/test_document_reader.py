"""Port DocumentReader: the text of every kind of file, with its headings and places, in English,
German and Chinese.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from laresd.backends.workers import specs
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.documents import Block, Extracted
from laresd.engines.extract import letters
from laresd.errors import Permanent
from laresd.ports import DocumentReader
from tests.fakes import documents
from tests.fakes.workers import running, soon

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Said:
    """Two sections and a table in a language."""

    language: str
    sections: tuple[tuple[str, str], tuple[str, str]]
    table: tuple[tuple[str, str], tuple[str, str]]

    @property
    def told(self) -> list[tuple[int, str]]:
        (house, key), (garden, bins) = self.sections
        return [(1, house), (0, key), (1, garden), (0, bins)]

    @property
    def rows(self) -> str:
        return "\n".join(" | ".join(row) for row in self.table)


ENGLISH = Said(
    "en",
    (
        ("House", "The spare key is under the stone near the old oak, and nobody else knows it."),
        ("Garden", "The bins go out on Tuesday before seven in the morning."),
    ),
    (("Plant", "Day"), ("Fern", "Monday")),
)
GERMAN = Said(
    "de",
    (
        ("Haus", "Der Ersatzschlüssel liegt unter dem großen Stein, und niemand sonst weiß es."),
        ("Garten", "Der Müll geht am Dienstag vor sieben Uhr hinaus, größere Äste später."),
    ),
    (("Pflanze", "Tag"), ("Farn", "Montag, früh")),
)
CHINESE = Said(
    "zh",
    (("房子", "备用钥匙在老橡树旁边的石头下面。"), ("花园", "垃圾每个星期二早上七点以前拿出去。")),
    (("植物", "日期"), ("蕨类", "星期一")),
)
KEY, BINS = ENGLISH.sections[0][1], ENGLISH.sections[1][1]
LANGUAGES = pytest.mark.parametrize("said", [ENGLISH, GERMAN, CHINESE], ids=["en", "de", "zh"])


@pytest.fixture
async def reader() -> AsyncIterator[DocumentReader]:
    async with running(specs.documents()) as worker:
        yield WorkerDocumentReader(worker, ("en", "de", "zh"))


def told(extracted: Extracted) -> list[tuple[int, str]]:
    return [(block.level, block.text) for block in extracted.blocks]


def _missing() -> list[str]:
    packages = letters.missing(("en", "de", "zh"), letters.folder())
    packages += [] if documents.LATIN.is_file() else ["fonts-dejavu-core"]
    return packages + ([] if documents.CHINESE.is_file() else ["fonts-droid-fallback"])


MISSING = _missing()
NEEDS_LETTERS = pytest.mark.skipif(bool(MISSING), reason=f"apt install {' '.join(MISSING)}")


@LANGUAGES
async def test_a_pdf_has_headings_pages_and_tables_and_not_what_every_page_repeats(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    sections = [*said.sections, *said.sections]
    path = documents.pdf(tmp_path / "rules.pdf", sections, said.table, header="Miller, page")
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == [*said.told, *said.told, (0, said.rows)]
    assert [block.page for block in extracted.blocks] == [1, 1, 2, 2, 3, 3, 4, 4, 4]
    assert extracted.blocks[-1].cells == "A1:B2"
    assert extracted.media_type == "application/pdf"
    assert extracted.title == said.sections[0][0]
    assert extracted.language == said.language


@LANGUAGES
async def test_a_word_document_has_headings_and_tables(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    path = documents.word(tmp_path / "rules.docx", said.sections, said.table)
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == [*said.told, (0, said.rows)]
    assert extracted.blocks[-1].cells == "A1:B2"
    assert {block.page for block in extracted.blocks} == {None}
    assert extracted.language == said.language


@LANGUAGES
async def test_a_workbook_says_in_which_sheet_and_cells(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    sheet = said.sections[0][0]
    path = documents.workbook(tmp_path / "plan.xlsx", ((sheet, said.table), ("2", ((1, 900.5),))))
    extracted = await reader.extract(path, deadline=soon())
    assert [block for block in extracted.blocks if block.cells] == [
        Block(said.rows, sheet=sheet, cells="A1:B2"),
        Block("1 | 900.5", sheet="2", cells="A1:B1"),
    ]
    assert extracted.title == "plan"


@LANGUAGES
async def test_slides_are_pages_with_titles_and_what_the_speaker_noted(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    path = documents.slides(tmp_path / "trip.pptx", said.sections, notes="Say hello")
    extracted = await reader.extract(path, deadline=soon())
    (house, key), (garden, bins) = said.sections
    assert [(block.page, block.level > 0, block.text) for block in extracted.blocks] == [
        (1, True, house),
        (1, False, key),
        (1, False, "Say hello"),
        (2, True, garden),
        (2, False, bins),
        (2, False, "Say hello"),
    ]


@LANGUAGES
async def test_a_book_has_its_chapters(reader: DocumentReader, tmp_path: Path, said: Said) -> None:
    path = documents.book(tmp_path / "book.epub", "Our house", said.language, said.sections)
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == said.told
    assert (extracted.title, extracted.language) == ("Our house", said.language)


@LANGUAGES
async def test_a_mail_says_who_wrote_what_and_what_was_attached(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    (subject, key), (_, bins) = said.sections
    path = documents.mail(tmp_path / "plumber.eml", subject, bins, ("note.txt", key))
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == [
        (0, f"Subject: {subject}\nFrom: ann@home.example\nTo: bob@home.example"),
        (0, bins),
        (2, "Attachment: note.txt"),
        (0, key),
    ]
    assert extracted.title == subject


async def test_a_document_in_a_mail_keeps_its_headings_below_its_name(
    reader: DocumentReader, tmp_path: Path
) -> None:
    inner = documents.word(tmp_path / "rules.docx", ENGLISH.sections)
    message = documents.message("Rules", "See below.")
    message.add_attachment(
        inner.read_bytes(), maintype="application", subtype="octet-stream", filename="rules.docx"
    )
    message.add_attachment(b"PK\x03\x04", maintype="x", subtype="x", filename="bad.docx")
    (path := tmp_path / "a.eml").write_bytes(bytes(message))
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted)[2:4] == [(2, "Attachment: rules.docx"), (3, "House")]
    assert len(extracted.notes) == 1
    assert extracted.notes[0].startswith("attachment bad.docx: ")


@LANGUAGES
async def test_a_web_page_is_read_without_its_menu(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    path = documents.page(tmp_path / "rules.html", "Rules", said.sections)
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == said.told
    assert (extracted.title, extracted.language) == ("Rules", said.language)


@pytest.mark.parametrize(
    ("head", "encoding", "media_type"),
    [
        ("", "utf-8", ""),
        ("", "cp1252", "text/html; charset=Windows-1252"),
        ("<meta charset='iso-8859-1'>", "latin-1", ""),
        ("", "utf-16", "text/html"),
    ],
)
async def test_a_web_page_is_read_in_its_encoding(
    reader: DocumentReader, tmp_path: Path, head: str, encoding: str, media_type: str
) -> None:
    (path := tmp_path / "page.html").write_bytes(f"{head}<p>Grüße</p>".encode(encoding))
    extracted = await reader.extract(path, media_type=media_type, deadline=soon())
    assert told(extracted) == [(0, "Grüße")]


@LANGUAGES
async def test_markdown_has_headings_lists_and_its_front_matter(
    reader: DocumentReader, tmp_path: Path, said: Said
) -> None:
    (house, key), _ = said.sections
    text = f"---\ntitle: {house}\ntags: [a, b]\n---\n\n## {house}\n\n{key}\n\n- *a*\n- b\n"
    (path := tmp_path / "rules.md").write_text(text, encoding="utf-8")
    extracted = await reader.extract(path, deadline=soon())
    assert told(extracted) == [
        (0, f"title: {house}\ntags: a, b"),
        (2, house),
        (0, key),
        (0, "- a\n- b"),
    ]
    assert extracted.title == house


@pytest.mark.parametrize(
    ("name", "data", "texts"),
    [
        ("a.txt", "Grüße aus Köln.\n\nZwei.".encode("cp1252"), ["Grüße aus Köln.", "Zwei."]),
        ("a.txt", "Grüße aus Köln.".encode("utf-16"), ["Grüße aus Köln."]),
        ("a.txt", CHINESE.sections[0][1].encode("gb18030"), [CHINESE.sections[0][1]]),
        ("a.txt", CHINESE.sections[0][1].encode("utf-16"), [CHINESE.sections[0][1]]),
        ("a.txt", b"Ann 030 12\r\nBob 030 34\r\n", ["Ann 030 12\nBob 030 34"]),
        ("a.csv", b"Day,Task\nMon,Bins\n", ["Day | Task\nMon | Bins"]),
        ("a.csv", "Tag;Was\nMo;Müll\n".encode("cp1252"), ["Tag | Was\nMo | Müll"]),
        ("a.csv", "日期\t事\n周一\t垃圾\n".encode("gb18030"), ["日期 | 事\n周一 | 垃圾"]),
        ("a.csv", b'a|b\n1|"2 ""x"""\n', ['a | b\n1 | 2 "x"']),
        ("a.tsv", b"a\tb\n1\t2\n", ["a | b\n1 | 2"]),
    ],
)
async def test_plain_files_are_read_in_any_encoding(
    reader: DocumentReader, tmp_path: Path, name: str, data: bytes, texts: list[str]
) -> None:
    (path := tmp_path / name).write_bytes(data)
    extracted = await reader.extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == texts


PRINTED = {
    "en": ["The spare key is under the stone.", "The bins go out on Tuesday."],
    "de": ["Der Ersatzschlüssel liegt unter dem Stein.", "Größere Äste am Dienstag."],
    "zh": ["备用钥匙在石头下面。", "垃圾星期二出去。"],
}


def words(extracted: Extracted) -> str:
    return "".join("".join(block.text for block in extracted.blocks).split())


@NEEDS_LETTERS
@pytest.mark.parametrize("language", PRINTED)
async def test_a_picture_is_read_by_its_letters(
    reader: DocumentReader, tmp_path: Path, language: str
) -> None:
    picture = documents.picture(PRINTED[language])
    held = io.BytesIO()
    picture.save(held, "PNG", dpi=(150, 150))
    (path := tmp_path / "note.png").write_bytes(held.getvalue())
    extracted = await reader.extract(path, deadline=soon())
    assert words(extracted) == "".join("".join(PRINTED[language]).split())
    assert extracted.language == language
    assert {(block.level, block.page) for block in extracted.blocks} == {(0, 1)}


@NEEDS_LETTERS
@pytest.mark.parametrize("name", ["scan.pdf", "scan.tiff"])
async def test_each_page_of_a_scan_is_read_in_its_own_language(
    reader: DocumentReader, tmp_path: Path, name: str
) -> None:
    path = documents.scan(tmp_path / name, [*PRINTED.values()])
    extracted = await reader.extract(path, deadline=soon(120))
    for page, lines in enumerate(PRINTED.values(), 1):
        here = "".join(block.text for block in extracted.blocks if block.page == page)
        assert "".join(here.split()) == "".join("".join(lines).split())


async def test_an_empty_page_is_noted(reader: DocumentReader, tmp_path: Path) -> None:
    path = documents.pdf_of_lines(tmp_path / "a.pdf", [[KEY], [], [BINS]])
    extracted = await reader.extract(path, deadline=soon())
    assert [(block.page, block.text) for block in extracted.blocks] == [(1, KEY), (3, BINS)]
    assert extracted.notes == ("no text on page 2",)


async def test_without_data_for_letters_a_scan_says_what_to_install(tmp_path: Path) -> None:
    if not documents.LATIN.is_file():
        pytest.skip("apt install fonts-dejavu-core")
    path = documents.scan(tmp_path / "scan.pdf", [PRINTED["en"]])
    async with running(specs.documents()) as worker:
        reader = WorkerDocumentReader(worker, ("fi",))
        with pytest.raises(Permanent, match="no text") as failure:
            await reader.extract(path, deadline=soon())
    assert "sudo apt install tesseract-ocr-fin" in failure.value.remedy


async def test_lines_that_were_broken_for_their_length_flow(
    reader: DocumentReader, tmp_path: Path
) -> None:
    path = documents.pdf_of_lines(
        tmp_path / "a.pdf",
        [["Der Schlüssel liegt unter dem gro-", "ßen Stein, und der Haus-", "meister weiß das."]],
    )
    extracted = await reader.extract(path, deadline=soon())
    assert [block.text for block in extracted.blocks] == [
        "Der Schlüssel liegt unter dem großen Stein, und der Hausmeister weiß das."
    ]


async def test_a_wrong_ending_does_not_matter(reader: DocumentReader, tmp_path: Path) -> None:
    (path := tmp_path / "rules.txt").write_bytes(
        documents.word(tmp_path / "rules.docx", ENGLISH.sections).read_bytes()
    )
    assert told(await reader.extract(path, deadline=soon())) == ENGLISH.told


async def test_a_file_that_is_not_there_is_refused(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="No such file"):
        await reader.extract(tmp_path / "gone.pdf", deadline=soon())


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "a.txt").write_bytes(bytes(2 << 20))
    async with running(specs.documents(file_mb=1)) as worker:
        with pytest.raises(Permanent, match="has 2 MB; the most is 1") as failure:
            await WorkerDocumentReader(worker).extract(path, deadline=soon())
    assert "knowledge.file_mb" in failure.value.remedy
