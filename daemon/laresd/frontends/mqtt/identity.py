"""Who a request is from: what the broker's access list vouches for, and what anybody may claim.

Pure. MQTT does not tell a receiver who sent a message. Only a topic says it, where the broker lets
nobody else publish on it: `<prefix>/<box>/from/<client>/...`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from laresd.errors import Refused
from laresd.frontends.mqtt.requests import (
    Activate,
    Ask,
    AskDocuments,
    SearchDocuments,
    SumUp,
    Wanted,
)


class Identities:
    """`users`, `sites`: who a client is, and where, by its name in the topic. What stands there
    nobody else may claim to be.
    """

    def __init__(self, users: Mapping[str, str], sites: Mapping[str, str], *, base: str) -> None:
        self._users, self._sites, self._base = users, sites, base

    def settled(self, wanted: Wanted, *, by_topic: str, claimed: str) -> Wanted:
        """What is wanted, in the name of whom it is from. `by_topic`: the client as its topic names
        it, "" for none; `claimed`: as the message itself says. Raises Refused for what is
        another's.
        """
        if not by_topic and claimed in {*self._users, *self._sites}:
            raise self._of_another("client")
        match wanted:
            case Ask():
                user = self._mine("user", wanted.user, self._users, by_topic, claimed)
                site = self._mine("site", wanted.site, self._sites, by_topic)
                return replace(wanted, user=user, site=site)
            case Activate():
                user = self._mine("user", wanted.user, self._users, by_topic, claimed)
                return replace(wanted, user=user)
            case AskDocuments() | SearchDocuments() | SumUp():
                asker = wanted.asker
                user = self._mine("user", asker.user, self._users, by_topic, claimed)
                site = self._mine("site", asker.site, self._sites, by_topic)
                return replace(wanted, asker=replace(asker, user=user, site=site))
        return wanted

    def _mine(
        self, what: str, said: str, bound: Mapping[str, str], by_topic: str, default: str = ""
    ) -> str:
        mine = bound.get(by_topic, "")
        if mine:
            if said and said.casefold() != mine.casefold():
                raise Refused(
                    f"this client is another {what}", remedy=f"leave `{what}` out, or correct it"
                )
            return mine
        taken = {name.casefold() for name in bound.values()}
        if (said or by_topic or default).casefold() in taken:
            raise self._of_another(what)
        return said

    def _of_another(self, what: str) -> Refused:
        return Refused(
            f"this {what} is known by a topic of its own",
            remedy=f"publish below {self._base}/from/<client>/ with the rights of that client",
        )
