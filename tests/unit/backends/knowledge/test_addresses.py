"""What `lares kb add` takes, and what it says of what it does not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.backends.knowledge.addresses import checked_path, source_of
from laresd.backends.knowledge.files import right_to_read, unreadable
from laresd.documents import SourceKind
from laresd.errors import Permanent, Refused


@pytest.mark.parametrize(
    ("given", "whole_site", "kind"),
    [
        ("/srv/papers", False, SourceKind.FILE),  # which of the two it is is seen on the disk
        ("file:///srv/papers", False, SourceKind.FILE),
        ("https://example.org/manual", False, SourceKind.PAGE),
        ("HTTP://nas.lan/", True, SourceKind.SITE),
    ],
)
def test_a_source_is_known_by_its_address(given: str, whole_site: bool, kind: SourceKind) -> None:
    assert source_of(given, "house", whole_site=whole_site).kind is kind


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("papers", {}, "no whole path"),
        ("/srv/papers", {"query": "SELECT 1"}, "are for others"),
        ("/srv/papers", {"whole_site": True}, "are for others"),
        ("https://x.example/", {"query": "SELECT 1"}, "is asked of a database"),
        ("sqlite:////srv/x.db", {}, "which rows"),
    ],
)
def test_what_does_not_go_together_is_refused(
    given: str, options: dict[str, str | bool], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        source_of(given, "house", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\nb"])
def test_a_collection_has_a_name(name: str) -> None:
    with pytest.raises(Refused, match="a collection is a name"):
        source_of("/srv/papers", name)


async def test_a_path_is_kept_without_links_and_as_what_it_is(tmp_path: Path) -> None:
    own = tmp_path / "state"
    own.mkdir()
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "papers")
    folder = await checked_path(source_of(str(tmp_path / "link"), "house"), own)
    assert (folder.kind, folder.location) == (SourceKind.FOLDER, str(tmp_path / "papers"))
    file = await checked_path(source_of(str(tmp_path / "link" / "a.txt"), "house"), own)
    assert (file.kind, file.location) == (SourceKind.FILE, str(tmp_path / "papers" / "a.txt"))


async def test_what_holds_no_documents_of_an_owner_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "state"
    own.mkdir()
    for given in (own, tmp_path, Path("/"), Path("/proc"), Path("/dev/null")):
        with pytest.raises(Refused):
            await checked_path(source_of(str(given), "house"), own)
    with pytest.raises(Permanent, match="there is no"):
        await checked_path(source_of(str(tmp_path / "nowhere"), "house"), own)


def test_what_may_not_be_read_says_what_gives_the_right() -> None:
    error = PermissionError(13, "Permission denied")
    assert "setfacl" in unreadable(Path("/srv/papers"), error).remedy
    assert "ProtectHome=read-only" in right_to_read(Path("/home/ann/papers"))
    assert "ProtectHome" not in right_to_read(Path("/srv/papers"))
