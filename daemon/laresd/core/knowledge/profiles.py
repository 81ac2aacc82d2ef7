"""A vertical assistant: a prompt, collections, and rules of its own. Pure.

A profile can only narrow what may be asked, never widen it: the collections' own access stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd.config import ProfileSettings
from laresd.core.knowledge import words
from laresd.errors import Refused


@dataclass(frozen=True, slots=True)
class Profile:
    """`least`: confidence that an answer must have; 0 for the usual. `notice`: said after every
    answer. `quotes_only`: no sentence that a model wrote. `topics`: what is refused, each as its
    words, with `refusal`.
    """

    collections: tuple[str, ...] = ()
    instructions: str = ""
    notice: str = ""
    quotes_only: bool = False
    least: float = 0.0
    topics: tuple[tuple[str, ...], ...] = ()
    refusal: str = ""

    def refuses(self, question: str) -> str | None:
        """What is said instead of an answer; None where one may be looked for."""
        asked = tuple(words.words(question))
        for topic in self.topics:
            if any(asked[at : at + len(topic)] == topic for at in range(len(asked))):
                return self.refusal
        return None

    def narrowed(self, named: Sequence[str]) -> tuple[str, ...]:
        """The collections that are asked. Raises Refused for one that is not the profile's."""
        if not self.collections:
            return tuple(named)
        if any(name not in self.collections for name in named):
            raise Refused(
                "this profile answers from its own collections alone",
                remedy="name none, or ask without the profile",
            )
        return tuple(named) or self.collections


NO_PROFILE = Profile()


def profile(settings: ProfileSettings) -> Profile:
    return Profile(
        settings.collections,
        settings.prompt,
        settings.notice,
        settings.quotes_only,
        settings.least_confidence,
        tuple(filter(None, (tuple(words.words(topic)) for topic in settings.refuse))),
        settings.refusal,
    )


def profiles(settings: Mapping[str, ProfileSettings]) -> dict[str, Profile]:
    return {name: profile(each) for name, each in settings.items()}
