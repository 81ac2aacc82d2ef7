"""`lares wake`: what woke the box and what nearly did; `listen`, `label`, `remove`, `tune`,
`check`, `test`.

With `[wake] keep_near_misses = true` laresd keeps the sound of every wake word, near miss and
rejected wake word. Somebody listens to them and says which were the wake word; `tune` trains a
verifier of this home's own voices and noises on that, and uses it only where clips that it was
not trained on say that it loses no wakes.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

from laresd.backends.near_misses import Clip, Label, clips_of
from laresd.backends.workers.wake import Peak
from laresd.commands.output import print_json, table
from laresd.commands.wake_tuning import Training, examining, tuned
from laresd.config import Config
from laresd.errors import Refused
from laresd.sound import read_wav
from laresd.types import Json

_HELP = {
    "list": "what was kept, and what you said of it",
    "listen": "play a clip",
    "label": "say whether the wake word was said in it",
    "remove": "delete a clip, or all of them",
    "tune": "train a second look at the wake word on the clips that have a label",
    "check": "what the speech model hears in the clips that have a label",
    "test": "what the wake words make of recordings",
}
_HEAD = ["NAME", "WORD", "WHAT", "SCORE", "EAR", "LABEL"]
_ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", label="")
    actions = parser.add_subparsers(metavar="|".join(_HELP))
    for name, text in _HELP.items():
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(action=name)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS)
        if name == "list":
            action.add_argument("--label", choices=[str(label) for label in Label], default="")
        if name in ("listen", "label", "remove"):
            action.add_argument("name", metavar="NAME", help="the beginning of it is enough")
        if name == "label":
            action.add_argument("said", choices=[str(label) for label in Label])
        if name == "tune":
            action.add_argument("--word", default="", help="default: each that has clips")
            action.add_argument("--dry-run", action="store_true", help="measure, change nothing")
        if name == "test":
            action.add_argument("files", nargs="+", type=Path, metavar="FILE")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done; 1 where `tune` made nothing that is worth using; errors are raised."""
    actions: dict[str, Callable[[argparse.Namespace, Config], int]] = {
        "list": _list,
        "listen": _listen,
        "label": _label,
        "remove": _remove,
        "tune": _tune,
        "check": _check,
        "test": _test,
    }
    return actions[arguments.action](arguments, config)


def _list(arguments: argparse.Namespace, config: Config) -> int:
    found = [clip for clip in clips_of(config).all() if arguments.label in ("", clip.label)]
    if arguments.json:
        clips: list[Json] = [_form(clip) for clip in found]
        print_json({"clips": clips})
        return 0
    print(*table([_HEAD, *map(_row, found)]), sep="\n")
    if not found and not config.wake.keep_near_misses:
        print("Nothing is kept: set keep_near_misses = true in [wake], and restart laresd.")
    return 0


def _form(clip: Clip) -> dict[str, Json]:
    return {
        "name": clip.name,
        "at": clip.at,
        "word": clip.word,
        "kind": clip.kind.value,
        "score": clip.score,
        "ear": clip.ear,
        "label": clip.label.value,
    }


def _row(clip: Clip) -> list[str]:
    label = "" if clip.label is Label.NONE else clip.label.value
    what = clip.kind.value.replace("_", " ")
    return [clip.name, clip.word, what, f"{clip.score:.2f}", clip.ear, label]


def _listen(arguments: argparse.Namespace, config: Config) -> int:
    kept = clips_of(config)
    pcm = read_wav(kept.read(kept.named(arguments.name))).pcm
    if not config.audio.enabled:
        raise Refused("this box has no loudspeaker: [audio] enabled is false")
    from laresd.app import sound_of  # noqa: PLC0415  # only here the daemon's parts are needed

    asyncio.run(sound_of(config).sink.play(pcm))
    return 0


def _label(arguments: argparse.Namespace, config: Config) -> int:
    kept = clips_of(config)
    clip = kept.label(kept.named(arguments.name), Label(arguments.said))
    if arguments.json:
        print_json(_form(clip))
    return 0


def _remove(arguments: argparse.Namespace, config: Config) -> int:
    kept = clips_of(config)
    gone = kept.all() if arguments.name == _ALL else [kept.named(arguments.name)]
    for clip in gone:
        kept.remove(clip)
    if arguments.json:
        print_json({"removed": len(gone)})
    return 0


def _tune(arguments: argparse.Namespace, config: Config) -> int:
    trainings = asyncio.run(tuned(config, arguments.word, write=not arguments.dry_run))
    if arguments.json:
        print_json({"words": [training.form() for training in trainings]})
    else:
        for training in trainings:
            _print_training(training, dry=arguments.dry_run)
    return 0 if all(training.result.worth_it for training in trainings) else 1


def _print_training(training: Training, *, dry: bool) -> None:
    result = training.result
    print(
        f"{training.word}: of {result.wanted} wakes {result.lost} would be lost "
        f"(at most {100 * result.lost_at_most:.0f} % with 95 % certainty), of {result.unwanted} "
        f"false ones {result.rejected} rejected; each clip was judged without being trained on."
    )
    if not result.worth_it:
        print("  It is not used: it loses wakes, or rejects too little. More labels may help.")
    elif not dry:
        print(f"  It is in {training.file} and used from the next start of laresd on.")


def _check(arguments: argparse.Namespace, config: Config) -> int:
    from laresd.commands import wake_check  # noqa: PLC0415  # only it needs the daemon's parts

    return wake_check.main(arguments, config)


def _test(arguments: argparse.Namespace, config: Config) -> int:
    heard = asyncio.run(_examined(arguments.files, config))
    if arguments.json:
        rows: list[Json] = [
            {
                "file": str(file),
                "word": peak.word,
                "score": peak.score,
                "threshold": round(peak.threshold, 4),
                "seconds": peak.seconds,
                "verified": peak.verified,
            }
            for file, peaks in heard
            for peak in peaks
        ]
        print_json({"peaks": rows})
        return 0
    head = ["FILE", "WORD", "SCORE", "NEEDED", "AT", "SECOND LOOK", "WAKES"]
    print(
        *table([head, *(_tested(file, peak) for file, found in heard for peak in found)]), sep="\n"
    )
    return 0


def _tested(file: Path, peak: Peak) -> list[str]:
    second = "" if peak.verified < 0 else f"{peak.verified:.2f}"
    needed, at = f"{peak.threshold:.2f}", f"{peak.seconds:.1f} s"
    wakes = "yes" if peak.score > peak.threshold and peak.accepted else "no"
    return [str(file), peak.word, f"{peak.score:.2f}", needed, at, second, wakes]


async def _examined(files: list[Path], config: Config) -> list[tuple[Path, list[Peak]]]:
    found = []
    async with examining(config) as examine:
        for file in files:
            pcm = (await asyncio.to_thread(read_wav, file)).pcm
            found.append((file, [*await examine(pcm)]))
    return found
