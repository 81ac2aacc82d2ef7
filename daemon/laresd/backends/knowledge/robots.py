"""What a site allows: its robots.txt (RFC 9309)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from laresd.backends.knowledge.web import Answer
from laresd.errors import Temporary

AGENT = "Lares"
MAX_BYTES = 500 << 10  # RFC 9309, 2.5: at least so much is to be read
MOST_DELAY_S = 60.0


@dataclass(frozen=True, slots=True)
class Rules:
    """`delay_s`: that is to be left between two pages."""

    parsed: Protego
    delay_s: float

    def allow(self, address: str) -> bool:
        return bool(self.parsed.can_fetch(address, AGENT))


def address_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def rules(answer: Answer) -> Rules:
    """Without such a file all is allowed. Raises Temporary where the server fails at it: then
    nothing is (RFC 9309, 2.3.1.4).
    """
    if answer.status >= 500 or answer.status == 429:
        raise Temporary(
            f"{answer.address} cannot be had now (status {answer.status}), and without it nothing "
            "is read there"
        )
    text = answer.body[:MAX_BYTES].decode("utf-8", "replace") if answer.status == 200 else ""
    parsed = Protego.parse(text)
    return Rules(parsed, min(float(parsed.crawl_delay(AGENT) or 0.0), MOST_DELAY_S))
