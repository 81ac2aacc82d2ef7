"""An e-mail as blocks: who wrote what to whom and when, quoted text once, and its attachments."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage, MIMEPart

from laresd.documents import Block
from laresd.engines.extract import encodings, web_page
from laresd.errors import LaresError

ATTACHMENTS = 50  # of one mail
_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_QUOTED = re.compile(r"^\s*(?:>\s?)+")
_LEVELS = 6

Open = Callable[[str, bytes], list[Block]]
"""The blocks of an attachment by its name and content. Raises LaresError."""


def read(data: bytes, opened: Open, notes: list[str]) -> tuple[str, list[Block]]:
    """Its subject and blocks (RFC 5322, MIME); `notes` is told which attachments are not known."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the policy makes no EmailMessage")
    head = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    blocks = [Block("\n".join(head))] if head else []
    blocks += _without_repeated_quotes(list(_body(message)))
    for number, part in enumerate(message.iter_attachments()):
        if number == ATTACHMENTS:
            notes.append(f"only its first {ATTACHMENTS} attachments are known")
            break
        blocks += _attachment(part, opened, notes)
    return _header(message, "Subject"), blocks


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, IndexError, AttributeError):  # the standard library on broken headers
        return ""


def _body(message: EmailMessage) -> Iterator[Block]:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return
    text = _text(body)
    if body.get_content_type() == "text/html":
        yield from web_page.read(text).blocks
        return
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.strip():
            yield Block(paragraph.strip("\n").rstrip())


def _text(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    named = part.get_content_charset()
    return encodings.decoded(data, [named] if named else []).replace("\r\n", "\n")


def _without_repeated_quotes(blocks: list[Block]) -> list[Block]:
    """Quoted lines without their marks, and none that the mail says already."""
    said: set[str] = set()
    kept: list[Block] = []
    for block in blocks:
        lines = []
        for line in block.text.split("\n"):
            bare = _QUOTED.sub("", line).rstrip()
            if bare != line.rstrip() and " ".join(bare.split()) in said:
                continue
            said.add(" ".join(bare.split()))
            lines.append(bare)
        if any(line.strip() for line in lines):
            kept.append(replace(block, text="\n".join(lines).strip("\n")))
    return kept


def _attachment(part: EmailMessage, opened: Open, notes: list[str]) -> Iterator[Block]:
    name = part.get_filename() or ("mail.eml" if _is_mail(part) else "attachment")
    try:
        inner = opened(name, _content(part))
    except LaresError as error:
        notes.append(f"attachment {name}: {error.message}")
        return
    yield Block(f"Attachment: {name}", 2)
    for block in inner:
        level = min(block.level + 2, _LEVELS) if block.level else 0
        yield replace(block, level=level)


def _is_mail(part: EmailMessage) -> bool:
    return part.get_content_type() == "message/rfc822"


def _content(part: EmailMessage) -> bytes:
    if _is_mail(part):
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, EmailMessage) else b""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
