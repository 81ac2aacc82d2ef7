"""How failures are told: the status, and OpenAI's form."""

from __future__ import annotations

import pytest

from laresd.errors import DeadlineExceeded, LaresError, Permanent, Refused, Temporary
from laresd.frontends.http.faults import Rejected, fault_of


@pytest.mark.parametrize(
    ("error", "not_ready", "status", "kind"),
    [
        (Refused("too long"), "", 400, "invalid_request_error"),
        (Permanent("a faulty schema"), "", 400, "invalid_request_error"),
        (Permanent("no model file"), "the model is missing", 503, "server_error"),
        (Temporary("died"), "", 503, "server_error"),
        (DeadlineExceeded("late"), "", 504, "server_error"),
        (Rejected("no", status=404), "the model is missing", 404, "invalid_request_error"),
        (Rejected("no", status=401), "", 401, "authentication_error"),
        (Rejected("no", status=403), "", 403, "permission_error"),
        (Rejected("no", status=429), "", 429, "rate_limit_error"),
    ],
)
def test_the_status_says_whose_fault_it_is(
    error: LaresError, not_ready: str, status: int, kind: str
) -> None:
    fault = fault_of(error, not_ready)
    assert (fault.status, fault.type) == (status, kind)


def test_the_message_has_the_remedy_and_the_reason_in_it() -> None:
    fault = fault_of(Permanent("no model", remedy="lares models pull"), "llm: no model")
    assert fault.form() == {
        "error": {
            "message": "no model (lares models pull); llm: no model",
            "type": "server_error",
            "param": None,
            "code": "not_ready",
        }
    }


def test_only_what_may_pass_is_asked_to_come_again() -> None:
    assert fault_of(Temporary("died"), "").headers() == {"Retry-After": "1"}
    assert fault_of(Rejected("no", status=429, retry_s=12.4), "").headers() == {"Retry-After": "12"}
    assert fault_of(DeadlineExceeded("late"), "").headers() == {"x-should-retry": "false"}
    assert fault_of(Refused("no"), "").headers() == {}
