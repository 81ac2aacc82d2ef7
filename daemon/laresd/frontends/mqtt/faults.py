"""What is wrong, as an answer: a code for programs, a message and a way out for people."""

from __future__ import annotations

from laresd.errors import DeadlineExceeded, LaresError, Refused, Temporary
from laresd.types import Json

BAD_REQUEST = "bad_request"  # it cannot be read; sending it again will not help
REFUSED = "refused"  # it is understood, and not done
BUSY = "busy"  # nothing was done; it may be sent again, with the same id
EXPIRED = "expired"  # its time was over before it was done
FAILED = "failed"  # an engine, a file or a device did not do its part

CODES = (BAD_REQUEST, REFUSED, BUSY, EXPIRED, FAILED)


class BadRequest(LaresError):
    """The message cannot be read, or a field of it is wrong."""


class Busy(Temporary):
    """Too many requests; nothing was done."""


class Expired(DeadlineExceeded):
    """Its time was over before anything was done."""


def code_of(error: LaresError) -> str:
    """The code of an error as it is told."""
    match error:
        case BadRequest():
            return BAD_REQUEST
        case Busy():
            return BUSY
        case DeadlineExceeded():
            return EXPIRED
        case Refused():
            return REFUSED
    return FAILED


def error_form(number: str, error: LaresError) -> dict[str, Json]:
    """The answer to request `number`."""
    told: dict[str, Json] = {
        "code": code_of(error),
        "message": error.message,
        "remedy": error.remedy,
    }
    return {"id": number, "kind": "error", "error": told}
