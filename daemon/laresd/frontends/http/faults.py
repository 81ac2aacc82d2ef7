"""What goes wrong, as a program is told: OpenAI's form {"error": {message, type, param, code}}.

A request's own fault is never a 5xx: that would make clients send it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from laresd.errors import DeadlineExceeded, LaresError, Refused, Temporary
from laresd.types import Json

RETRY_S = 1.0  # after which a client may try again what failed for the moment


class Rejected(Refused):
    """A request that is answered with this status. `param`: the field or header that is wrong;
    `retry_s`: when to come again, 0 where there is no use in it.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str = "invalid_value",
        param: str = "",
        remedy: str = "",
        retry_s: float = 0.0,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.code = code
        self.param = param
        self.retry_s = retry_s


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as it is answered. `message` has the remedy in it."""

    status: int
    code: str
    message: str
    param: str = ""
    retry_s: float = 0.0

    @property
    def type(self) -> str:
        """OpenAI's word for the status."""
        known = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        return known.get(self.status, "server_error" if _is_ours(self) else "invalid_request_error")

    def headers(self) -> dict[str, str]:
        """`x-should-retry` is read by OpenAI's own clients."""
        found: dict[str, str] = {}
        if self.retry_s > 0:
            found["Retry-After"] = str(max(1, round(self.retry_s)))
        if self.status == 504:
            found["x-should-retry"] = "false"  # the same work would be late again
        if self.status == 401:
            found["WWW-Authenticate"] = "Bearer"
        return found

    def form(self) -> dict[str, Json]:
        error: dict[str, Json] = {
            "message": self.message,
            "type": self.type,
            "param": self.param or None,
            "code": self.code,
        }
        return {"error": error}


def fault_of(error: LaresError, not_ready: str) -> Fault:
    """How an error of any box is answered.

    `not_ready`: why the daemon is not ready, "" when it is. What will not pass by itself is then
    the engine's fault, and else the request's: a faulty schema, a prompt that is too long.
    """
    if isinstance(error, Rejected):
        return Fault(error.status, error.code, str(error), error.param, error.retry_s)
    if isinstance(error, DeadlineExceeded):
        return Fault(504, "deadline_exceeded", str(error))
    if isinstance(error, Temporary):
        return Fault(503, "temporarily_unavailable", str(error), retry_s=RETRY_S)
    if not_ready:
        return Fault(503, "not_ready", f"{error}; {not_ready}", retry_s=RETRY_S)
    return Fault(400, "refused" if isinstance(error, Refused) else "cannot_be_done", str(error))


def _is_ours(fault: Fault) -> bool:
    return fault.status >= 500
