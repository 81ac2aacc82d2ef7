"""Which files of a folder are read, and by what a change is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from laresd.backends.knowledge import listing
from laresd.backends.knowledge.listing import Listing, Stamp, difference
from laresd.backends.knowledge.store import Known
from tests.fakes.libraries import LONG_AGO, written


def names(found: Listing, root: Path) -> list[str]:
    return sorted(str(stamp.path.relative_to(root)) for stamp in found.files.values())


def test_documents_are_found_and_rubbish_is_left_out(tmp_path: Path) -> None:
    for name in ("a.pdf", "b/c.DOCX", "b/d/e.md", "scan.tiff"):
        written(tmp_path / name, "x")
    for name in (
        ".hidden.txt", ".git/config.txt", "node_modules/x.md", "~$report.docx", "a.pdf.part",
        "#recycle/old.txt", "Thumbs.db", "b/$RECYCLE.BIN/x.txt",
    ):  # fmt: skip
        written(tmp_path / name, "x")
    for name in ("film.mkv", "b/program.exe"):
        written(tmp_path / name, "x")
    written(tmp_path / "empty.txt", "")
    found = listing.below(tmp_path)
    assert names(found, tmp_path) == ["a.pdf", "b/c.DOCX", "b/d/e.md", "scan.tiff"]
    assert found.other == 2


def test_no_link_is_followed(tmp_path: Path) -> None:
    secret = written(tmp_path / "elsewhere" / "secret.txt", "x")
    root = tmp_path / "papers"
    written(root / "a.txt", "a")
    (root / "secret.txt").symlink_to(secret)
    (root / "elsewhere").symlink_to(secret.parent)
    (root / "loop").symlink_to(root)
    assert names(listing.below(root), root) == ["a.txt"]
    assert listing.one(root / "secret.txt").files == {}


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert listing.below(tmp_path).files == {}


def test_a_name_that_is_no_text_is_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    written(path, "x")
    ((uri, stamp),) = listing.below(tmp_path).files.items()
    assert uri.endswith("caf\\xe9.txt")
    assert stamp.path == path


def test_a_folder_that_cannot_be_seen_into_hides_nothing_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "a.txt", "x")
    written(tmp_path / "locked" / "b.txt", "x")
    real = os.scandir

    def scandir(path: Path) -> object:
        if path == tmp_path / "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = listing.below(tmp_path)
    known = {str(tmp_path / name): a_document() for name in ("locked/b.txt", "c.txt")}
    assert found.unseen == [str(tmp_path / "locked")]
    assert list(difference(found, known).gone) == [str(tmp_path / "c.txt")]


def a_document(size: int = 1, modified: float = LONG_AGO, digest: str = "d") -> Known:
    return Known(1, digest, modified, size, "")


@pytest.mark.parametrize(
    ("known", "doubtful"),
    [
        (a_document(), False),
        (a_document(size=2), True),
        (a_document(modified=1.0), True),
        (a_document(digest=""), True),  # its bytes could not be read then
    ],
)
def test_size_and_time_tell_a_change(known: Known, doubtful: bool) -> None:
    found = Listing({"/a": Stamp(Path("/a"), 1, LONG_AGO, 1, 1)})
    differs = difference(found, {"/a": known})
    assert (differs.same, differs.doubtful) == ((0, ("/a",)) if doubtful else (1, ()))


def test_a_folder_of_too_many_files_is_not_taken_for_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 2)
    for number in range(5):
        written(tmp_path / f"{number}.txt", "x")
    found = listing.below(tmp_path)
    assert (len(found.files), found.cut) == (2, True)
    assert difference(found, {str(tmp_path / "4.txt"): a_document()}).gone == {}
