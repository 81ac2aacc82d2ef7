"""A web page as blocks: what it says, without its menus, banners and buttons. Pure.

Python's own parser of HTML is used, since the extraction library loses text that stands in no
paragraph, joins the words around a line break, and keeps menus.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from laresd.documents import Block
from laresd.engines.extract.tables import table_block

DEPTH = 400  # of elements within each other; deeper ones are read as if they stood there
ARTICLE = 200  # characters that <main> or <article> must have to stand for the page


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_IN_HEAD = _set("head title meta link script style base noscript template")
_VOID = _set("area base br col embed hr img input link meta param source track wbr")
_SILENT = _set(
    "script style noscript template svg math iframe object select button textarea head nav footer "
    "aside dialog"
)
_BREAKS = _set(
    "address article blockquote body center dd details dialog div dl dt fieldset figcaption figure "
    "form h1 h2 h3 h4 h5 h6 header hr legend li main ol p pre section summary table ul"
)
_ROLES = _set("navigation banner contentinfo search menu menubar dialog alertdialog")
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|cookies?|consent|sidebar|footer|banner|"
    r"share|sharing|social|adverts?|advertisement|ads|skip|popup|newsletter)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_ENDS = {  # elements that end open ones of their kind (HTML, 13.1.2.4 Optional tags)
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "tr": {"tr", "td", "th"},
    "td": {"td", "th"}, "th": {"td", "th"}, "option": {"option"},
}  # fmt: skip
_WITHIN = frozenset({"ul", "ol", "dl", "table"})  # which an implied end does not cross


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    language: str
    blocks: tuple[Block, ...]


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.flush()
    main = [row for row in reader.rows if row.main]
    chosen = main if sum(len(row.block.text) for row in main) >= ARTICLE else reader.rows
    blocks = [row.block for row in chosen if chosen is main or not row.links]
    if not any(not block.level for block in blocks):  # a page of links is one
        blocks = [row.block for row in reader.rows]
    return Page(_line(reader.title), reader.language, tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Row:
    """`main`: it stands in what the page calls its content. `links`: it is a list of links."""

    block: Block
    main: bool
    links: bool


@dataclass(slots=True)
class _Open:
    tag: str
    silent: bool
    main: bool


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[_Row] = []
        self.title = ""
        self.language = ""
        self._open: list[_Open] = []
        self._text: list[str] = []
        self._linked = 0  # characters of the text that stand in links
        self._points: list[str] = []  # of a list that is not over
        self._all_linked = True
        self._defines = False  # the next text says what the last point means
        self._numbers: list[int] = []  # of the lists that are open: how many points; -1: none
        self._tables: list[_Table] = []
        self._level = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = said.get("lang", "")
        self._in_title = tag == "title" and not self.title
        if tag not in _IN_HEAD and "head" in self._tags():
            self.handle_endtag("head")
        if tag in _VOID:
            self._void(tag)
            return
        self._end_open(tag)
        if self._silent():
            self._push(tag, silent=True)
            return
        if tag in _BREAKS:
            self.flush_text()
        self._push(tag, silent=_is_silent(tag, said))
        self._begin(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        at = next((i for i in reversed(range(len(self._open))) if self._open[i].tag == tag), None)
        if at is None:
            return
        while len(self._open) > at:
            self._close(self._open[-1])

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            return
        if self._silent() or not data:
            return
        self._text.append(data)
        if any(each.tag == "a" for each in self._open):
            self._linked += len(data.strip())

    def flush(self) -> None:
        """What is still open at the end."""
        while self._open:
            self._close(self._open[-1])
        self.flush_text()
        self._flush_list()

    def flush_text(self) -> None:
        raw, self._text = "".join(self._text), []
        linked, self._linked = self._linked, 0
        code = any(each.tag == "pre" for each in self._open)
        text = raw.strip("\n").rstrip() if code else _lines(raw)
        if not text.strip():
            return
        if self._tables:
            self._cell(text)
        elif self._numbers:
            self._point(text)
            self._all_linked = self._all_linked and linked >= len(text) * 0.8
        else:
            only_links = linked >= len(text) * 0.8 and not self._level
            self._add(Block(text if not self._level else _line(text), self._level), only_links)

    def _void(self, tag: str) -> None:
        if tag in ("br", "wbr", "hr") and not self._silent():
            self._text.append("\n" if tag == "br" and "pre" in self._tags() else _BREAK[tag])

    def _begin(self, tag: str) -> None:
        if self._silent():
            return
        if tag in ("ul", "ol", "dl"):
            self._numbers.append(0 if tag == "ol" else -1)
        elif tag == "li" and self._numbers:
            if self._numbers[-1] >= 0:
                self._numbers[-1] += 1
            self._points.append("")
        elif tag == "dt" and self._numbers:
            self._points.append("")
        elif tag == "dd" and self._points:
            self._defines = bool(self._points[-1])
        elif tag == "table":
            self._tables.append(_Table())
        elif tag == "tr" and self._tables:
            self._tables[-1].rows.append([])
        elif tag in ("td", "th") and self._tables:
            if not self._tables[-1].rows:
                self._tables[-1].rows.append([])
            self._tables[-1].rows[-1].append("")
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self._level = int(tag[1])

    def _close(self, element: _Open) -> None:
        if element.silent:
            self._open.pop()
            return
        tag = element.tag
        if tag in _BREAKS or tag in ("td", "th", "caption", "tr"):
            self.flush_text()
        self._open.pop()
        if tag in ("ul", "ol", "dl") and self._numbers:
            self._numbers.pop()
            if not self._numbers:
                self._flush_list()
        elif tag == "table" and self._tables:
            self._flush_table(self._tables.pop())
        elif len(tag) == 2 and tag[0] == "h":
            self._level = 0

    def _end_open(self, tag: str) -> None:
        """The end tags that HTML lets one leave out."""
        ends = _ENDS.get(tag, {"p"} if tag in _BREAKS else set())
        for element in reversed(self._open):
            if element.tag in ends:
                self.handle_endtag(element.tag)
                return
            if element.tag in _WITHIN or element.tag in _BREAKS - {"p"}:
                return

    def _push(self, tag: str, *, silent: bool) -> None:
        if len(self._open) >= DEPTH:
            return
        above = self._open[-1] if self._open else _Open("", silent=False, main=False)
        main = above.main or tag in ("main", "article")
        self._open.append(_Open(tag, silent or above.silent, main))

    def _silent(self) -> bool:
        return bool(self._open) and self._open[-1].silent

    def _tags(self) -> set[str]:
        return {each.tag for each in self._open}

    def _point(self, text: str) -> None:
        indent = "  " * (len(self._numbers) - 1)
        number = self._numbers[-1]
        mark = f"{number}. " if number > 0 else "- "
        if self._defines:
            self._points[-1] += ": " + " ".join(text.split("\n"))
            self._defines = False
        elif self._points and not self._points[-1]:
            self._points[-1] = indent + mark + " ".join(text.split("\n"))
        else:
            self._points.append(indent + "  " + " ".join(text.split("\n")))

    def _flush_list(self) -> None:
        text = "\n".join(point for point in self._points if point)
        if text:
            self._add(Block(text), self._all_linked)
        self._points, self._all_linked = [], True

    def _cell(self, text: str) -> None:
        rows, text = self._tables[-1].rows, _line(text)
        if rows and rows[-1]:
            rows[-1][-1] = f"{rows[-1][-1]} {text}".strip()
        else:  # a caption, or what stands in no cell
            self._add(Block(text), links=False)

    def _flush_table(self, table: _Table) -> None:
        if self._tables:  # one within another
            for row in table.rows:
                self._cell(" ".join(row))
            return
        if max((len(row) for row in table.rows), default=0) <= 1:  # for the layout
            for row in table.rows:
                if row and row[0]:
                    self._add(Block(row[0]), links=False)
            return
        block = table_block(dict(enumerate(dict(enumerate(row)) for row in table.rows)))
        if block is not None:
            self._add(block, links=False)

    def _add(self, block: Block, links: bool) -> None:
        main = bool(self._open) and self._open[-1].main
        self.rows.append(_Row(block, main, links))


_BREAK = {"br": "\x0b", "wbr": "", "hr": "\x0b"}  # a line of its own, until the text is whole


def _is_silent(tag: str, said: dict[str, str]) -> bool:
    if tag in ("html", "body", "main", "article"):
        return False
    names = f"{said.get('class', '')} {said.get('id', '')}"
    return (
        tag in _SILENT
        or said.get("role", "").lower() in _ROLES
        or "hidden" in said
        or said.get("aria-hidden", "") == "true"
        or _HIDDEN.search(said.get("style", "")) is not None
        or (tag in ("div", "ul", "ol", "section", "span", "header") and bool(_NAMES.search(names)))
    )


def _lines(text: str) -> str:
    return "\n".join(line for part in text.split("\x0b") if (line := _line(part)))


def _line(text: str) -> str:
    return " ".join(text.split())
