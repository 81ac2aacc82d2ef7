"""What the box knows from documents: what is read of them, what is kept, and what is found.

Characters are counted as Python counts them (code points), tokens by the embedding model. Times are
wall-clock seconds since the epoch, since all of it outlives a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document in reading order. `level`: 1 to 6 for a heading, 0 for text. `page`
    counts from 1 (a slide is a page). `sheet` and `cells` ("A2:C9") say where in a workbook.
    """

    text: str
    level: int = 0
    page: int | None = None
    sheet: str = ""
    cells: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read of one document. `notes`: what a person should know about it (pages without
    text, a part that was cut off).
    """

    blocks: tuple[Block, ...]
    title: str = ""
    language: str = ""
    media_type: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its document a passage stands. `start` and `end`: characters of the document's text
    (the blocks joined by an empty line). `headings`: those above it, from the top.
    """

    start: int
    end: int
    headings: tuple[str, ...] = ()
    page: int | None = None
    sheet: str = ""
    cells: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is found as a whole: 150 to 250 tokens, cut at headings and
    sentences. `text` is the document's own, without the headings above it; a later part of a table
    has the table's first row in front.
    """

    text: str
    place: Place
    tokens: int


class SourceKind(StrEnum):
    FILE = "file"
    FOLDER = "folder"  # with all below it, followed as it changes
    PAGE = "page"  # one web page
    SITE = "site"  # the pages below an address
    QUERY = "query"  # rows of a database


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents of a collection come from. `location`: a path, an address, or a database's
    (with its password left out). `id` 0: not kept yet.
    """

    collection: str
    kind: SourceKind
    location: str
    id: int = 0
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file, page or row. `uri` is unique in its source. `digest`: SHA-256 of its bytes (hex),
    by which a change and a rename are known. `fault`: why nothing of it is known, "" when all is.
    """

    id: int
    source: int
    collection: str
    uri: str
    title: str
    digest: str
    size: int
    modified: float
    language: str = ""
    media_type: str = ""
    fault: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A passage that is known, in its document. `ordinal`: which of it, from 0."""

    id: int
    ordinal: int
    document: Document
    passage: Passage


@dataclass(frozen=True, slots=True)
class Query:
    """A search. `collections`: those that the asker may ask, never empty. `since` and `until`
    bound the documents' `modified`.
    """

    text: str
    language: str
    collections: tuple[str, ...]
    limit: int = 8
    since: float | None = None
    until: float | None = None
    documents: tuple[int, ...] = ()  # only these; none named: all


@dataclass(frozen=True, slots=True)
class Found:
    """What answers a query, best first: one passage, or neighbours that were joined. `score`: of
    the fusion, comparable within one result alone; `similarity` (-1 to 1, of the vectors) and
    `words` (BM25, higher is better) are comparable between queries; None where that leg did not
    find it. `duplicates`: documents that say nearly the same.
    """

    document: Document
    passage: Passage
    score: float
    similarity: float | None = None
    words: float | None = None
    duplicates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer, and the passages that say it, by their number in `Cited.sources`
    from 0; never empty. `quoted`: it stands there word for word.
    """

    text: str
    sources: tuple[int, ...]
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Cited:
    """An answer from documents, or the refusal that nothing in them says that (no claims)."""

    text: str
    claims: tuple[Claim, ...] = ()
    sources: tuple[Found, ...] = ()

    @property
    def refused(self) -> bool:
        return not self.claims


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading a source has come. `at`: what is read now."""

    done: int = 0
    total: int | None = None
    failed: int = 0
    unchanged: int = 0
    at: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of documents and who may ask it; patterns as in a shell, none named: everybody."""

    name: str
    sites: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()  # frontends: voice, mqtt, http, control
    documents: int = 0
    passages: int = 0
    faults: int = 0
    languages: tuple[str, ...] = field(default=())
