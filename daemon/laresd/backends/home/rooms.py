"""Which room a thing is in: as corrected, as its device says, else as its name tells. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from laresd.backends.home import naming
from laresd.backends.home.naming import Spoken
from laresd.config import HomeNames


class Rooms:
    """Of all things together: one may tell the room of another, or how it is spelled."""

    def __init__(self, things: Iterable[Spoken], names: HomeNames) -> None:
        self._renamed = {old.casefold(): new for old, new in names.rooms.items()}
        self._corrected = {key.casefold(): room for key, room in names.areas.items()}
        things = list(things)
        self._shared = naming.shared_rooms(things)
        told = {item.room for item in things if item.room} | set(names.areas.values())
        self._spelled = naming.same_spelling({self._shown(room) for room in told})
        self._known = frozenset(self._spelled.values())

    def of(self, entity_id: str, thing: Spoken, name: str) -> str | None:
        corrected = self._corrected.get(entity_id) or self._corrected.get(thing.device)
        told = corrected or thing.room or self._of_device(thing)
        room = self._shown(told) if told else naming.area_in(name, self._known)
        return self._spelled.get(room.casefold(), room) if room else None

    def _of_device(self, thing: Spoken) -> str | None:
        return next((self._shared[id_] for id_ in thing.identifiers if id_ in self._shared), None)

    def _shown(self, room: str) -> str:
        return self._renamed.get(room.casefold(), room)
