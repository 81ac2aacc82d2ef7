"""Pictures over the OpenAI images API, `/v1/images/generations`: LocalAI, stable-diffusion.cpp."""

from __future__ import annotations

import base64
import binascii
import struct

from laresd.backends.hosts import faults, reading
from laresd.backends.hosts.audio import MediaModel
from laresd.backends.hosts.http import HttpClient
from laresd.errors import Permanent
from laresd.jobs import JobKind
from laresd.types import Json

_PNG = b"\x89PNG\r\n\x1a\n"
LEAST, MOST = 64, 4096  # pixels of a side


class OpenAiPainter:
    """The part of port `Host` that draws."""

    def __init__(self, http: HttpClient, model: str = "") -> None:
        self._http = http
        self._model = MediaModel(http, JobKind.IMAGE, model)

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        """A PNG. It may have another size, where the host's model has sizes of its own."""
        if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
            raise Permanent(
                f"a picture of {width} x {height} pixels cannot be drawn",
                remedy=f"each side has {LEAST} to {MOST}",
            )
        body: dict[str, Json] = {
            "model": await self._model.name(deadline=deadline),
            "prompt": prompt,
            "n": 1,
            "size": f"{width}x{height}",
            "response_format": "b64_json",
        }
        answer = await self._http.post("/v1/images/generations", body, deadline=deadline)
        pictures = reading.objects(reading.an_object(self._http.json(answer)).get("data"))
        return self._picture(reading.text(pictures[0].get("b64_json")) if pictures else "")

    def _picture(self, encoded: str) -> bytes:
        try:
            picture = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            picture = b""
        if not _is_png(picture):
            raise faults.no_answer(self._http.host, "no picture in PNG")
        return picture


def _is_png(picture: bytes) -> bool:
    """By its signature and its first chunk (PNG specification, 5.2 and 11.2.1)."""
    if not picture.startswith(_PNG) or len(picture) < 33 or picture[12:16] != b"IHDR":
        return False
    (length,) = struct.unpack(">I", picture[8:12])
    return bool(length == 13)
