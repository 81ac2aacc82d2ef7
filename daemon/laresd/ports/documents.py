"""What the box knows from documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from laresd.documents import (
    Cited,
    Collection,
    Document,
    Extracted,
    Found,
    Held,
    Progress,
    Query,
    Source,
)
from laresd.types import Request, Vectors


class DocumentReader(Protocol):
    """Text of files that nobody vouches for, each read apart from the daemon."""

    async def extract(self, path: Path, *, media_type: str = "", deadline: float) -> Extracted:
        """Raises Permanent for what cannot be read (broken, locked, a bomb, no text in it, or more
        than the limits of memory and time allow), with the reason for a person; Temporary when
        the machine ran out of memory, the reader was restarted, or did not answer in time.
        """
        ...


class Library(Protocol):
    """The documents that the box knows, and where they come from. All of it is on disk."""

    async def collections(self) -> Sequence[Collection]: ...

    async def sources(self) -> Sequence[Source]: ...

    async def add(self, source: Source) -> Source:
        """From now on its documents are read, and followed as they change. The same one again is
        no error. Raises Permanent for what is not there or may not be read.
        """
        ...

    async def remove(self, source_id: int) -> None:
        """Forget it with all its documents. Raises Permanent when there is none."""
        ...

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        """By title; those that could not be read among them."""
        ...

    async def text(self, document_id: int) -> str:
        """All that is known of one. Raises Permanent when there is none."""
        ...

    def progress(self) -> Mapping[int, Progress]:
        """Of the sources that are being read now, by id."""
        ...


class PassageIndex(Protocol):
    """Finds passages in two ways. Each raises Temporary or Permanent when it cannot be used."""

    async def words_leg(
        self, asked: Sequence[str], query: Query, limit: int
    ) -> Sequence[tuple[int, float]]:
        """(passage, BM25) of those that hold any of the words, best first."""
        ...

    async def vector_leg(
        self, model: str, vector: Vectors, query: Query, limit: int
    ) -> Sequence[tuple[int, float]]:
        """(passage, cosine) of those nearest to the one vector, best first; none where the model
        has no vectors yet. `model`: the key of the embedding model.
        """
        ...

    async def passages(self, ids: Sequence[int]) -> Mapping[int, Held]:
        """Those of these that are there still."""
        ...


class Librarian(Protocol):
    """Answers from documents, and from nothing else. It has no tools: text never acts."""

    async def search(self, request: Request, collections: Sequence[str] = ()) -> Sequence[Found]:
        """What says most about it, best first, neighbours joined and repetitions folded; of the
        collections that the asker may ask: those named, or all. Raises Refused when one that is
        named may not be asked.
        """
        ...

    async def answer(
        self,
        request: Request,
        collections: Sequence[str] = (),
        on_sentence: Callable[[str], None] | None = None,
        *,
        profile: str = "",
    ) -> Cited:
        """A refusal where nothing in them says it. `profile`: of the configuration, "" for none.
        Raises what `search` and the language model raise, Permanent for a profile that is not
        there.
        """
        ...

    async def summary(
        self,
        request: Request,
        document: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> str:
        """Of one document, by its number or title; in the request's language where a model writes
        it. Background work: the request's deadline counts for the whole. Raises Refused where there
        is no such document, or not only one, that the asker may ask; what the language model
        raises, and goes on where it was when it is asked again.
        """
        ...
