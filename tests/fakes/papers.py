"""A household's papers in a real library on disk, for whoever asks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from laresd.backends.knowledge.store import LibraryStore
from laresd.core.knowledge import chunking, words
from laresd.core.knowledge.librarian import DocumentLibrarian
from laresd.core.knowledge.profiles import Profile
from laresd.core.knowledge.searching import Searcher
from laresd.documents import Block, Collection, Document, Extracted, Source, SourceKind
from laresd.ports import Clock, LanguageModel
from laresd.types import Request
from tests.fakes.clock import FakeClock

BOILER = (
    Block("Boiler manual", 1),
    Block("Pressure", 2, page=3),
    Block(
        "The boiler keeps a pressure of 1.5 bar. It must never rise above 3 bar. Check the gauge "
        "on the front once a month, and add water through the blue tap when it is below 1 bar.",
        page=3,
    ),
    Block("Service", 2, page=7),
    Block(
        "The burner is serviced every two years by a certified engineer. The last service was on "
        "12 May 2024 by Karl Brandt. The anode is replaced at every second service.",
        page=7,
    ),
)
LEASE = (
    Block("Rental contract", 1),
    Block(
        "The flat at Elm Street 12 is let to Ada and Bob Miller. The monthly rent is 940 euros and "
        "is due on the third working day. Three months' notice must be given in writing. Pets are "
        "allowed with the landlord's consent. The deposit is three months' rent.",
        page=1,
    ),
)
WASHER = (
    Block("Bedienungsanleitung Waschmaschine", 1),
    Block(
        "Das Flusensieb wird alle zwei Monate gereinigt. Die Maschine fasst höchstens 8 Kilogramm "
        "Wäsche. Bei der Störung E18 ist die Pumpe verstopft.",
        page=5,
    ),
)
RICE = (
    Block("电饭煲说明书", 1),
    Block(
        "煮饭前请先淘米，并浸泡三十分钟。内锅最多可放六杯米。保温功能最长可以使用十二小时。", page=2
    ),
)
PRIVATE = (
    Block("Letter of the dentist", 1),
    Block("The root canal treatment costs 480 euros. The next appointment is on 4 March."),
)
PAPERS: Mapping[str, Sequence[Block]] = {
    "boiler.pdf": BOILER,
    "lease.pdf": LEASE,
    "washer.pdf": WASHER,
    "rice.pdf": RICE,
}


@dataclass
class Shelf:
    """The store, with who may ask each collection."""

    store: LibraryStore
    access: dict[str, Collection] = field(default_factory=dict)

    async def collections(self) -> Sequence[Collection]:
        return [
            replace(
                each,
                sites=self.access.get(each.name, each).sites,
                users=self.access.get(each.name, each).users,
                programs=self.access.get(each.name, each).programs,
            )
            for each in await self.store.collections()
        ]

    async def documents(self, collection: str, *, limit: int, offset: int) -> Sequence[Document]:
        return await self.store.documents(collection, limit=limit, offset=offset)

    async def text(self, document_id: int) -> str:
        return await self.store.text(document_id)

    async def put(self, name: str, blocks: Sequence[Block], collection: str = "house") -> int:
        """Its first block is its title."""
        source = await self.store.add(Source(collection, SourceKind.FOLDER, f"/{collection}"))
        extracted = Extracted(tuple(blocks), title=blocks[0].text)
        text = chunking.text_of(extracted)
        document = Document(
            0, source.id, collection, f"/{collection}/{name}", blocks[0].text, name, len(text), 0.0
        )
        passages = chunking.passages(extracted, lambda text: len(list(words.words(text))))
        return await self.store.put(document, text, passages)

    def librarian(
        self,
        model: LanguageModel | None = None,
        clock: Clock | None = None,
        profiles: Mapping[str, Profile] | None = None,
    ) -> DocumentLibrarian:
        """With a model, it is trusted to write."""
        known = profiles or {}
        clock = clock or FakeClock()
        return DocumentLibrarian(
            Searcher(self.store, clock),
            self,
            clock,
            model,
            writes=lambda: model is not None,
            profiles=known.get,
        )


@asynccontextmanager
async def shelf(
    folder: Path, papers: Mapping[str, Sequence[Block]] = PAPERS
) -> AsyncIterator[Shelf]:
    async with LibraryStore(folder / "library.db", words.words) as store:
        filled = Shelf(store)
        for name, blocks in papers.items():
            await filled.put(name, blocks)
        yield filled


def asking(text: str, language: str = "en", **changes: object) -> Request:
    made = Request("r1", text, language, 1e9, "voice")
    return replace(made, **changes)  # type: ignore[arg-type]
