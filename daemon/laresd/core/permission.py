"""Who may have what done now: the last word before an action goes out, whoever proposed it.

What is free passes. What needs a yes or the PIN is asked about at the same site, and the answer
applies to exactly that: devices that changed meanwhile are left alone, and the rules are asked
again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from laresd.config import Config
from laresd.core import consent, replies
from laresd.core.consent import Answer, Consents, Pending, site_of
from laresd.core.replies import consents as words
from laresd.core.risk import Asker, Judged, Risk, Rules, judged, rules_of
from laresd.errors import LaresError
from laresd.ports import Clock, Pins
from laresd.types import Action, Home, ReplyKind, Request

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decision:
    """`granted` may be done at once. `said`: what is asked or refused of the rest, as `kind`.

    `understood_by` and `intent`: of what was asked about.
    """

    granted: tuple[Action, ...] = ()
    said: str = ""
    kind: ReplyKind | None = None
    understood_by: str = ""
    intent: str = ""


class Permission:
    """Owns the open questions. Without `pins` what needs a PIN is refused."""

    def __init__(
        self, config: Config, clock: Clock, *, pins: Pins | None, timezone: tzinfo | None
    ) -> None:
        """Raises ConfigError for a rule or a policy that is none. `timezone`: of the rules' times
        of the day; None is the machine's own.
        """
        self._rules = rules_of(config)
        self._seconds = config.risk.confirm_s
        self._consents = Consents(tries=config.risk.pin_tries)
        self._clock = clock
        self._pins = pins
        self._timezone = timezone

    def adopt(self, config: Config, rules: Rules) -> None:
        """Judge by other rules from now on; what is asked about already is judged by them, too."""
        self._rules, self._seconds = rules, config.risk.confirm_s

    def decide(
        self,
        request: Request,
        actions: Sequence[Action],
        home: Home,
        *,
        understood_by: str = "",
        intent: str = "",
    ) -> Decision:
        """Which of the actions are free; for the others the question is open from now on."""
        given = Pending((), Risk.FREE, request.user, 0.0, {}, understood_by, intent)
        return self._decide(request, actions, home, given)

    def is_secret(self, request: Request) -> bool:
        """Whether the text is a PIN, right or wrong, asked for or not."""
        return self._pins is not None and bool(consent.digits(request.text, request.language))

    def awaits(self, request: Request) -> bool:
        """Whether the request may be an answer, which is no model's business."""
        return self.is_secret(request) or self._consents.peek(site_of(request)) is not None

    def drop(self, request: Request) -> None:
        """Forget the question that is open where this comes from."""
        self._consents.take(site_of(request))

    async def settle(self, request: Request, home: Callable[[], Home]) -> Decision | None:
        """What an answer lets be done; None when the request is none, which ends the question."""
        pending = self._consents.take(site_of(request))
        answer = consent.answer(request.text, request.language)
        if answer is Answer.PIN and self._pins is None:
            answer = Answer.OTHER
        if pending is None or pending.user != request.user:
            return _unasked(request) if answer is Answer.PIN else None
        if answer is Answer.OTHER:
            return None
        if answer is Answer.NO:
            log.info("turn %s: the answer was no", request.id)
            return Decision(said=words.left_alone(request.language), kind=ReplyKind.ANSWER)
        if self._clock.now() > pending.until:
            return _refused(words.too_late(request.language))
        return await self._answered(request, answer, pending, home)

    async def _answered(
        self, request: Request, answer: Answer, pending: Pending, home: Callable[[], Home]
    ) -> Decision:
        """A yes or a PIN that came in time."""
        if answer is Answer.PIN:
            return await self._try_pin(request, pending, home)
        if pending.risk is Risk.PIN:
            self._consents.ask(site_of(request), pending)
            return Decision(said=words.pin_again(request.language), kind=ReplyKind.QUESTION)
        return self._granted(request, pending, home())

    async def _try_pin(
        self, request: Request, pending: Pending, home: Callable[[], Home]
    ) -> Decision:
        """The question is closed while the PIN is looked at, and opened again if it is wrong."""
        site, language = site_of(request), request.language
        if pending.risk is not Risk.PIN or self._pins is None:
            return _unasked(request)
        pause = self._consents.pause(site, self._clock.now())
        if pause:
            return _refused(words.paused(pause, language))
        self._consents.tried(site, self._clock.now())
        try:
            right = await self._pins.check(consent.digits(request.text, language))
        except LaresError as error:
            log.error("turn %s: %s", request.id, error)
            said = replies.failure(error, language)
            return Decision(said=said, kind=ReplyKind.FAILED)
        if right:
            self._consents.right(site)
            return self._granted(request, pending, home())
        log.warning("turn %s: a wrong PIN", request.id)
        pause = self._consents.pause(site, self._clock.now())
        if pause:
            return _refused(words.paused(pause, language))
        self._consents.ask(site, replace(pending, until=self._clock.now() + self._seconds))
        return Decision(said=words.wrong_pin(language), kind=ReplyKind.QUESTION)

    def _granted(self, request: Request, pending: Pending, home: Home) -> Decision:
        """What was asked about, as far as everything is still as it was."""
        gone = consent.changed(pending, home)
        kept = [action for action in pending.actions if action.entity_id not in gone]
        decision = self._decide(request, kept, home, pending)
        if not gone:
            return decision
        log.info("turn %s: %s changed since it was asked about", request.id, ", ".join(gone))
        said = f"{words.has_changed(gone, home, request.language)} {decision.said}".strip()
        return replace(decision, said=said, kind=decision.kind or ReplyKind.REFUSED)

    def _decide(
        self, request: Request, actions: Sequence[Action], home: Home, given: Pending
    ) -> Decision:
        """`given`: what has been consented to already, and in which class."""
        now = datetime.fromtimestamp(self._clock.wall(), self._timezone)
        all_ = judged(actions, home, self._rules, now, Asker.of(request))
        _note(request, all_)
        granted = [one.action for one in all_ if one.verdict.risk.rank <= given.risk.rank]
        refused = [one for one in all_ if one.verdict.risk is Risk.NEVER]
        rest = [one for one in all_ if given.risk.rank < one.verdict.risk.rank < Risk.NEVER.rank]
        asked, said = self._askable(request, rest, home)
        if refused:
            by = Asker.of(request).by
            said.insert(0, words.refusals(refused, home, by, request.language))
        kind = ReplyKind.REFUSED if said else None
        if asked:
            said.append(self._ask(request, asked, home, given))
            kind = ReplyKind.QUESTION
        return Decision(
            tuple(granted),
            " ".join(said),
            kind,
            understood_by=given.understood_by,
            intent=given.intent,
        )

    def _askable(
        self, request: Request, rest: Sequence[Judged], home: Home
    ) -> tuple[list[Judged], list[str]]:
        """Those that can be asked about now, and why the others cannot."""
        pins = [one for one in rest if one.verdict.risk is Risk.PIN]
        pause = self._consents.pause(site_of(request), self._clock.now())
        if not pins or (self._pins is not None and not pause):
            return list(rest), []
        said = words.paused(pause, request.language)
        if self._pins is None:
            said = words.no_pin([one.action for one in pins], home, request.language)
        return [one for one in rest if one not in pins], [said]

    def _ask(self, request: Request, asked: Sequence[Judged], home: Home, given: Pending) -> str:
        """Open the question and say it."""
        actions = tuple(one.action for one in asked)
        risk = max((one.verdict.risk for one in asked), key=lambda risk: risk.rank)
        pending = Pending(
            actions,
            risk,
            request.user,
            self._clock.now() + self._seconds,
            consent.seen(actions, home),
            given.understood_by,
            given.intent,
        )
        self._consents.ask(site_of(request), pending)
        return words.question(actions, risk, home, request.language)


def _unasked(request: Request) -> Decision:
    """A PIN out of the blue: it must not come to a grammar, a model or an answer that quotes it."""
    return _refused(words.nothing_asked(request.language))


def _refused(said: str) -> Decision:
    return Decision(said=said, kind=ReplyKind.REFUSED)


def _note(request: Request, all_: Sequence[Judged]) -> None:
    """For the log: what was not free, and by which rule; never what was said."""
    for one in all_:
        if one.verdict.risk is not Risk.FREE:
            action, verdict = one.action, one.verdict
            log.info(
                "turn %s: %s %s is %s (rule %s, %s)",
                request.id,
                action.entity_id,
                action.command,
                verdict.risk,
                verdict.rule or "none",
                verdict.why,
            )
