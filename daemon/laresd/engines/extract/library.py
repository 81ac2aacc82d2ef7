"""The extraction library; the only file that imports xberg."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import xberg
from xberg import progress

from laresd.engines.extract.blocks import Node
from laresd.errors import Permanent
from laresd.frames import Fields

RESOLUTION = 200  # dots per inch that letters are read at; higher ones blur small pictures

_LOCKED = ("password", "encrypted", "decrypt")
_TAGS = {  # ISO 639-3 to the main tag
    "eng": "en", "deu": "de", "cmn": "zh", "fra": "fr", "spa": "es", "ita": "it", "por": "pt",
    "nld": "nl", "pol": "pl", "rus": "ru", "ukr": "uk", "ces": "cs", "dan": "da", "fin": "fi",
    "hun": "hu", "jpn": "ja", "kor": "ko", "nob": "nb", "ron": "ro", "swe": "sv", "tur": "tr",
    "ell": "el", "bul": "bg", "hrv": "hr", "slk": "sk", "slv": "sl", "cat": "ca", "ara": "ar",
    "heb": "he", "hin": "hi", "vie": "vi", "ind": "id", "tha": "th", "pes": "fa",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowed:
    """`unpacked`: bytes that an archive may hold, `pages` that a document may have."""

    unpacked: int
    pages: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Source:
    """`media_type`: "" where it is to be found out."""

    data: bytes
    name: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Letters:
    """How pictures are read. `languages` are tesseract's, the first preferred. `pages` of a PDF
    whose letters are recognised whatever text they have.
    """

    languages: Sequence[str]
    data: Path
    pages: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """What the library says of a file. `pages` that it has, 0 where it has none. `pictures`: those
    that are one; `doubtful`: those whose text does not seem to be what they show.
    """

    nodes: tuple[Node, ...]
    media_type: str
    title: str
    language: str
    pages: int
    pictures: frozenset[int]
    doubtful: frozenset[int]
    slide_notes: tuple[tuple[int, str], ...] = ()


def extract(
    source: Source,
    letters: Letters | None,
    allowed: Allowed,
    told: Callable[[int, int], None],
) -> Raw:
    """`told` the page of how many whose letters were read. Raises Permanent, with the reason."""
    document = _run(source, _config(letters, allowed), told)
    if "presentation" not in document.mime_type:
        return _raw(document)
    # The library knows titles and tables of slides in one form, and speakers' notes in the other.
    plain = _raw(document)
    config = _config(letters, allowed, xberg.OutputFormat("markdown"))
    shaped = _raw(_run(source, config, told))
    return replace(plain, nodes=shaped.nodes, slide_notes=tuple(_slide_notes(plain.nodes)))


def language(text: str) -> str:
    """The main tag of the language of a text, "" when it is none that is known."""
    config = xberg.ExtractionConfig(
        use_cache=False,
        language_detection=xberg.LanguageDetectionConfig(enabled=True, min_confidence=0.0),
    )
    source = xberg.ExtractInput(kind="bytes", bytes=text.encode(), mime_type="text/plain")
    result = asyncio.run(xberg.extract(source, config))
    found = result.results[0].detected_languages if result.results else None
    return _TAGS.get(found[0], "") if found else ""


def _run(
    source: Source, config: xberg.ExtractionConfig, told: Callable[[int, int], None]
) -> xberg.ExtractedDocument:
    wanted = xberg.ExtractInput(
        kind="bytes",
        bytes=source.data,
        filename=source.name,
        mime_type=source.media_type or None,
    )
    result: xberg.ExtractionResult
    try:
        result = asyncio.run(
            progress.extract(wanted, config, lambda page: told(page.page, page.total))
        )
    except (RuntimeError, ValueError, OSError) as error:  # all of its errors are one of them
        raise _unreadable(source.name, str(error)) from error
    if not result.results:
        why = "; ".join(str(each) for each in result.errors) or "it is empty"
        raise _unreadable(source.name, why)
    document: xberg.ExtractedDocument = result.results[0]
    return document


def _config(
    letters: Letters | None, allowed: Allowed, form: xberg.OutputFormat | None = None
) -> xberg.ExtractionConfig:
    return xberg.ExtractionConfig(
        use_cache=False,
        include_document_structure=True,
        ocr=_ocr(letters) if letters else None,
        disable_ocr=letters is None,
        force_ocr_pages=list(letters.pages) if letters and letters.pages else None,
        output_format=form or xberg.OutputFormat("plain"),
        extraction_timeout_secs=allowed.seconds,
        security_limits=xberg.SecurityLimits(
            max_archive_size=allowed.unpacked,
            max_content_size=allowed.unpacked,
            max_pages=allowed.pages,
        ),
        concurrency=xberg.ConcurrencyConfig(max_threads=1, max_concurrent_ocr=1),
    )


def _ocr(letters: Letters) -> xberg.OcrConfig:
    """Tesseract alone, with no second engine to be fetched, no tables guessed from gaps between
    words, and no line left out since a dictionary lacks its words.
    """
    languages = list(letters.languages)
    tesseract = xberg.TesseractConfig(
        language=languages,
        psm=3,
        enable_table_detection=False,
        use_cache=False,
        preprocessing=xberg.ImagePreprocessingConfig(target_dpi=RESOLUTION),
    )
    quality = xberg.OcrQualityThresholds(discard_suspected_ocr_noise=False)
    stage = xberg.OcrPipelineStage(
        backend="tesseract", priority=1, language=languages, tesseract_config=tesseract
    )
    return xberg.OcrConfig(
        language=languages,
        tesseract_config=tesseract,
        tessdata_path=str(letters.data),
        quality_thresholds=quality,
        pipeline=xberg.OcrPipelineConfig(stages=[stage], quality_thresholds=quality),
    )


def _raw(document: xberg.ExtractedDocument) -> Raw:
    structure, form = document.document, document.metadata.format
    nodes = [
        Node(json.loads(str(node.content)), node.page, node.parent)
        for node in (structure.nodes if structure else [])
    ]
    facts = Fields(json.loads(str(form)) if form else {})
    return Raw(
        tuple(nodes),
        document.mime_type,
        (document.metadata.title or "").strip(),
        (document.metadata.language or "").strip(),
        document.counts.pages,
        frozenset(facts.integers("scanned_pages")),
        frozenset(
            facts.integers("fabricated_text_pages") + facts.integers("implausible_text_pages")
        ),
    )


def _slide_notes(nodes: Sequence[Node]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    noted: int | None = None
    for node in nodes:
        text = str(node.content.get("text", ""))
        if text == "Notes:":
            noted = node.page
        elif node.page is not None and node.page == noted and text:
            found.append((node.page, text))
    return found


def _unreadable(name: str, why: str) -> Permanent:
    if any(word in why.lower() for word in _LOCKED):
        return Permanent(
            f"{name} is locked by a password", remedy="save it once without the password"
        )
    if "too many pages" in why:
        return Permanent(f"{name} has too many pages", remedy="split it")
    return Permanent(f"{name} cannot be read: {why[:300]}", remedy="open it and save it again")
