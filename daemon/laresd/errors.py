"""The three kinds of failure: what may pass, what will not, and what was refused on purpose.

Every message is read by a person, possibly at midnight on a ladder: it says what failed, and
`remedy` says what to do about it.
"""


class LaresError(Exception):
    """A failure with a message for a person and, where there is one, the way out."""

    kind = "permanent"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class Temporary(LaresError):
    """It may work when tried again: a worker died, a broker is away, a deadline passed."""

    kind = "temporary"


class DeadlineExceeded(Temporary):
    """The request's deadline passed before the work was done."""


class Permanent(LaresError):
    """Trying again will not help: a damaged file, an unknown model, a wrong payload."""

    kind = "permanent"


class Refused(LaresError):
    """Lares will not do it: not allowed, not safe, too much, or not understood well enough."""

    kind = "refused"


class ConfigError(Permanent):
    """The configuration names something that does not exist or has a wrong value."""


def from_kind(kind: str, message: str, remedy: str = "") -> LaresError:
    """The error that crossed a process border as (kind, message, remedy)."""
    classes: dict[str, type[LaresError]] = {"temporary": Temporary, "refused": Refused}
    return classes.get(kind, Permanent)(message, remedy=remedy)
