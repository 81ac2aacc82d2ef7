"""What `lares kb add` was given, as a source: a path, a web address, or a database with a query."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from laresd.backends.knowledge.files import right_to_read, unreadable
from laresd.documents import Source, SourceKind
from laresd.errors import Permanent, Refused

_NEVER = ("/proc", "/sys", "/dev", "/run")  # no documents, and some of it never ends
_MAX_NAME = 60  # characters


def source_of(
    location: str,
    collection: str,
    *,
    whole_site: bool = False,
    follow: bool = False,
    query: str = "",
    key: str = "",
    group: str = "",
) -> Source:
    """Raises Refused for what is no source. A database's location has a mark of its query behind
    it, so that two queries are two sources.
    """
    if not collection.strip() or len(collection) > _MAX_NAME or not collection.isprintable():
        raise Refused(f"a collection is a name of 1 to {_MAX_NAME} characters")
    scheme = location.partition("://")[0].lower() if "://" in location else ""
    options = [("follow", "true")] if follow else []
    if scheme in ("http", "https"):
        if query:
            raise Refused("a query is asked of a database, not of a web address")
        kind = SourceKind.SITE if whole_site else SourceKind.PAGE
        return Source(collection, kind, location, options=tuple(options))
    if scheme == "file":
        location = urlsplit(location).path
    elif scheme:
        return _query(location, collection, options, query=query, key=key, group=group)
    if whole_site or query:
        raise Refused(f"{location} is a path; --site and --query are for others")
    if not location.startswith("/"):
        raise Refused(f"{location} is no whole path, no web address and no database")
    return Source(collection, SourceKind.FILE, location)


def _query(
    location: str,
    collection: str,
    options: list[tuple[str, str]],
    *,
    query: str,
    key: str,
    group: str,
) -> Source:
    if not query.strip():
        raise Refused(
            "which rows of the database?", remedy="add: --query 'SELECT id, text FROM notes'"
        )
    columns = [("key", key)] if key else []
    columns += [("group", group)] if group else []
    asked = [("query", query.strip()), *columns]
    mark = hashlib.sha256(repr(asked).encode()).hexdigest()[:6]
    return Source(collection, SourceKind.QUERY, f"{location}#{mark}", options=(*options, *asked))


async def checked_path(source: Source, own: Path) -> Source:
    """A path without links, and whether it is a file or a folder. Raises Permanent where it is not
    there or may not be read, Refused for Lares' own state (`own`) and what holds no documents.
    """
    return await asyncio.to_thread(_checked, source, own)


def _checked(source: Source, own: Path) -> Source:
    given = Path(source.location)
    try:
        path = given.resolve(strict=True)
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            os.scandir(path).close()
        elif stat.S_ISREG(kind):
            path.open("rb").close()
        else:
            raise Refused(f"{given} is no file and no folder")
    except FileNotFoundError:
        raise Permanent(f"there is no {given}", remedy=_remedy_absent(given)) from None
    except OSError as error:
        raise unreadable(given, error) from error
    if path == Path("/") or any(path.is_relative_to(never) for never in _NEVER):
        raise Refused(f"{path} holds no documents")
    if path.is_relative_to(own) or own.is_relative_to(path):
        raise Refused(f"{path} holds what Lares itself keeps")
    folder = stat.S_ISDIR(kind)
    return replace(
        source, kind=SourceKind.FOLDER if folder else SourceKind.FILE, location=str(path)
    )


def _remedy_absent(path: Path) -> str:
    """Homes are hidden from a daemon under systemd, so that what is there seems not to be."""
    return right_to_read(path) if path.is_relative_to("/home") else ""
