"""Documents of every kind that Lares reads, written as people's programs write them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

Sections = Sequence[tuple[str, str]]  # a heading, and what stands under it


def pdf(path: Path, sections: Sections) -> Path:
    """A section on each page."""
    styles = getSampleStyleSheet()
    story: list[object] = []
    for heading, text in sections:
        story += [Paragraph(heading, styles["Heading1"]), Paragraph(text, styles["BodyText"])]
        story.append(PageBreak())
    SimpleDocTemplate(str(path)).build(story)
    return path


def word(path: Path, sections: Sections, table: Sequence[Sequence[str]] = ()) -> Path:
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


def slides(path: Path, pages: Sections) -> Path:
    show = pptx.Presentation()
    for title, text in pages:
        slide = show.slides.add_slide(show.slide_layouts[1])
        assert slide.shapes.title is not None
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    show.save(str(path))
    return path


def mail(path: Path, subject: str, text: str, attachment: tuple[str, str] | None = None) -> Path:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        "ann@home.example",
        "bob@home.example",
    )
    message.set_content(text)
    if attachment:
        name, content = attachment
        message.add_attachment(content, filename=name)
    path.write_bytes(bytes(message))
    return path


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


def png_of(text: str, *, size: int = 40) -> bytes:
    """A line of black letters on white."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    picture = Image.new("RGB", (max(300, size * len(text) * 2 // 3), size * 3), "white")
    ImageDraw.Draw(picture).text(
        (size, size), text, fill="black", font=ImageFont.load_default(size)
    )
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()
