"""Which family a model is of, by its chat template."""

from __future__ import annotations

import re
from collections.abc import Mapping

from laresd.engines.llm.tools.format import Format
from laresd.engines.llm.tools.json_calls import BareJson, Hermes, Llama3, OldMistral
from laresd.engines.llm.tools.mistral import Mistral
from laresd.engines.llm.tools.tagged import Tagged

_OBJECT_IN_TAG = re.compile(r"<tool_call>.{0,80}\\?\"(name|arguments)\\?\"", re.DOTALL)


def format_of(source: str, special: Mapping[str, int]) -> Format:
    """How a model with this chat template writes calls, and where its template says nothing of it,
    how it is asked to: in Hermes' form where it speaks ChatML, else as a bare object.

    `special`: its tokens that are not text (Constraints.special).
    """
    if all(mark in source for mark in ("<tool_call>", "<function=", "<parameter=")):
        return Tagged(special)
    if "[TOOL_CALLS]" in source:
        if "[ARGS]" in source:
            return Mistral(special)
        return OldMistral(special, blank="[TOOL_CALLS] [" in source)
    if "<|start_header_id|>" in source and '"parameters": ' in source:
        return Llama3(special, tagged=Llama3.tag in source)
    speaks_chatml = "<|im_start|>" in source and "tool_call" not in source
    if speaks_chatml or _OBJECT_IN_TAG.search(source):
        return Hermes(special)
    return BareJson(special)
