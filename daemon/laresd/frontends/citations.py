"""How passages and answers from documents are told to programs: plain JSON.

A source says exactly where it stands: the document, its page or sheet and cells, the headings above
it, and its first and last character in the document's text.
"""

from __future__ import annotations

from collections.abc import Sequence

from laresd.documents import Cited, Claim, Found
from laresd.types import Json


def cited_form(cited: Cited) -> dict[str, Json]:
    """`sources` of a claim: numbers of the list beside it, from 1. `kind`: answer, or refused where
    nothing in the documents says it.
    """
    return {
        "kind": "refused" if cited.refused else "answer",
        "text": cited.text,
        "claims": [_claim(claim) for claim in cited.claims],
        "sources": found_forms(cited.sources),
    }


def found_forms(found: Sequence[Found]) -> list[Json]:
    return [_found(number, each) for number, each in enumerate(found, 1)]


def _claim(claim: Claim) -> Json:
    return {
        "text": claim.text,
        "sources": [number + 1 for number in claim.sources],
        "quoted": claim.quoted,
    }


def _found(number: int, found: Found) -> Json:
    document, place = found.document, found.passage.place
    return {
        "number": number,
        "document": document.id,
        "title": document.title,
        "uri": document.uri,
        "collection": document.collection,
        "page": place.page,
        "sheet": place.sheet,
        "cells": place.cells,
        "headings": list(place.headings),
        "start": place.start,
        "end": place.end,
        "text": found.passage.text,
        "duplicates": list(found.duplicates),
    }
