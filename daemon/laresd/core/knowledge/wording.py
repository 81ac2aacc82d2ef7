"""How an answer from documents is said: where it stands, and that nothing says it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from laresd.documents import Found
from laresd.language import main_language


@dataclass(frozen=True, slots=True)
class Wording:
    """`source`: what a sentence follows, with {title} and {place}; `page`, `sheet`, `cells`: the
    parts of a place.
    """

    source: str
    page: str
    sheet: str
    cells: str
    between: str
    nothing: str
    no_documents: str
    says: str  # to "where does it say that?"


_WORDS: Mapping[str, Wording] = {
    "en": Wording(
        source="In {title}{place}: ",
        page="page {}",
        sheet="sheet {}",
        cells="cells {}",
        between=", ",
        nothing="Nothing in your documents says that.",
        no_documents="There are no documents that I may answer from.",
        says="It stands in {title}{place}.",
    ),
    "de": Wording(
        source="In {title}{place}: ",
        page="Seite {}",
        sheet="Blatt {}",
        cells="Zellen {}",
        between=", ",
        nothing="Davon steht nichts in deinen Dokumenten.",
        no_documents="Es gibt keine Dokumente, aus denen ich antworten darf.",
        says="Das steht in {title}{place}.",
    ),
    "zh": Wording(
        source="《{title}》{place}：",
        page="第{}页",
        sheet="工作表{}",
        cells="单元格{}",
        between="，",
        nothing="你的文档里没有提到这个。",
        no_documents="没有可供我查询的文档。",
        says="出自《{title}》{place}。",
    ),
}


def wording(language: str) -> Wording:
    return _WORDS.get(main_language(language), _WORDS["en"])


def from_source(sentence: str, found: Found, language: str) -> str:
    """A sentence with where it stands in front."""
    return _filled(wording(language).source, found, language) + sentence


def stands(found: Found, language: str) -> str:
    """The answer to where something was said."""
    return _filled(wording(language).says, found, language)


def title(found: Found) -> str:
    """What a person calls the document."""
    document = found.document
    if document.title.strip():
        return " ".join(document.title.split())
    path = unquote(urlsplit(document.uri).path) or document.uri
    return PurePosixPath(path).stem or document.uri


def place(found: Found, language: str) -> str:
    """Where in it: "page 3", or "sheet Rooms, cells A2:C9"; "" where it has no such parts."""
    words, where = wording(language), found.passage.place
    parts = (
        words.page.format(where.page) if where.page else "",
        words.sheet.format(where.sheet) if where.sheet else "",
        words.cells.format(where.cells) if where.cells else "",
    )
    return words.between.join(filter(None, parts))


def _filled(form: str, found: Found, language: str) -> str:
    where = place(found, language)
    if where and main_language(language) != "zh":
        where = f"{wording(language).between}{where}"
    return form.format(title=title(found), place=where)
