"""What is read of an e-mail."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from laresd.documents import Block
from laresd.engines.extract import mail
from laresd.errors import Permanent

TEXT = "I come on Monday."


def opened(name: str, data: bytes) -> list[Block]:
    if name == "bad.bin":
        raise Permanent("it is damaged")
    return [Block("Inside", 1), Block(data.decode())]


def read(message: EmailMessage | bytes) -> tuple[str, list[str], list[str]]:
    notes: list[str] = []
    subject, blocks = mail.read(bytes(message), opened, notes)
    return subject, [block.text for block in blocks], notes


def letter(text: str = TEXT, subtype: str = "plain") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Plumber", "ann@a.example", "bob@b.example"
    message["Date"] = "Mon, 23 Nov 2026 08:00:00 +0100"
    message.set_content(text, subtype=subtype)
    return message


def test_who_wrote_to_whom_about_what_and_when_stands_in_front() -> None:
    subject, texts, _ = read(letter())
    assert subject == "Plumber"
    assert texts == [
        "Subject: Plumber\nFrom: ann@a.example\nTo: bob@b.example\n"
        "Date: Mon, 23 Nov 2026 08:00:00 +0100",
        TEXT,
    ]


def test_quoted_text_is_kept_once_and_without_its_marks() -> None:
    body = f"Yes.\n\nAnn wrote:\n> {TEXT}\n> > Can you come?\n\n> > > Can you come?\n> {TEXT}\n"
    assert read(letter(body))[1][1:] == ["Yes.", f"Ann wrote:\n{TEXT}\nCan you come?"]


def test_a_mail_in_html_alone_is_read_as_a_page() -> None:
    assert read(letter(f"<p>{TEXT}</p><style>x</style>", "html"))[1][1:] == [TEXT]


def test_of_two_forms_the_plain_one_is_read() -> None:
    message = letter()
    message.add_alternative("<p>rich</p>", subtype="html")
    assert read(message)[1][1:] == [TEXT]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "big5", "utf-16"])
def test_any_encoding_is_read(charset: str) -> None:
    message = letter()
    message.set_content("明天見".encode(charset), maintype="text", subtype="plain")
    message.set_param("charset", charset)
    assert read(message)[1][1:] == ["明天見"]


def test_an_unknown_encoding_is_guessed() -> None:
    raw = b"Subject: x\nContent-Type: text/plain; charset=klingon\n\nGr\xfc\xdfe"
    assert read(raw)[1] == ["Subject: x", "Grüße"]


def test_attachments_follow_under_their_names_with_their_own_headings_below() -> None:
    message = letter()
    message.add_attachment("The key.", filename="note.txt")
    notes: list[str] = []
    _, blocks = mail.read(bytes(message), opened, notes)
    assert [(block.level, block.text.strip()) for block in blocks[2:]] == [
        (2, "Attachment: note.txt"),
        (3, "Inside"),
        (0, "The key."),
    ]


def test_an_attachment_that_cannot_be_read_costs_a_note_alone() -> None:
    message = letter()
    message.add_attachment(b"x", maintype="application", subtype="x", filename="bad.bin")
    _, texts, notes = read(message)
    assert texts[1:] == [TEXT]
    assert notes == ["attachment bad.bin: it is damaged"]


def test_a_mail_that_was_sent_on_is_an_attachment() -> None:
    message = letter()
    message.add_attachment(letter("Inner words."))
    _, texts, _ = read(message)
    assert texts[2] == "Attachment: mail.eml"
    assert "Inner words." in texts[-1]


def test_no_more_than_so_many_attachments_are_read() -> None:
    message = letter()
    for number in range(mail.ATTACHMENTS + 1):
        message.add_attachment("x", filename=f"{number}.txt")
    _, _, notes = read(message)
    assert notes == [f"only its first {mail.ATTACHMENTS} attachments are known"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 50,
        b"Subject: =?utf-8?b?///?=\nFrom: <<>>,;:\nDate: never\n\nx",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n!",
        b"Content-Type: text/plain; charset\n\nx",
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(raw: bytes) -> None:
    read(raw)
