"""Which Lares runs here, and which is the latest one, as far as somebody has told. Pure.

Format of the state: https://www.home-assistant.io/integrations/update.mqtt/ (JSON without a
template). Lares itself asks nobody on the internet.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from laresd.errors import Permanent
from laresd.frontends.home_assistant import orders
from laresd.types import Json

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,63}")
_URL = re.compile(r"https?://[!-~]{1,240}")
MAX_SUMMARY = 255  # characters, in Home Assistant


@dataclass(frozen=True, slots=True)
class Latest:
    version: str
    url: str = ""
    summary: str = ""


def read(payload: bytes) -> Latest | None:
    """A version as plain text, or an object of version, url and summary; None where nothing is said
    any more. Raises Permanent or Refused for anything else.
    """
    text = orders.text(payload)
    if not text:
        return None
    said: object = text
    if text.startswith("{"):
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            raise Permanent("the latest version is not told in JSON") from None
    fields = said if isinstance(said, dict) else {"version": said}
    return Latest(
        _fitting(fields, "version", _VERSION),
        _fitting(fields, "url", _URL) if "url" in fields else "",
        _summary(fields.get("summary", "")),
    )


def form(installed: str, latest: Latest | None) -> str:
    """The state: without a latest version Home Assistant knows of no update, nor that there is
    none.
    """
    told: dict[str, Json] = {"installed_version": installed, "title": "Lares"}
    if latest is not None:
        told["latest_version"] = latest.version
        told |= {"release_url": latest.url} if latest.url else {}
        told |= {"release_summary": latest.summary} if latest.summary else {}
    return json.dumps(told, ensure_ascii=False)


def _fitting(fields: dict[str, object], key: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Permanent(f"the `{key}` of the latest version is none")
    return value


def _summary(value: object) -> str:
    if not isinstance(value, str):
        raise Permanent("the `summary` of the latest version is no text")
    shown = "".join(char for char in " ".join(value.split()) if char.isprintable())
    return shown[:MAX_SUMMARY]
