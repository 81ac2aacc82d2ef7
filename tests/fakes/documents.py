"""Documents of every kind that Lares reads, written as people's programs write them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from email.message import EmailMessage
from html import escape
from pathlib import Path

import docx
import openpyxl
import pptx
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

Sections = Sequence[tuple[str, str]]  # a heading, and what stands under it
Grid = Sequence[Sequence[str]]

CHINESE = Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf")
LATIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


def pdf(
    path: Path,
    sections: Sections,
    table: Grid = (),
    *,
    header: str = "",
    password: str = "",
) -> Path:
    """A section on each page, with the table below the last; `header` is on all of them, with the
    page's number.
    """
    font = "Helvetica"
    if any(letter > "\u2fff" for _, text in sections for letter in text):
        font = "STSong-Light"
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    wrap = "CJK" if font != "Helvetica" else None
    body = ParagraphStyle("body", fontName=font, fontSize=10, leading=14, wordWrap=wrap)
    head = ParagraphStyle("head", parent=body, fontSize=18, leading=24)

    def top(canvas: Canvas, document: SimpleDocTemplate) -> None:
        if header:
            canvas.setFont(font, 8)
            canvas.drawString(72, 810, f"{header} {document.page}")

    story: list[object] = []
    for heading, text in sections:
        story += [Paragraph(heading, head), Paragraph(text, body), PageBreak()]
    if table:
        grid = [("GRID", (0, 0), (-1, -1), 1, "black"), ("FONTNAME", (0, 0), (-1, -1), font)]
        story.insert(-1, Table([list(row) for row in table], style=grid))
    locked = StandardEncryption(password, ownerPassword="owner") if password else None
    SimpleDocTemplate(str(path), encrypt=locked).build(story, onFirstPage=top, onLaterPages=top)
    return path


def pdf_of_lines(path: Path, pages: Sequence[Sequence[str]]) -> Path:
    """Each line where a program set it, as they are broken."""
    canvas = Canvas(str(path))
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 780 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def scan(path: Path, pages: Sequence[Sequence[str]], *, dpi: int = 150) -> Path:
    """Pictures of pages: a PDF without text, or a TIFF of several pictures."""
    pictures = [picture(lines, dpi=dpi) for lines in pages]
    pictures[0].save(
        path,
        {".pdf": "PDF", ".tiff": "TIFF"}[path.suffix],
        save_all=True,
        append_images=pictures[1:],
        **({"resolution": dpi} if path.suffix == ".pdf" else {"dpi": (dpi, dpi)}),
    )
    return path


def picture(lines: Sequence[str], *, dpi: int = 150) -> Image.Image:
    """A printed page; Chinese in a font that has it (Debian's fonts-droid-fallback)."""
    chinese = any(letter > "\u2fff" for line in lines for letter in line)
    points = round(12 * dpi / 72)
    font = ImageFont.truetype(str(CHINESE if chinese else LATIN), points)
    made = Image.new("L", (round(8.3 * dpi), round(4 * dpi)), "white")
    for number, line in enumerate(lines):
        place = (3 * points, 3 * points + number * 2 * points)
        ImageDraw.Draw(made).text(place, line, fill="black", font=font)
    return made


def book(path: Path, title: str, language: str, chapters: Sections) -> Path:
    """EPUB 3, a chapter in each of its files."""
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/epub+zip")
        packed.writestr("META-INF/container.xml", _CONTAINER)
        packed.writestr(
            "c.opf",
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
            'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:identifier id="id">x</dc:identifier><dc:title>{escape(title)}</dc:title>'
            f"<dc:language>{language}</dc:language></metadata><manifest>{items}</manifest>"
            f"<spine>{spine}</spine></package>",
        )
        for name, (heading, text) in zip(names, chapters, strict=True):
            packed.writestr(
                name,
                '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
                f"<head><title>{escape(heading)}</title></head><body><h1>{escape(heading)}</h1>"
                f"<p>{escape(text)}</p></body></html>",
            )
    return path


_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def word(path: Path, sections: Sections, table: Grid = ()) -> Path:
    document = docx.Document()
    for heading, text in sections:
        document.add_heading(heading, 1)
        document.add_paragraph(text)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for cells, row in zip(grid.rows, table, strict=True):
            for cell, value in zip(cells.cells, row, strict=True):
                cell.text = value
    document.save(str(path))
    return path


def workbook(path: Path, sheets: Sequence[tuple[str, Sequence[Sequence[str | float]]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, table in sheets:
        sheet = book.create_sheet(name)
        for row in table:
            sheet.append(list(row))
    book.save(path)
    return path


def slides(path: Path, pages: Sections, notes: str = "") -> Path:
    show = pptx.Presentation()
    for title, text in pages:
        slide = show.slides.add_slide(show.slide_layouts[1])
        assert slide.shapes.title is not None
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    show.save(str(path))
    return path


def mail(path: Path, subject: str, text: str, attachment: tuple[str, str] | None = None) -> Path:
    written = message(subject, text)
    if attachment:
        name, content = attachment
        written.add_attachment(content, filename=name)
    path.write_bytes(bytes(written))
    return path


def message(subject: str, text: str) -> EmailMessage:
    written = EmailMessage()
    written["Subject"] = subject
    written["From"], written["To"] = "ann@home.example", "bob@home.example"
    written.set_content(text)
    return written


def page(path: Path, title: str, sections: Sections) -> Path:
    """HTML with what surrounds the text of a web page."""
    body = "".join(f"<h1>{heading}</h1><p>{text}</p>" for heading, text in sections)
    path.write_text(
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>"
        f"<nav><a href=/>Start</a> <a href=/shop>Shop</a></nav><main>{body}</main>"
        "<footer>All rights reserved</footer></body></html>",
        encoding="utf-8",
    )
    return path
