"""What a folder with an embedding model says of it: sizes, pooling, languages, what to put before a
text.

The files are those of the sentence-transformers layout on model hubs: config.json, modules.json's
1_Pooling/config.json, tokenizer.json, model.safetensors, config_sentence_transformers.json
("prompts"), and the front matter of README.md ("language"). `lares.json` in the folder has the last
word: languages, query_prefix, passage_prefix, pooling, max_tokens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from laresd.engines.embed.shape import Pooling, Shape
from laresd.errors import LaresError, Permanent
from laresd.frames import Fields

TYPES = {"bert": False, "xlm-roberta": True, "roberta": True}  # do positions begin after padding?
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_LANGUAGE = re.compile(r"^language:[ \t]*(.*(?:\n[ \t]*-.*)*)", re.MULTILINE)
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True)
class Card:
    """`max_tokens` of a text that are read, marks at both ends included. `languages`: main tags;
    empty: it does not say.
    """

    shape: Shape
    max_tokens: int
    languages: tuple[str, ...]
    query_prefix: str = ""
    passage_prefix: str = ""


def read(folder: Path) -> Card:
    """Raises Permanent when it is no embedding model that Lares can compute."""
    try:
        config = _json(folder / "config.json")
        own = _json(folder / "lares.json", there=False)
        kind = config.text("model_type", "")
        if kind not in TYPES or config.text("hidden_act", "gelu") != "gelu":
            known = ", ".join(TYPES)
            raise unusable(folder, f"its kind is {kind or 'not said'}, not one of {known}")
        position = config.integer("pad_token_id", 0) + 1 if TYPES[kind] else 0
        shape = Shape(
            width=config.integer("hidden_size"),
            layers=config.integer("num_hidden_layers"),
            heads=config.integer("num_attention_heads"),
            epsilon=config.real("layer_norm_eps", 1e-12),
            pooling=_pooling(folder, own),
            position=position,
        )
        prompts = _prompts(folder)
        return Card(
            shape,
            own.integer("max_tokens", config.integer("max_position_embeddings") - position),
            own.texts("languages") or _languages(folder),
            own.text("query_prefix", prompts.get("query", "")),
            own.text("passage_prefix", prompts.get("passage", prompts.get("document", ""))),
        )
    except (OSError, ValueError) as error:
        raise unusable(folder, str(error)) from error
    except LaresError as error:
        if error.remedy:
            raise
        raise unusable(folder, error.message) from error


def unusable(folder: Path, why: str) -> Permanent:
    return Permanent(
        f"the embedding model in {folder} cannot be used: {why}",
        remedy="fetch it again with `lares models pull`, or set embeddings.model to another",
    )


def _pooling(folder: Path, own: Fields) -> Pooling:
    chosen = own.text("pooling", "")
    if chosen:
        return Pooling(chosen)
    said = _json(folder / "1_Pooling" / "config.json", there=False)
    if said.flag("pooling_mode_cls_token", False):
        return Pooling.FIRST
    return Pooling.MEAN


def _prompts(folder: Path) -> dict[str, str]:
    said = _json(folder / "config_sentence_transformers.json", there=False)
    prompts = said.mapping("prompts").items()
    return {name: text for name, text in prompts if isinstance(text, str)}


def _languages(folder: Path) -> tuple[str, ...]:
    path = folder / "README.md"
    if not path.is_file():
        return ()
    front = _FRONT_MATTER.search(path.read_text(encoding="utf-8", errors="replace"))
    said = _LANGUAGE.search(front.group(1)) if front else None
    return tuple(dict.fromkeys(_TAG.findall(said.group(1)))) if said else ()


def _json(path: Path, *, there: bool = True) -> Fields:
    if not there and not path.is_file():
        return Fields({})
    read = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(read, dict):
        raise ValueError(f"{path.name} holds no object")
    return Fields(read)
