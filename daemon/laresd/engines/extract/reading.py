"""One file through the extraction library; the only file that imports xberg."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import xberg
from xberg import progress

from laresd.documents import Block, Extracted
from laresd.engines.extract.blocks import Node, blocks_of
from laresd.errors import Permanent

TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")  # Debian's; also of tesseract 5 elsewhere
OCR = {"en": "eng", "de": "deu", "zh": "chi_sim"}  # main language to tesseract's data
PICTURES = ("image/",)
_LOCKED = ("password", "encrypted", "decrypt")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file. `characters` of its text, `file_bytes` of itself, `unpacked_bytes` of what an
    archive may hold, `pages` that are looked at.
    """

    file_bytes: int = 200 << 20
    unpacked_bytes: int = 300 << 20
    characters: int = 20_000_000
    pages: int = 5000
    seconds: int = 600


def read(
    path: Path,
    media_type: str,
    languages: tuple[str, ...],
    limits: Limits,
    told: Callable[[], None],
) -> Extracted:
    """`languages` to look for in pictures, main tags. `told` is called as pages are done. Raises
    Permanent, with the reason for a person.
    """
    data = _bytes(path, limits)
    config = _config(languages, limits)
    source = xberg.ExtractInput(
        kind="bytes", bytes=data, filename=path.name, mime_type=media_type or None
    )
    try:
        result = asyncio.run(progress.extract(source, config, lambda page: told()))
    except (RuntimeError, ValueError) as error:  # all of its errors are one of them
        raise _unreadable(path, str(error)) from error
    if not result.results:
        raise _unreadable(path, "; ".join(str(each) for each in result.errors) or "it is empty")
    return _extracted(result.results[0], path, limits)


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise Permanent(
                f"{path.name} has {size >> 20} MB; the most is {limits.file_bytes >> 20}",
                remedy="split it, or raise knowledge.file_limit_mb",
            )
        return path.read_bytes()
    except OSError as error:
        raise Permanent(
            f"cannot read {path}: {error.strerror}", remedy="check its rights for Lares' user"
        ) from error


def _config(languages: tuple[str, ...], limits: Limits) -> xberg.ExtractionConfig:
    wanted = [OCR[language] for language in languages if language in OCR]
    there = [data for data in wanted if (TESSDATA / f"{data}.traineddata").is_file()]
    ocr = xberg.OcrConfig(language=there, tessdata_path=str(TESSDATA)) if there else None
    return xberg.ExtractionConfig(
        use_cache=False,
        include_document_structure=True,
        ocr=ocr,
        disable_ocr=ocr is None,
        extraction_timeout_secs=limits.seconds,
        security_limits=xberg.SecurityLimits(
            max_archive_size=limits.unpacked_bytes,
            max_content_size=limits.unpacked_bytes,
            max_pages=limits.pages,
        ),
        concurrency=xberg.ConcurrencyConfig(max_threads=1, max_concurrent_ocr=1),
    )


def _extracted(document: xberg.ExtractedDocument, path: Path, limits: Limits) -> Extracted:
    media_type = document.mime_type
    structure = document.document
    nodes = (
        [Node(json.loads(str(node.content)), node.page) for node in structure.nodes]
        if structure
        else []
    )
    blocks = blocks_of(nodes, media_type)
    notes: list[str] = []
    kept = _bounded(blocks, limits.characters)
    if len(kept) < len(blocks):
        notes.append(f"only its first {limits.characters} characters are known")
    if not any(block.text.strip() and not block.level for block in kept):
        raise Permanent(f"{path.name} holds no text that can be read", remedy=_remedy(media_type))
    return Extracted(
        tuple(kept),
        title=_title(document, kept, path),
        language=(document.detected_languages or [""])[0],
        media_type=media_type,
        notes=tuple(notes),
    )


def _bounded(blocks: list[Block], characters: int) -> list[Block]:
    kept, left = list[Block](), characters
    for block in blocks:
        if left <= 0:
            break
        kept.append(block if len(block.text) <= left else replace(block, text=block.text[:left]))
        left -= len(block.text)
    return kept


def _title(document: xberg.ExtractedDocument, blocks: list[Block], path: Path) -> str:
    """The file's own, a heading at its beginning, or its name."""
    said = (document.metadata.title or "").strip()
    if said and said.lower() not in ("(anonymous)", "untitled", "document", "(unspecified)"):
        return said[:200]
    heading = next((block.text for block in blocks[:3] if block.level), "")
    return (heading or path.stem)[:200]


def _unreadable(path: Path, why: str) -> Permanent:
    if any(word in why.lower() for word in _LOCKED):
        return Permanent(
            f"{path.name} is locked by a password", remedy="save it once without the password"
        )
    return Permanent(f"{path.name} cannot be read: {why[:300]}", remedy="open it and save it again")


def _remedy(media_type: str) -> str:
    if any(part in media_type for part in ("pdf", *PICTURES)):
        return "if it is a scan, type: sudo apt install tesseract-ocr-eng (or -deu, -chi-sim)"
    return "open it and look whether there is text"
