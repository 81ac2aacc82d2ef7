"""Server-sent events, as the WHATWG's HTML standard (section 9.2.6) has a stream parsed."""

from __future__ import annotations

MAX_EVENT = 1 << 22  # bytes; the longest message of a server is the final one, with its settings


class EventReader:
    """The data of each event, however the stream is cut into pieces. Other fields than `data`
    are of no use here, and an event that the stream's end cuts is none.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_return = False  # a "\n" that comes next belongs to the line before

    def feed(self, piece: bytes) -> list[bytes]:
        """What is complete now. Raises ValueError when an event is longer than MAX_EVENT."""
        if not piece:
            return []
        if self._after_return:
            piece = piece.removeprefix(b"\n")
        self._after_return = piece.endswith(b"\r")
        self._rest += piece
        *lines, rest = self._rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = bytearray(rest)
        events = [event for line in lines if (event := self._line(bytes(line))) is not None]
        if self._size + len(self._rest) > MAX_EVENT:
            raise ValueError(f"an event of more than {MAX_EVENT} bytes")
        return events

    def _line(self, line: bytes) -> bytes | None:
        """The event that this line ends, if it does."""
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data) if data else None
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        return None
