"""How the daemon's library is put together: which source is looked at how, and counted by what."""

from __future__ import annotations

from pathlib import Path

import pytest

from laresd.app.knowledge import checked, counter_of, origin_of
from laresd.backends.knowledge.crawling import WebOrigin
from laresd.backends.knowledge.files import FileOrigin
from laresd.backends.knowledge.ledger import Ledger
from laresd.backends.knowledge.queries import QueryOrigin
from laresd.backends.knowledge.tokens import estimate
from laresd.config import Config
from laresd.documents import Source, SourceKind
from laresd.errors import Refused
from tests.fakes.clock import FakeClock
from tests.fakes.libraries import a_shelf

CONFIG = Config()


@pytest.mark.parametrize(
    ("kind", "location", "origin"),
    [
        (SourceKind.FILE, "/srv/a.pdf", FileOrigin),
        (SourceKind.FOLDER, "/srv", FileOrigin),
        (SourceKind.PAGE, "https://example.org/", WebOrigin),
        (SourceKind.SITE, "https://example.org/", WebOrigin),
        (SourceKind.QUERY, "sqlite:////srv/x.db#1", QueryOrigin),
    ],
)
async def test_each_kind_of_source_is_looked_at_in_its_own_way(
    tmp_path: Path, kind: SourceKind, location: str, origin: type
) -> None:
    async with a_shelf(tmp_path) as shelf:
        source = Source("house", kind, location, 1, (("query", "SELECT 1"),))
        made = origin_of(CONFIG, FakeClock(), Ledger(shelf.store), source)
        assert isinstance(made, origin)


async def test_that_an_address_is_of_the_lan_is_kept_when_its_owner_names_it(
    tmp_path: Path,
) -> None:
    page = Source("house", SourceKind.PAGE, "HTTP://127.0.0.1:80/a/../b#top")
    found = await checked(page, own=tmp_path)
    assert (found.location, found.options) == ("http://127.0.0.1/b", (("lan", "true"),))
    with pytest.raises(Refused, match="no web address") as caught:
        await checked(Source("house", SourceKind.PAGE, "http://user:secret@x/"), own=tmp_path)
    assert "secret" not in str(caught.value)


def test_tokens_are_those_of_the_embedding_model(tmp_path: Path) -> None:
    assert counter_of("minilm")("Error E5 means low pressure.") == 7
    assert counter_of("") is estimate
    assert counter_of(str(tmp_path / "model.gguf")) is estimate
