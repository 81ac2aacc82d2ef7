"""What a language tag says (BCP 47): "zh-CN" and "zh_CN" are Chinese."""

from __future__ import annotations


def main_language(tag: str) -> str:
    """Without region and script: de, en, zh."""
    return tag.replace("_", "-").partition("-")[0].casefold()
