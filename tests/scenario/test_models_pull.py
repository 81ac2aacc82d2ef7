"""Models come from a hub that speaks the hub's protocol: whole, checked, resumed, or not at all."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from laresd.backends.modelstore import pull as pulling
from laresd.backends.modelstore.catalogue import Model, ModelKind, find
from laresd.backends.modelstore.hub import Hub
from laresd.backends.modelstore.memory import Memory
from laresd.backends.modelstore.pull import Progress, pull_files
from laresd.backends.modelstore.store import ModelStore
from laresd.errors import LaresError, Permanent, Refused, Temporary
from tests.fakes.hub import COMMIT, FakeHub

GGUF = b"GGUF" + struct.pack("<IQQ", 3, 10, 5) + bytes(range(256)) * 12_000  # 3 MB
FILE = "Ministral-3-3B-Instruct-2512-Q4_K_M.gguf"
LLM = find("Ministral-3-3B-Instruct")
EAR = find("whisper-base")
VOICE = find("en_US-amy-low")
SPOKEN = {
    VOICE.files[0]: b"\x08\x08" + bytes(5000),
    VOICE.files[1]: b'{"audio": {}, "phoneme_id_map": {}}',
}
WHISPER = {
    "config.json": b"{}",
    "model.bin": struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + bytes(5000),
    "tokenizer.json": b'{"version": "1.0"}',
    "vocabulary.txt": b"a\nb\n",
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    files = {(LLM.repo, FILE): GGUF}
    files.update({(EAR.repo, name): content for name, content in WHISPER.items()})
    files.update({(VOICE.repo, name): content for name, content in SPOKEN.items()})
    large = frozenset({FILE, "model.bin", VOICE.files[0]})
    with FakeHub(files, large=large).running() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "state")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setitem(pull_files.__kwdefaults__ or {}, "pause", lambda seconds: None)


def quiet(progress: Progress) -> None:
    return


def gets(hub: FakeHub) -> list[str]:
    return [asked[2] for asked in hub.asked if asked[0] == "GET" and asked[1].startswith("/cdn/")]


def test_a_model_is_pulled_checked_and_found_by_its_name(hub: FakeHub, store: ModelStore) -> None:
    seen: list[Progress] = []
    with pytest.raises(Permanent, match="lares models pull Ministral"):
        store.resolve(ModelKind.LLM, LLM.name)
    installed = store.pull(LLM, Hub(hub.endpoint), seen.append)
    assert installed.path.read_bytes() == GGUF
    assert store.resolve(ModelKind.LLM, "ministral-3-3b-instruct") == installed.path
    assert installed.commit == COMMIT
    assert installed.files[0].checksum == f"sha256:{hashlib.sha256(GGUF).hexdigest()}"
    assert [seen[0].stage, seen[-1].stage] == ["pull", "check"]
    assert seen[-1].done == seen[-1].total == len(GGUF)


def test_a_folder_of_files_is_pulled_whole(hub: FakeHub, store: ModelStore) -> None:
    installed = store.pull(EAR, Hub(hub.endpoint), quiet)
    assert {file.name: file.read_bytes() for file in installed.path.iterdir()} | WHISPER == {
        file.name: file.read_bytes() for file in installed.path.iterdir()
    }
    assert store.resolve(ModelKind.SPEECH_TO_TEXT, "whisper-base") == installed.path


def test_any_file_of_the_hub_can_be_named(hub: FakeHub, store: ModelStore) -> None:
    address = "hf:someone/Own-GGUF/deep/own.gguf"
    hub.files[("someone/Own-GGUF", "deep/own.gguf")] = GGUF
    installed = store.pull(find(address), Hub(hub.endpoint), quiet)
    assert store.resolve(ModelKind.LLM, address) == installed.path
    assert [one.name for one in store.all_installed()] == [address]


def test_a_voice_is_pulled_with_its_configuration_and_used(hub: FakeHub, store: ModelStore) -> None:
    installed = store.pull(VOICE, Hub(hub.endpoint), quiet)
    assert installed.path.name == "en_US-amy-low.onnx"
    assert installed.path.with_name("en_US-amy-low.onnx.json").is_file()
    assert [one.name for one in store.all_installed()] == [VOICE.name]
    store.choose(ModelKind.TEXT_TO_SPEECH, VOICE.name)
    name = store.effective(ModelKind.TEXT_TO_SPEECH, "espeak-ng")
    assert store.resolve(ModelKind.TEXT_TO_SPEECH, name) == installed.path
    store.remove(VOICE)
    assert store.effective(ModelKind.TEXT_TO_SPEECH, "espeak-ng") == "espeak-ng"


def test_the_endpoint_comes_from_the_environment(
    hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint + "/")
    assert store.pull(EAR, Hub(), quiet).size > 0


def test_a_broken_connection_is_continued_where_it_broke(hub: FakeHub, store: ModelStore) -> None:
    hub.cut_after, hub.cuts = 1 << 20, 2
    assert store.pull(LLM, Hub(hub.endpoint), quiet).path.read_bytes() == GGUF
    assert gets(hub) == ["", f"bytes={1 << 20}-", f"bytes={2 << 20}-"]


def test_an_interrupted_pull_goes_on_the_next_time(
    hub: FakeHub, store: ModelStore, tmp_path: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done >= 2 << 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.pull(LLM, Hub(hub.endpoint), interrupt)
    assert store.installed(LLM) is None
    hub.asked.clear()
    assert store.pull(LLM, Hub(hub.endpoint), quiet).path.read_bytes() == GGUF
    assert gets(hub) == [f"bytes={2 << 20}-"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_server_without_ranges_makes_it_begin_again(hub: FakeHub, store: ModelStore) -> None:
    hub.cut_after, hub.cuts, hub.ranges = 1 << 20, 1, False
    assert store.pull(LLM, Hub(hub.endpoint), quiet).path.read_bytes() == GGUF


def test_a_connection_that_brings_nothing_more_is_given_up(hub: FakeHub, tmp_path: Path) -> None:
    hub.cut_after, hub.cuts = 1 << 20, 1
    source = Hub(hub.endpoint)
    file = source.look(LLM.repo, FILE, "main")
    with pytest.raises(Temporary, match="is busy"):
        pull_files(
            source, [file], tmp_path, quiet, pause=lambda seconds: setattr(hub, "status", 503)
        )
    assert len(gets(hub)) <= 1 + pulling.ATTEMPTS
    assert [path.stat().st_size for path in tmp_path.glob("*.part")] == [1 << 20]


@pytest.mark.parametrize("name", [FILE, "vocabulary.txt"])
def test_bytes_that_are_not_the_hubs_are_removed(
    name: str, hub: FakeHub, store: ModelStore, tmp_path: Path
) -> None:
    hub.lies = frozenset({name})
    model = LLM if name == FILE else EAR
    with pytest.raises(Permanent, match="checksum is") as caught:
        store.pull(model, Hub(hub.endpoint), quiet)
    assert "do not trust that mirror" in caught.value.remedy
    assert store.installed(model) is None
    assert not list(tmp_path.rglob(f"{name}*"))


def test_pulling_again_checks_what_is_here_and_mends_it(hub: FakeHub, store: ModelStore) -> None:
    path = store.pull(LLM, Hub(hub.endpoint), quiet).path
    hub.asked.clear()
    store.pull(LLM, Hub(hub.endpoint), quiet)
    assert gets(hub) == []
    path.write_bytes(GGUF[:-1] + b"?")
    with pytest.raises(Permanent, match="removed"):
        store.pull(LLM, Hub(hub.endpoint), quiet)
    assert store.pull(LLM, Hub(hub.endpoint), quiet).path.read_bytes() == GGUF


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, Refused, "does not give"),
        (403, Refused, "does not give"),
        (404, Permanent, "has no"),
        (500, Temporary, "is busy"),
        (503, Temporary, "is busy"),
    ],
)
def test_what_the_hub_refuses_is_said(
    status: int, error: type[LaresError], said: str, hub: FakeHub, store: ModelStore
) -> None:
    hub.status = status
    with pytest.raises(error, match=said):
        store.pull(LLM, Hub(hub.endpoint), quiet)


def test_without_network_it_says_what_cannot_be_reached(store: ModelStore) -> None:
    with pytest.raises(Temporary, match="cannot be reached") as caught:
        store.pull(LLM, Hub("http://127.0.0.1:1"), quiet)
    assert "HF_ENDPOINT" in caught.value.remedy


def test_a_full_disk_is_noticed_before_anything_is_pulled(
    hub: FakeHub, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "SPARE", 1 << 60)
    with pytest.raises(Refused, match="no space") as caught:
        store.pull(LLM, Hub(hub.endpoint), quiet)
    assert "lares models remove" in caught.value.remedy
    assert gets(hub) == []


def test_what_does_not_fit_into_memory_is_not_pulled_unless_forced(
    hub: FakeHub, store: ModelStore
) -> None:
    small = Memory(total=200 << 20, available=100 << 20)
    with pytest.raises(Refused, match=r"0\.2 GiB, of which 0\.1 GiB are free"):
        store.pull(LLM, Hub(hub.endpoint), quiet, memory=small)
    assert store.pull(LLM, Hub(hub.endpoint), quiet, memory=small, force=True).size == len(GGUF)


def test_what_is_no_model_is_not_taken_for_one(hub: FakeHub, store: ModelStore) -> None:
    hub.files[(LLM.repo, FILE)] = b"<html>please log in</html>"
    with pytest.raises(Permanent, match="is no GGUF file"):
        store.pull(LLM, Hub(hub.endpoint), quiet)


def test_removing_frees_the_space_and_the_choice(hub: FakeHub, store: ModelStore) -> None:
    store.pull(LLM, Hub(hub.endpoint), quiet)
    store.choose(ModelKind.LLM, LLM.name)
    assert store.effective(ModelKind.LLM, "embedded") == LLM.name
    assert store.remove(LLM) >= len(GGUF)
    assert store.effective(ModelKind.LLM, "embedded") == "embedded"
    with pytest.raises(Permanent, match="not on this machine"):
        store.remove(LLM)


def test_a_pull_excludes_another(hub: FakeHub, store: ModelStore) -> None:
    def again(progress: Progress) -> None:
        store.pull(EAR, Hub(hub.endpoint), quiet)

    with pytest.raises(Refused, match="another pull is running"):
        store.pull(LLM, Hub(hub.endpoint), again)


def test_the_catalogue_has_only_whole_entries() -> None:
    model: Model = find("QWEN3.5-4b")
    assert model.kind is ModelKind.LLM
    with pytest.raises(Permanent, match="did you mean whisper-base"):
        find("wisper-base")
