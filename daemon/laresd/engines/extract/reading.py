"""One file of any kind as Lares' blocks: which reader reads it, and what a person is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from laresd.documents import Block, Extracted
from laresd.engines.extract import encodings, letters, library, mail, web_page
from laresd.engines.extract.blocks import PICTURES, WORKBOOKS, blocks_of, is_any
from laresd.errors import Permanent
from laresd.language import main_language
from laresd.types import Json

MAIL_DEPTH = 3  # mails within each other
SAMPLE = 4000  # characters by which the language is known
ENOUGH = 60  # of them, below which what the file says of itself counts more
FEW = 40  # letters of a page that a stamp or a footer may have put on a picture of it
BLOCK_COST = 32  # characters that a block counts for beside its text

_PAGE_NAMES = (".html", ".htm", ".xhtml")
_ARCHIVES = ("zip", "x-tar", "gzip", "x-7z", "x-bzip", "x-xz", "zstd", "x-rar")
_NO_TITLE = ("(anonymous)", "untitled", "document", "(unspecified)")
_LOCKED_OFFICE = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO] 2.3.4.4
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file. `characters` of its text, `file_bytes` of itself, `unpacked_bytes` of what an
    archive may hold, `pages` that it may have.
    """

    file_bytes: int = 200 << 20
    unpacked_bytes: int = 300 << 20
    characters: int = 10_000_000
    pages: int = 5000
    seconds: int = 24 * 3600  # the process of a file ends sooner

    @property
    def allowed(self) -> library.Allowed:
        return library.Allowed(self.unpacked_bytes, self.pages, self.seconds)


Told = Callable[[Mapping[str, Json]], None]


def read(
    path: Path, media_type: str, languages: tuple[str, ...], limits: Limits, told: Told
) -> Extracted:
    """`languages` to look for in pictures, main tags. `told` {page, pages} as letters are read.
    Raises Permanent, with the reason for a person.
    """
    reading = _Reading(languages, limits, told)
    found = reading.read(_bytes(path, limits), path.name, media_type)
    blocks = _bounded(found.blocks, limits.characters)
    notes = list(dict.fromkeys((*found.notes, *reading.notes)))
    if len(blocks) < len(found.blocks):
        notes.append(f"only its first {limits.characters} characters are known")
    if not any(block.text.strip() and not block.level for block in blocks):
        raise Permanent(f"{path.name} holds no text that can be read", remedy=reading.remedy())
    return Extracted(
        tuple(blocks),
        title=_title(found, blocks, path),
        language=_language(blocks, found.language, languages),
        media_type=found.media_type,
        notes=tuple(notes),
    )


class _Reading:
    """Of one file and what is in it."""

    def __init__(self, languages: tuple[str, ...], limits: Limits, told: Told) -> None:
        self._languages, self._limits, self._told = languages, limits, told
        self._data = letters.folder()
        self._groups = letters.groups(languages, self._data)
        self._wants_letters = False
        self.notes: list[str] = []

    def read(self, data: bytes, name: str, media_type: str, depth: int = 0) -> Extracted:
        kind, _, parameters = media_type.partition(";")
        suffix = Path(name).suffix.lower()
        if data.startswith(b"\xd0\xcf\x11\xe0") and _LOCKED_OFFICE in data:
            raise Permanent(
                f"{name} is locked by a password", remedy="save it once without the password"
            )
        if _is_web_page(data, suffix, kind):
            return self._web_page(data, parameters)
        if (suffix == ".eml" or kind == "message/rfc822") and not _is_binary(data):
            return self._mail(data, depth)
        if data[:4] in (b"II*\x00", b"MM\x00*"):
            return self._pictures(data, name)
        return self._any(data, name, kind.strip())

    def remedy(self) -> str:
        packages = letters.missing(self._languages, self._data)
        if self._wants_letters and packages:
            return f"if it is a scan, type: sudo apt install {' '.join(packages)}"
        return "open it and look whether there is text"

    def _web_page(self, data: bytes, parameters: str) -> Extracted:
        page = web_page.read(_decoded(data, parameters))
        return Extracted(page.blocks, page.title, page.language, "text/html")

    def _mail(self, data: bytes, depth: int) -> Extracted:
        def opened(name: str, content: bytes) -> list[Block]:
            if depth >= MAIL_DEPTH:
                raise Permanent("too many mails within each other")
            return list(self.read(content, name, "", depth + 1).blocks)

        subject, blocks = mail.read(data, opened, self.notes)
        return Extracted(tuple(blocks), subject, media_type="message/rfc822")

    def _pictures(self, data: bytes, name: str) -> Extracted:
        """All of a file that holds several; the library knows the first alone."""
        frames = list(letters.frames(data))
        blocks: list[Block] = []
        for number, frame in enumerate(frames, 1):
            read = self._any(frame, name, "image/tiff")
            blocks += [replace(block, page=number) for block in read.blocks]
            self._told({"page": number, "pages": len(frames)})
        return Extracted(tuple(blocks), media_type="image/tiff")

    def _any(self, data: bytes, name: str, media_type: str) -> Extracted:
        source = library.Source(data, name, media_type)
        raw = self._extracted(source)
        if is_any(raw.media_type, _ARCHIVES) and "epub" not in raw.media_type:
            raise Permanent(f"{name} is an archive", remedy="unpack it into the folder")
        blocks = blocks_of(raw.nodes, raw.media_type)
        if raw.slide_notes:
            blocks = _with_notes(blocks, raw.slide_notes)
        if pages := _to_recognise(raw, blocks):
            known = self._recognised(source, pages, _by_page(blocks))
            blocks = [block for page in sorted(known) for block in known[page]]
        notes = self._unread(raw, blocks)
        return Extracted(tuple(blocks), raw.title, raw.language, raw.media_type, tuple(notes))

    def _recognised(
        self, source: library.Source, pages: set[int], native: dict[int, list[Block]]
    ) -> dict[int, list[Block]]:
        """All pages, with the letters of these where they say more than their own text."""
        known = dict(native)
        for group in self._groups:
            raw = self._extracted(source, group, sorted(pages))
            found = _by_page(blocks_of(raw.nodes, raw.media_type))
            for page in pages & found.keys():
                own = native.get(page, [])
                if page in raw.doubtful or _letters(found[page]) > _letters(own):
                    known[page] = found[page]
            pages = {page for page in pages if not letters.ideographic(_text(known.get(page, [])))}
            if not pages:
                break
        return known

    def _extracted(
        self, source: library.Source, languages: Sequence[str] = (), pages: Sequence[int] = ()
    ) -> library.Raw:
        def told(page: int, pages: int) -> None:
            self._told({"page": page, "pages": pages})

        ocr = library.Letters(languages, self._data, pages) if languages and self._data else None
        return library.extract(source, ocr, self._limits.allowed, told)

    def _unread(self, raw: library.Raw, blocks: Sequence[Block]) -> list[str]:
        """Which pages have no text; remembers that a picture may have had some."""
        picture = is_any(raw.media_type, PICTURES)
        if not picture and "pdf" not in raw.media_type:
            return []
        known = {block.page for block in blocks}
        empty = [page for page in range(1, raw.pages + 1) if page not in known]
        self._wants_letters = self._wants_letters or picture or bool(empty) or not blocks
        if not empty or not blocks:
            return []
        shown = ", ".join(map(str, empty[:20])) + (" ..." if len(empty) > 20 else "")
        packages = letters.missing(self._languages, self._data)
        hint = f" (to read scans: sudo apt install {' '.join(packages)})" if packages else ""
        return [f"no text on page {shown}{hint}"]


def _to_recognise(raw: library.Raw, blocks: Sequence[Block]) -> set[int]:
    """Pages that are pictures with hardly a word of text, or whose text is not what they show."""
    if is_any(raw.media_type, PICTURES):
        return {1}
    if "pdf" not in raw.media_type:
        return set()
    known = _by_page(blocks)
    bare = {page for page in raw.pictures if _letters(known.get(page, [])) < FEW}
    return bare | raw.doubtful | (set(range(1, raw.pages + 1)) - known.keys())


def _by_page(blocks: Sequence[Block]) -> dict[int, list[Block]]:
    pages: dict[int, list[Block]] = {}
    for block in blocks:
        pages.setdefault(block.page or 1, []).append(block)
    return pages


def _text(blocks: Sequence[Block]) -> str:
    return "\n".join(block.text for block in blocks)[:SAMPLE]


def _letters(blocks: Sequence[Block]) -> int:
    """An ideograph says as much as three of them."""
    return sum(3 if letter > "\u2fff" else 1 for letter in _text(blocks) if letter.isalnum())


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise Permanent(
                f"{path.name} has {size >> 20} MB; the most is {limits.file_bytes >> 20}",
                remedy="split it, or raise knowledge.file_mb",
            )
        return path.read_bytes()
    except OSError as error:
        raise Permanent(
            f"cannot read {path}: {error.strerror}", remedy="check its rights for Lares' user"
        ) from error


def _is_web_page(data: bytes, suffix: str, kind: str) -> bool:
    named = suffix in _PAGE_NAMES or kind.strip() in ("text/html", "application/xhtml+xml")
    return named and not _is_binary(data)


def _is_binary(data: bytes) -> bool:
    return data.startswith((b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8"))


def _decoded(data: bytes, parameters: str) -> str:
    """Of a web page: by what the server says, or the page itself."""
    said = _CHARSET.search(data[:4096])
    _, _, header = parameters.lower().partition("charset=")
    named = (header.strip(" \"';"), said.group(1).decode() if said else "")
    return encodings.decoded(data, [name for name in named if name])


def _with_notes(blocks: Sequence[Block], said: Sequence[tuple[int, str]]) -> list[Block]:
    """What a speaker noted, after all that stands on the slide."""
    pages = {block.page or 0 for block in blocks} | {page for page, _ in said}
    found: list[Block] = []
    for page in sorted(pages):
        found += [block for block in blocks if (block.page or 0) == page]
        found += [Block(text, page=page) for at, text in said if at == page]
    return found


def _bounded(blocks: Sequence[Block], characters: int) -> list[Block]:
    kept, left = list[Block](), characters
    for block in blocks:
        if left <= 0:
            break
        kept.append(block if len(block.text) <= left else replace(block, text=block.text[:left]))
        left -= len(block.text) + BLOCK_COST
    return kept


def _title(found: Extracted, blocks: Sequence[Block], path: Path) -> str:
    """The file's own, a heading at its beginning, or its name."""
    said = " ".join(found.title.split())
    if said and said.lower() not in _NO_TITLE:
        return said[:200]
    if is_any(found.media_type, WORKBOOKS):
        return path.stem[:200]
    heading = next((block.text for block in blocks[:3] if block.level), "")
    return (heading or path.stem)[:200]


def _language(blocks: Sequence[Block], declared: str, expected: Sequence[str]) -> str:
    """What a few words, or a table, seem to be counts only where it is `expected`."""
    prose = "\n".join(block.text for block in blocks[:200] if not block.cells)[:SAMPLE]
    text = prose or "\n".join(block.text for block in blocks[:200])[:SAMPLE]
    if letters.ideographic(text):
        kana = sum("\u3040" <= letter <= "\u30ff" for letter in text)
        hangul = sum("\uac00" <= letter <= "\ud7a3" for letter in text)
        return "ko" if hangul * 3 > len(text) else "ja" if kana * 20 > len(text) else "zh"
    told = main_language(declared)
    seems = library.language(text)
    if len(prose) >= ENOUGH:
        return seems or told
    return told or (seems if seems in expected else "")
