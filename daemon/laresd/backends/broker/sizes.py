"""How large a message the broker takes: as it says (MQTT 5), or as it shows by hanging up."""

from __future__ import annotations

from laresd.errors import Permanent

LARGE = 1024  # bytes of a message that may be why a broker hung up; commands are shorter
MAX_HANG_UPS = 3  # at large messages in a row, after which it is believed
BELIEVED_S = 3600.0


class Sizes:
    """What is known of one broker. It outlives connections: one that hangs up at a message would
    do so again at each of them.
    """

    def __init__(self) -> None:
        self._hang_ups = 0
        self._refused = 0  # bytes of the smallest message at which it hung up
        self._until = 0.0

    def check(self, topic: str, size: int, said: int | None, now: float) -> None:
        """Raises Permanent for what is too large. `said`: by the broker itself; None: nothing."""
        remedy = "let the broker take larger ones (in Mosquitto: max_packet_size)"
        if said is not None and size > said:
            raise Permanent(
                f"a message on {topic} takes {size} bytes, and the broker takes {said}",
                remedy=remedy,
            )
        if self._hang_ups >= MAX_HANG_UPS and size >= self._refused and now < self._until:
            raise Permanent(
                f"a message on {topic} takes {size} bytes, and the broker hung up "
                f"{self._hang_ups} times when it was sent {self._refused}",
                remedy=remedy,
            )

    def taken(self, size: int) -> None:
        """The broker has acknowledged a message of so many bytes."""
        if size >= self._refused:
            self._hang_ups, self._refused = 0, 0

    def hung_up(self, largest: int, now: float) -> None:
        """A connection ended before the broker had acknowledged a message of so many bytes."""
        if largest < LARGE:
            return
        self._refused = min(self._refused, largest) if self._hang_ups else largest
        self._hang_ups += 1
        self._until = now + BELIEVED_S
