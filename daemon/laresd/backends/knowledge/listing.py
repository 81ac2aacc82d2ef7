"""Which files there are below a folder, and how they differ from what is known. Blocks."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.knowledge.store import Known

MOST_FILES = 200_000  # of one folder
_SUFFIXES = """
pdf doc docx docm odt rtf xls xlsx xlsm ods csv tsv ppt pptx odp html htm xhtml epub fb2 md
markdown rst org adoc tex txt text eml msg png jpg jpeg tif tiff bmp webp
"""
READ_SUFFIXES = frozenset(_SUFFIXES.split())
_RUBBISH = re.compile(  # besides all that begins with a dot
    r"""node_modules|__pycache__|site-packages|venv|lost\+found|\#recycle|\$recycle\.bin|\$.*
    |system\ volume\ information|@eadir|thumbs\.db|desktop\.ini|~\$.*|.*~|\#.*\#
    |.*\.(?:tmp|temp|part|partial|crdownload|download|swp|lock)""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as its folder tells of it. `changed`: of its inode, in ns; no program can set it."""

    path: Path
    size: int
    modified: float
    inode: int
    changed: int

    @classmethod
    def of(cls, path: Path, told: os.stat_result) -> Stamp:
        return cls(path, told.st_size, told.st_mtime, told.st_ino, told.st_ctime_ns)


@dataclass(slots=True)
class Listing:
    """`files` by uri. `unseen`: uris of folders that could not be looked into. `other`: how many
    files are of kinds that are not read; `cut`: there are more than MOST_FILES.
    """

    files: dict[str, Stamp] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    other: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """`same`: how many are as they were. `doubtful`: uris of which only the bytes tell."""

    same: int
    doubtful: tuple[str, ...]
    gone: Mapping[str, Known]


def uri_of(path: Path) -> str:
    """A path as text, also one whose name is no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_rubbish(name: str) -> bool:
    return name.startswith(".") or _RUBBISH.fullmatch(name) is not None


def is_read(name: str) -> bool:
    return Path(name).suffix[1:].lower() in READ_SUFFIXES


def one(path: Path) -> Listing:
    """Of a single file, whatever its kind. Raises OSError; FileNotFoundError is told as none."""
    try:
        told = path.lstat()
    except FileNotFoundError:
        return Listing()
    if not stat.S_ISREG(told.st_mode):
        return Listing()
    return Listing({uri_of(path): Stamp.of(path, told)})


def below(root: Path) -> Listing:
    """All that is read below a folder. Links are not followed: what they lead to is read under its
    own name if it is here. Raises OSError when the folder itself cannot be looked into.
    """
    found = Listing()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            if folder == root:
                raise
            found.unseen.append(uri_of(folder))
            continue
        waiting += _sorted_in(found, inside)
        if found.cut:
            break
    return found


def difference(found: Listing, known: Mapping[str, Known]) -> Difference:
    """By size and time; what was never read for want of its bytes (no digest) is in doubt."""
    doubtful = []
    for uri, stamp in found.files.items():
        before = known.get(uri)
        as_before = before is not None and (
            before.size == stamp.size and before.modified == stamp.modified and before.digest != ""
        )
        if not as_before:
            doubtful.append(uri)
    gone = {
        uri: each
        for uri, each in known.items()
        if uri not in found.files and not found.cut and not _inside(uri, found.unseen)
    }
    return Difference(len(found.files) - len(doubtful), tuple(doubtful), gone)


def _sorted_in(found: Listing, entries: Iterable[os.DirEntry[str]]) -> list[Path]:
    """Files into the listing; the folders among the entries are returned."""
    folders = []
    for entry in entries:
        if is_rubbish(entry.name) or entry.is_symlink():
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            folders.append(path)
        elif entry.is_file(follow_symlinks=False):
            _put(found, path, entry)
    return folders


def _put(found: Listing, path: Path, entry: os.DirEntry[str]) -> None:
    if not is_read(entry.name):
        found.other += 1
        return
    if len(found.files) >= MOST_FILES:
        found.cut = True
        return
    try:
        told = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError:
        found.unseen.append(uri_of(path))
        return
    if told.st_size:
        found.files[uri_of(path)] = Stamp.of(path, told)


def _inside(uri: str, folders: Iterable[str]) -> bool:
    return any(uri == folder or uri.startswith(folder + "/") for folder in folders)
