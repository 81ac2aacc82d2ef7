"""Where a model's name leads, without pulling anything."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from laresd.backends.modelstore.catalogue import CATALOGUE, DEFAULT, ModelKind, find
from laresd.backends.modelstore.formats import check
from laresd.backends.modelstore.memory import Fit, Memory, fit, read_memory
from laresd.backends.modelstore.store import ModelStore
from laresd.errors import Permanent

GIB = 1 << 30
LLM, EAR, VOICE = ModelKind.LLM, ModelKind.SPEECH_TO_TEXT, ModelKind.TEXT_TO_SPEECH
_CONFIG = '{"audio": {}, "phoneme_id_map": {}}'


def gguf(path: Path, version: int = 3, tensors: int = 5) -> Path:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, tensors, 1))
    return path


def whisper(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(struct.pack("<IH", 6, 12) + b"WhisperSpec\0")
    for name in ("tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, bundled=tmp_path / "bundled", embedded="no_such_package_here")


def test_the_catalogue_names_a_default_of_each_kind() -> None:
    for kind, name in DEFAULT.items():
        assert find(name).kind is kind
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize(
    "address",
    ["hf:owner/file.gguf", "hf:o/r/x.bin", "hf:o/../x.gguf", "hf:o/r/../../x.gguf", "hf:"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Permanent, match="no address of a model file"):
        find(address)


def test_the_embedded_model_comes_from_its_wheel(tmp_path: Path) -> None:
    path = ModelStore(tmp_path).resolve(LLM, "embedded")
    assert path.suffix == ".gguf"
    assert check(LLM, path) > 1_000_000


def test_without_its_wheel_the_embedded_model_says_what_to_do(store: ModelStore) -> None:
    with pytest.raises(Permanent, match="no_such_package_here is not installed"):
        store.resolve(LLM, "embedded")


def test_the_bundled_ear_is_beside_the_package(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="bundled speech model is missing"):
        store.resolve(EAR, "bundled")
    whisper(tmp_path / "bundled")
    assert store.resolve(EAR, "bundled") == tmp_path / "bundled"


def test_a_path_is_taken_as_it_is(store: ModelStore, tmp_path: Path) -> None:
    path = gguf(tmp_path / "own.gguf")
    assert store.resolve(LLM, str(path)) == path
    with pytest.raises(Permanent, match="there is no model at"):
        store.resolve(LLM, str(tmp_path / "other.gguf"))


def test_a_name_of_the_wrong_kind_is_said(store: ModelStore) -> None:
    with pytest.raises(Permanent, match="for speech-to-text, not for llm"):
        store.resolve(LLM, "whisper-base")


def test_the_configuration_wins_over_the_choice(store: ModelStore, tmp_path: Path) -> None:
    own = str(gguf(tmp_path / "own.gguf"))
    store.choose(LLM, own)
    assert store.effective(LLM, "embedded") == own
    assert store.effective(LLM, "Qwen3.5-4B") == "Qwen3.5-4B"
    (tmp_path / "models.json").write_text("{broken")
    assert store.effective(LLM, "embedded") == "embedded"


def test_what_cannot_be_loaded_is_not_chosen(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    with pytest.raises(Permanent, match="is no GGUF file"):
        store.choose(LLM, str(tmp_path / "bad.gguf"))
    assert store.chosen(LLM) is None


def test_damage_is_seen_by_the_first_bytes(tmp_path: Path) -> None:
    ear = whisper(tmp_path / "ear")
    assert check(EAR, ear) > 0
    for broken, said in (
        (gguf(tmp_path / "v9.gguf", version=9), "version 9"),
        (gguf(tmp_path / "empty.gguf", tensors=0), "0 tensors"),
        (ear, "is a folder"),
        (tmp_path / "absent.gguf", "cannot read the model"),
    ):
        with pytest.raises(Permanent, match=said):
            check(LLM, broken)
    with pytest.raises(Permanent, match="is no folder"):
        check(EAR, tmp_path / "v9.gguf")
    (ear / "model.bin").write_bytes(b"nothing")
    with pytest.raises(Permanent, match="no Whisper model"):
        check(EAR, ear)
    (ear / "tokenizer.json").unlink()
    with pytest.raises(Permanent, match=r"lacks tokenizer\.json"):
        check(EAR, ear)


def test_memory_is_judged_with_the_numbers() -> None:
    board = Memory(total=4 * GIB, available=2 * GIB)
    assert fit(LLM, 100 << 20, board)[0] is Fit.FITS
    assert fit(LLM, 2 * GIB, board)[0] is Fit.TIGHT
    verdict, said = fit(LLM, 4 * GIB, board)
    assert verdict is Fit.TOO_BIG
    assert said.endswith("this machine has 4.0 GiB, of which 2.0 GiB are free")


def test_memory_is_read_from_the_kernel(tmp_path: Path) -> None:
    text = "MemTotal:  8000000 kB\nMemFree: 1 kB\nMemAvailable: 3000000 kB\n"
    (tmp_path / "meminfo").write_text(text)
    assert read_memory(tmp_path / "meminfo") == Memory(8_192_000_000, 3_072_000_000)
    assert read_memory(tmp_path / "absent") is None


class TestVoices:
    """Piper voices: two files, by their full name or as a path."""

    def voice(self, folder: Path, head: bytes = b"\x08\x08", config: str = _CONFIG) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "x.onnx"
        path.write_bytes(head + bytes(100))
        path.with_name("x.onnx.json").write_text(config)
        return path

    def test_any_voice_is_known_by_its_full_name(self) -> None:
        model = find("en_US-amy-low")
        assert model.kind is VOICE
        assert model.files == (
            "en/en_US/amy/low/en_US-amy-low.onnx",
            "en/en_US/amy/low/en_US-amy-low.onnx.json",
        )

    @pytest.mark.parametrize("name", ["en_US-amy", "EN_US-amy-low", "en_US-a/b-low", "amy"])
    def test_what_is_no_such_name_is_not(self, name: str) -> None:
        with pytest.raises(Permanent, match="there is no model"):
            find(name)

    def test_a_path_is_a_voice_that_can_be_chosen(self, store: ModelStore, tmp_path: Path) -> None:
        path = self.voice(tmp_path / "v")
        store.choose(VOICE, str(path))
        assert store.effective(VOICE, "espeak-ng") == str(path)
        assert store.resolve(VOICE, str(path)) == path

    def test_espeak_can_be_chosen_again(self, store: ModelStore, tmp_path: Path) -> None:
        store.choose(VOICE, str(self.voice(tmp_path / "v")))
        store.choose(VOICE, "espeak-ng")
        assert store.effective(VOICE, "espeak-ng") == "espeak-ng"

    @pytest.mark.parametrize(
        ("head", "config", "said"),
        [
            (b"GG", _CONFIG, "no ONNX file"),
            (b"\x08\x08", "{", "no JSON"),
            (b"\x08\x08", "{}", "no configuration of a Piper voice"),
        ],
    )
    def test_a_damaged_one_is_refused(
        self, head: bytes, config: str, said: str, store: ModelStore, tmp_path: Path
    ) -> None:
        path = self.voice(tmp_path / "v", head, config)
        with pytest.raises(Permanent, match=said):
            store.choose(VOICE, str(path))

    def test_one_without_its_configuration_is_refused(
        self, store: ModelStore, tmp_path: Path
    ) -> None:
        path = self.voice(tmp_path / "v")
        path.with_name("x.onnx.json").unlink()
        with pytest.raises(Permanent, match=r"lacks x\.onnx\.json"):
            store.choose(VOICE, str(path))
