"""`lares models list|pull|use|remove`: the models of this box."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from laresd.backends.modelstore.catalogue import CATALOGUE, DEFAULT, Model, ModelKind, find
from laresd.backends.modelstore.hub import Hub
from laresd.backends.modelstore.memory import Fit, fit, read_memory
from laresd.backends.modelstore.pull import Progress, Report
from laresd.backends.modelstore.store import OWN_NAME, SETTING, ModelStore
from laresd.commands import speech_models
from laresd.commands.output import print_json, table
from laresd.config import Config
from laresd.types import Json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="list|pull|use|remove")
    for name, text in _HELP.items():
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS)
        if name == "pull":
            action.add_argument("--force", action="store_true", help="also if memory is too small")
            action.add_argument("names", nargs="*", metavar="NAME")
        elif name != "list":
            action.add_argument("name", metavar="NAME")


_HELP = {
    "list": "the models that are known by name, and which are here",
    "pull": "bring models here, also hf:owner/repository/file.gguf, or any Piper voice by its full "
    "name (en_US-amy-low); default: " + " and ".join(DEFAULT.values()),
    "use": "use a model from the next start on; embedded, bundled and espeak-ng are the built-in "
    "ones",
    "remove": "delete a model from this box",
}


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done; errors are raised."""
    actions: dict[str, Callable[[argparse.Namespace, Config], Json]] = {
        "list": _list,
        "pull": _pull,
        "use": _use,
        "remove": _remove,
    }
    result = actions[arguments.action](arguments, config)
    if arguments.json:
        print_json(result)
    return 0


def _list(arguments: argparse.Namespace, config: Config) -> Json:
    store = ModelStore(config.box.state_dir)
    here = {installed.name: installed for installed in store.all_installed()}
    used = {_used(store, config, kind) for kind in ModelKind}
    listed = {model.name for model in CATALOGUE}
    known = [*CATALOGUE, *(find(name) for name in here if name not in listed)]
    models: list[Json] = [
        {
            "name": model.name,
            "kind": str(model.kind),
            "repo": model.repo,
            "size_mb": round(here[model.name].size / 1e6) if model.name in here else model.size_mb,
            "licence": model.licence,
            "why": model.why,
            "installed": model.name in here,
            "used": model.name in used,
            "reads": _reads(store, config, model.name) if model.name in here else None,
        }
        for model in known
    ]
    if not arguments.json:
        rows = [
            [
                "*" if model.name in used else "",
                model.name,
                str(model.kind),
                f"{model.size_mb or '?'} MB",
                "here" if model.name in here else "-",
                f"{model.why} ({model.licence})",
            ]
            for model in known
        ]
        print(*table(rows), sep="\n")
        ear = _used(store, config, ModelKind.SPEECH_TO_TEXT)
        known_of_it = speech_models.reading(store, config.box.state_dir, ear)
        print(f"{ear}: {speech_models.told(known_of_it)}")
        print(*(f"used for {kind}: {_used(store, config, kind)}" for kind in ModelKind), sep="\n")
    return {"models": models, "used": {str(kind): _used(store, config, kind) for kind in ModelKind}}


def _reads(store: ModelStore, config: Config, name: str) -> Json:
    """How much sound a speech model reads at once, where that is known."""
    verdict = speech_models.reading(store, config.box.state_dir, name)
    return {"padding": verdict.padding, "because": verdict.because} if verdict else None


def _used(store: ModelStore, config: Config, kind: ModelKind) -> str:
    return store.effective(kind, _configured(config, kind))


def _configured(config: Config, kind: ModelKind) -> str:
    return {
        ModelKind.LLM: config.llm.model,
        ModelKind.SPEECH_TO_TEXT: config.speech_to_text.model,
        ModelKind.TEXT_TO_SPEECH: config.speech.model,
    }[kind]


def _pull(arguments: argparse.Namespace, config: Config) -> Json:
    store, hub, memory = ModelStore(config.box.state_dir), Hub(), read_memory()
    pulled: list[Json] = []
    for model in [find(name) for name in arguments.names or DEFAULT.values()]:
        report = _progress(quiet=arguments.json)
        installed = store.pull(model, hub, report, memory=memory, force=arguments.force)
        files: dict[str, Json] = {file.name: file.checksum for file in installed.files}
        pulled.append({"name": model.name, "path": str(installed.path), "files": files})
        if not arguments.json:
            print(f"{model.name} is here. To use it: lares models use {model.name}")
            _warn_of_memory(model, installed.size)
    return {"pulled": pulled}


def _warn_of_memory(model: Model, size: int) -> None:
    memory = read_memory()
    if memory is None:
        return
    verdict, numbers = fit(model.kind, size, memory)
    if verdict is not Fit.FITS:
        print(f"warning: memory is {verdict} for {model.name}: {numbers}", file=sys.stderr)


def _progress(*, quiet: bool) -> Report:
    """A line on a terminal that is written over, a line for each tenth elsewhere."""
    last = ""

    def report(progress: Progress) -> None:
        nonlocal last
        share = 100 * progress.done // max(progress.total, 1)
        step = share if sys.stderr.isatty() else share // 10 * 10
        line = f"{progress.stage} {progress.file}: {step} % of {progress.total / 1e6:.0f} MB"
        if line != last:
            last = line
            end = "\r" if sys.stderr.isatty() and share < 100 else "\n"
            print(line, file=sys.stderr, end=end, flush=True)

    return (lambda progress: None) if quiet else report


def _use(arguments: argparse.Namespace, config: Config) -> Json:
    store, kind = ModelStore(config.box.state_dir), _kind_of(arguments.name)
    store.choose(kind, arguments.name)
    configured = _configured(config, kind)
    effective = store.effective(kind, configured)
    if not arguments.json and configured != OWN_NAME[kind]:
        print(f"but the configuration says {SETTING[kind]} = {configured!r}, and that wins")
    elif not arguments.json:
        print(f"{arguments.name} is used for {kind} from laresd's next start on")
    return {"kind": str(kind), "chosen": arguments.name, "used": effective}


def _kind_of(name: str) -> ModelKind:
    for kind, own in OWN_NAME.items():
        if name == own:
            return kind
    if "/" in name and not name.startswith("hf:"):
        by_suffix = {".gguf": ModelKind.LLM, ".onnx": ModelKind.TEXT_TO_SPEECH}
        return by_suffix.get(Path(name).suffix, ModelKind.SPEECH_TO_TEXT)
    return find(name).kind


def _remove(arguments: argparse.Namespace, config: Config) -> Json:
    model = find(arguments.name)
    freed = ModelStore(config.box.state_dir).remove(model)
    if not arguments.json:
        print(f"{model.name} is gone; {freed / 1e6:.0f} MB are free again")
    return {"removed": model.name, "freed_bytes": freed}
