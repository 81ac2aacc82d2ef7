"""Which addresses belong to a site, and where a page leads to. Pure.

Addresses are normal (RFC 3986, 6): lower case, no default port, no fragment, percent-encoded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

MAX_LENGTH = 2000  # characters of an address
MAX_LINKS = 2000  # of a page
_PORTS = {"http": 80, "https": 443}
# Each is bounded, so that no page can make the search for the next tag long.
_TAG = re.compile(r"<(a|area|base|meta)\s([^<>]{1,3000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""([a-z-]{1,20})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I
)
_CHARSET = re.compile(r"""(<meta\s[^<>]{0,200}?charset\s{0,9}=\s{0,9}["']?)([\w.:-]{1,40})""", re.I)


@dataclass(frozen=True, slots=True)
class Led:
    """What a page says about itself to whoever follows links."""

    links: tuple[str, ...] = ()
    may_be_kept: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of one server below where it starts. `start`: a normal address."""

    start: str

    @property
    def host(self) -> str:
        return urlsplit(self.start).hostname or ""

    def holds(self, address: str) -> bool:
        """Also by https where it starts by http."""
        mine, its = urlsplit(self.start), urlsplit(address)
        same = its.hostname == mine.hostname and (
            (its.scheme, its.port) == (mine.scheme, mine.port)
            or (mine.scheme == "http" and its.scheme == "https" and its.port == mine.port is None)
        )
        return same and its.path.startswith(mine.path.rpartition("/")[0] + "/")


def normal(address: str, base: str = "") -> str | None:
    """None for what is no address of a page."""
    try:
        parts = urlsplit(urljoin(base, address.strip()))
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or parts.username or parts.password:
        return None
    where = f"[{host}]" if ":" in host else host
    if port and port != _PORTS[scheme]:
        where += f":{port}"
    path = quote(_without_dots(parts.path), safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    found = urlunsplit((scheme, where, path, query, ""))
    return found if len(found) <= MAX_LENGTH else None


def _without_dots(path: str) -> str:
    """As RFC 3986, 5.2.4, also where the dots are written as %2e."""
    found: list[str] = []
    *above, last = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")[1:] or [""]
    for part in above:
        if part == "..":
            found = found[:-1]
        elif part != ".":
            found.append(part)
    if last == "..":
        found = found[:-1]
    return "/" + "".join(part + "/" for part in found) + ("" if last in (".", "..") else last)


def led(page: str, address: str) -> Led:
    """Where an HTML page leads to, in order, each once; robots' meta tags are honoured."""
    base, told, links = address, "", dict[str, None]()
    for name, inside in _TAG.findall(page):
        attributes = _attributes(inside)
        match name.lower():
            case "base":
                base = normal(attributes.get("href", ""), address) or base
            case "meta":
                if attributes.get("name", "").lower() in ("robots", "lares"):
                    told += " " + attributes.get("content", "").lower()
            case _:
                found = normal(attributes["href"], base) if "href" in attributes else None
                if found and "nofollow" not in attributes.get("rel", "") and len(links) < MAX_LINKS:
                    links[found] = None
    closed = "none" in told
    followed = () if closed or "nofollow" in told else tuple(links)
    return Led(followed, not closed and "noindex" not in told)


def as_utf8(body: bytes, charset: str) -> str:
    """The text of a page, which says from now on that it is UTF-8. `charset`: as its server says;
    a mark at its beginning counts more, what the page says itself less.
    """
    head = body[:2048].decode("ascii", "replace")
    said = _CHARSET.search(head)
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if body.startswith(mark):
            charset = name
    name = _wide(charset or (said[2] if said else "") or "utf-8")
    try:
        text = body.decode(name, "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    return _CHARSET.sub(r"\1utf-8", text.removeprefix("\ufeff"), count=1)


def _wide(charset: str) -> str:
    """What browsers read for it (encoding.spec.whatwg.org): the larger set of characters."""
    return {
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "iso-8859-1": "cp1252",
        "latin1": "cp1252",
        "us-ascii": "cp1252",
        "shift_jis": "cp932",
    }.get(charset.lower(), charset)


def _attributes(inside: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(inside)
    }
