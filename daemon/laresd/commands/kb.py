"""`lares kb`: what the box knows of documents, where it is from, and what they say.

It asks the running daemon over the control socket (laresd.frontends.knowledge_operations).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from laresd.commands.client import parts
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

BAR = 24  # characters
DEFAULT = "home"  # collection
_HELP = {
    "add": "read a file, a folder, a web page or rows of a database, and follow them",
    "list": "where documents are from, and how they are read",
    "remove": "forget a source with all its documents",
    "status": "the collections, and what is in them",
    "documents": "the documents of a collection",
    "retry": "read again what could not be read",
    "search": "passages that say most about something",
    "ask": "an answer from the documents, with its sources",
    "summary": "what one document says, in short",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="|".join(_HELP))
    made = {}
    for name, text in _HELP.items():
        action = made[name] = actions.add_parser(name, help=text, description=text)
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS)
    _add_arguments_of_add(made["add"])
    made["remove"].add_argument("id", type=int, metavar="ID", help="of `lares kb list`")
    made["retry"].add_argument("id", type=int, nargs="?", metavar="ID", help="default: all sources")
    made["documents"].add_argument("--collection", default=DEFAULT)
    made["documents"].add_argument("--limit", type=int, default=100)
    made["documents"].add_argument("--offset", type=int, default=0)
    made["summary"].add_argument("text", metavar="DOCUMENT", help="its number or title")
    made["summary"].add_argument("--language", default="")
    for name in ("search", "ask"):
        made[name].add_argument("text", metavar="TEXT")
        made[name].add_argument("--collection", action="append", default=[], dest="collections")
        made[name].add_argument("--language", default="")
    made["ask"].add_argument("--profile", default="", help="of the configuration")


def _add_arguments_of_add(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "location", metavar="PATH|URL|DATABASE", help="a database as SQLAlchemy writes it"
    )
    action.add_argument("--collection", default=DEFAULT, help=f"default: {DEFAULT}")
    action.add_argument("--site", action="store_true", help="of a URL: the pages below it, too")
    action.add_argument(
        "--follow", action="store_true", help="look again each day; files are always followed"
    )
    action.add_argument("--query", default="", metavar="SQL", help="of a database: which rows")
    action.add_argument("--key", default="", metavar="COLUMN", help="by which a row is known")
    action.add_argument(
        "--group", default="", metavar="COLUMN", help="rows with the same value are one document"
    )
    action.add_argument("--no-wait", action="store_true", help="do not wait until all is read")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done; 1 when nothing was found, or a source could not be read."""
    actions: dict[str, Callable[[argparse.Namespace, Config], int]] = {
        "add": _add,
        "list": _list,
        "remove": _remove,
        "status": _status,
        "documents": _documents,
        "retry": _retry,
        "search": _search,
        "ask": _ask,
        "summary": _summary,
    }
    return actions[arguments.action](arguments, config)


def _add(arguments: argparse.Namespace, config: Config) -> int:
    location = arguments.location
    if "://" not in location:
        location = str(Path(location).expanduser().absolute())
    request: dict[str, Json] = {
        "op": "kb_add",
        "location": location,
        "collection": arguments.collection,
        "site": arguments.site,
        "follow": arguments.follow,
        "query": arguments.query,
        "key": arguments.key,
        "group": arguments.group,
    }
    (source,) = parts(config, request)
    if not arguments.no_wait:
        source = _watched(Fields(source).integer("id"), arguments, config)
    if arguments.json:
        print_json(source)
    else:
        _print_source(Fields(source))
    return 1 if Fields(source).text("fault") else 0


def _watched(number: int, arguments: argparse.Namespace, config: Config) -> dict[str, Json]:
    """The source, when it has been read; until then a bar on standard error."""
    shown = sys.stderr.isatty() and not arguments.json
    try:
        for part in parts(config, {"op": "kb_watch", "id": number}):
            progress = Fields(part).row("progress")
            if progress is None:
                return part
            if shown:
                print(f"\r\033[K{bar(progress)}", end="", file=sys.stderr, flush=True)
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    raise Permanent("laresd did not say how it went", remedy="see: lares kb list")


def bar(progress: Fields) -> str:
    """[######    ] 12 of 30, 1 failed: boiler.pdf"""
    done, total = progress.integer("done"), progress.integer("total", 0)
    filled = min(BAR * done // total, BAR) if total else 0
    failed = progress.integer("failed")
    count = f"{done} of {total}" if total else f"{done}"
    trouble = f", {failed} failed" if failed else ""
    at = progress.text("at").rpartition("/")[2][:40]
    return f"[{'#' * filled}{' ' * (BAR - filled)}] {count}{trouble}" + (f": {at}" if at else "")


def _print_source(source: Fields) -> None:
    number, documents = source.integer("id"), source.integer("documents")
    print(f"source {number}, {source.text('location')}: {documents} documents")
    if faults := source.integer("faults"):
        print(f"{faults} could not be read; see: lares kb documents", end="")
        print(f" --collection {source.text('collection')}")
    for note in source.texts("notes"):
        print(f"note: {note}")
    if fault := source.text("fault"):
        print(f"it could not be read as a whole: {fault}", file=sys.stderr)


def _list(arguments: argparse.Namespace, config: Config) -> int:
    found = list(parts(config, {"op": "kb_list"}))
    if arguments.json:
        sources: list[Json] = list(found)
        print_json({"sources": sources})
        return 0
    if not found:
        print("there are none yet: lares kb add PATH|URL|DATABASE")
        return 0
    head = ["ID", "COLLECTION", "KIND", "DOCUMENTS", "FAULTS", "READ", "SOURCE"]
    rows = [_source_row(Fields(one)) for one in found]
    print(*table([head, *rows]), sep="\n")
    for source in map(Fields, found):
        if fault := source.text("fault"):
            print(f"source {source.integer('id')}: {fault}")
    return 0


def _source_row(source: Fields) -> list[str]:
    at = source.real("read_at", 0.0)
    read = time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else "never"
    return [
        str(source.integer("id")),
        source.text("collection"),
        source.text("kind"),
        str(source.integer("documents")),
        str(source.integer("faults")),
        "now" if source.flag("reading") else read,
        source.text("location"),
    ]


def _remove(arguments: argparse.Namespace, config: Config) -> int:
    (told,) = parts(config, {"op": "kb_remove", "id": arguments.id})
    if arguments.json:
        print_json(told)
    else:
        print(f"source {arguments.id} is forgotten, with its documents")
    return 0


def _status(arguments: argparse.Namespace, config: Config) -> int:
    found = list(parts(config, {"op": "kb_status"}))
    if arguments.json:
        collections: list[Json] = list(found)
        print_json({"collections": collections})
        return 0
    head = ["COLLECTION", "DOCUMENTS", "PASSAGES", "FAULTS", "LANGUAGES", "WHO MAY ASK"]
    print(*table([head, *(_collection_row(Fields(one)) for one in found)]), sep="\n")
    return 0


def _collection_row(collection: Fields) -> list[str]:
    names = ("sites", "users", "programs")
    who = [f"{name}: {', '.join(collection.texts(name))}" for name in names]
    allowed = "; ".join(
        text for text, name in zip(who, names, strict=True) if collection.texts(name)
    )
    return [
        collection.text("name"),
        str(collection.integer("documents")),
        str(collection.integer("passages")),
        str(collection.integer("faults")),
        ", ".join(collection.texts("languages")) or "-",
        allowed or "everybody",
    ]


def _documents(arguments: argparse.Namespace, config: Config) -> int:
    request: dict[str, Json] = {
        "op": "kb_documents",
        "collection": arguments.collection,
        "limit": arguments.limit,
        "offset": arguments.offset,
    }
    found = list(parts(config, request))
    if arguments.json:
        documents: list[Json] = list(found)
        print_json({"documents": documents})
        return 0
    rows = [
        [str(one.integer("id")), one.text("title"), one.text("uri"), _state(one)]
        for one in map(Fields, found)
    ]
    print(*table([["ID", "TITLE", "DOCUMENT", "STATE"], *rows]), sep="\n")
    return 0


def _state(document: Fields) -> str:
    return document.text("fault") or "; ".join(document.texts("notes")) or "known"


def _retry(arguments: argparse.Namespace, config: Config) -> int:
    (told,) = parts(config, {"op": "kb_retry", "id": arguments.id or 0})
    if arguments.json:
        print_json(told)
    else:
        print(f"{Fields(told).integer('documents')} documents are read again")
    return 0


def _question(arguments: argparse.Namespace, op: str) -> dict[str, Json]:
    request: dict[str, Json] = {"op": op, "text": arguments.text}
    if arguments.language:
        request["language"] = arguments.language
    if named := getattr(arguments, "collections", []):
        request["collections"] = named
    if profile := getattr(arguments, "profile", ""):
        request["profile"] = profile
    return request


def _search(arguments: argparse.Namespace, config: Config) -> int:
    (told,) = parts(config, _question(arguments, "kb_search"))
    if arguments.json:
        print_json(told)
        return 0
    found = Fields(told).rows("found")
    for one in found:
        print(_cited(one))
        print(*(f"    {line}" for line in one.text("text").splitlines()), sep="\n")
    return 0 if found else 1


def _ask(arguments: argparse.Namespace, config: Config) -> int:
    answer, told = Fields({}), False
    for part in parts(config, _question(arguments, "kb_ask")):
        answer = Fields(part)
        if "sentence" in part and not arguments.json:
            print(answer.text("sentence"), end=" ", flush=True)
            told = True
        elif arguments.json and "sentence" not in part:
            print_json(part)
    if not arguments.json:
        _print_answer(answer, told=told)
    return 1 if answer.text("kind") == "refused" else 0


def _print_answer(answer: Fields, *, told: bool) -> None:
    """What was not told sentence by sentence, and where it stands."""
    print("" if told else answer.text("text"))
    for source in answer.rows("sources"):
        print(f"  {_cited(source)}")


def _cited(source: Fields) -> str:
    """[1] Boiler manual, page 3, Faults (/srv/papers/boiler.pdf)"""
    page, sheet, cells = source.integer("page", 0), source.text("sheet"), source.text("cells")
    where = [f"page {page}" if page else "", " ".join(filter(None, (sheet, cells)))]
    above = " > ".join(source.texts("headings"))
    place = ", ".join(filter(None, (source.text("title"), *where, above)))
    return f"[{source.integer('number')}] {place} ({source.text('uri')})"


def _summary(arguments: argparse.Namespace, config: Config) -> int:
    shown = sys.stderr.isatty() and not arguments.json
    for part in parts(config, _question(arguments, "kb_summary")):
        progress = Fields(part).row("progress")
        if progress is None:
            if arguments.json:
                print_json(part)
            else:
                print(Fields(part).text("text"))
        elif shown:
            print(f"\r\033[K{bar(progress)}\r", end="", file=sys.stderr, flush=True)
    return 0
