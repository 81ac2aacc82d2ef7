"""What keeps doubt from becoming an action: made-up transcripts, and proposals without evidence."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from laresd.core import consent
from laresd.core.intent.abilities import is_dangerous
from laresd.core.intent.clause import Roles, groups_of, is_clear, values_of
from laresd.core.intent.deeds import Values, Verb, choose
from laresd.core.intent.describe import Fit, fit, fully_named, is_of_kind
from laresd.core.intent.lexicons import lexicon as lexicon_of
from laresd.core.intent.meaning import Meaning, Problem, Trouble, trouble
from laresd.core.intent.pieces import Piece, cut
from laresd.core.intent.senses import Lexicon
from laresd.core.intent.targets import one_room, same_area
from laresd.core.intent.text import tokens
from laresd.language import main_language
from laresd.types import Action, Entity, Home, Request, Transcript

MAX_CHARACTERS_PER_SECOND = 35.0  # of speech; the fastest speakers reach about 25
SURELY_WRONG_LOGPROB = -1.7
DOUBTFUL_LOGPROB = -0.9
NO_SPEECH = 0.6
SURE_LOGPROB = -0.5
SURELY_SPEECH = 0.2  # probability of no speech below which there was some
MAX_COMPRESSION = 2.4  # Whisper's own bound for text that goes round in circles
MAX_REPEATS = 3

MAX_COMMAND = 200  # characters
MAX_TALK = 300
_SYLLABLE = 4  # letters that a Chinese character or a Japanese one is like, to say
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_OPPOSITES = (
    {Verb.ON, Verb.OFF},
    {Verb.OPEN, Verb.CLOSE},
    {Verb.LOCK, Verb.UNLOCK},
    {Verb.MORE, Verb.LESS},
    {Verb.MUTE, Verb.UNMUTE},
    {Verb.PLAY, Verb.PAUSE},
)

# What Whisper is known to make up on silence and noise, learned from the subtitles of films.
_MADE_UP = {
    "en": (
        "thank you", "thank you very much", "thank you so much", "thanks", "thanks for watching",
        "thank you for watching", "thanks for listening", "you", "bye", "bye bye", "goodbye",
        "the end", "okay", "ok", "so", "oh", "hmm", "uh", "um", "yeah", "im sorry", "i m sorry",
        "please subscribe", "subscribe", "like and subscribe", "see you next time", "music",
        "see you in the next video", "subtitles by the amara org community", "applause",
        "please like and subscribe", "silence", "we ll be right back", "well be right back",
    ),
    "de": (
        "vielen dank", "danke", "danke schön", "vielen dank fürs zuschauen", "tschüss", "bis dann",
        "danke fürs zuschauen", "bis zum nächsten mal", "untertitel", "das wars", "musik", "ja",
        "untertitel der amara org community", "untertitel im auftrag des zdf für funk 2017",
        "untertitel von stephanie geiges", "copyright wdr 2021", "untertitelung des zdf 2020",
    ),
    "zh": (
        "谢谢", "谢谢观看", "谢谢大家", "感谢观看", "多谢收看", "謝謝觀看", "謝謝", "再见", "字幕",
        "字幕由amara org社区提供", "请不吝点赞订阅转发打赏支持明镜与点点栏目", "字幕by索兰娅", "嗯",
        "中文字幕志愿者", "优优独播剧场yoyotelevisionseriesexclusive",
    ),
}  # fmt: skip
_SPEAKER = {
    "en": frozenset({"i", "ive", "we", "weve"}),
    "de": frozenset({"ich", "wir"}),
    "zh": frozenset({"我"}),
}  # words of who says that they did it
_SOUND = re.compile(r"^\W*[\[(（【♪*].*[\])）】♪*]\W*$")  # [music], (applause), ♪ ♪


def transcript(heard: Transcript, language: str) -> str | None:
    """Why this text must not reach an action; None when it may.

    Covers what Whisper makes up on silence and noise, in English for every language because it
    falls back to English, and text that goes round in circles.
    """
    words = tokens(heard.text)
    if not words:
        return "no words"
    if _SOUND.match(heard.text):
        return "a sound, not words"
    if _is_made_up(words, language):
        return "words that speech models make up on silence"
    if _goes_in_circles(heard.text, words):
        return "the same words again and again"
    return _unlikely(heard)


def answer(heard: Transcript, language: str) -> str | None:
    """As `transcript`, for what is said after a question: its shortest answers are among what is
    made up on silence ("ja"), and are taken only where the speech model is sure of them.
    """
    why = transcript(heard, language)
    if why is None or consent.answer(heard.text, language) is consent.Answer.OTHER:
        return why
    sure = heard.avg_logprob > SURE_LOGPROB and heard.no_speech_prob < SURELY_SPEECH
    return None if sure and _unlikely(heard) is None else why


def dictated(heard: Transcript, language: str) -> str | None:
    """As `transcript`, for text that is only written down: "thank you" stays, where the speech
    model is sure that it was said.
    """
    why = transcript(heard, language)
    if why is None or not _is_made_up(tokens(heard.text), language):
        return why
    sure = SURE_LOGPROB < heard.avg_logprob < 0 and heard.no_speech_prob < SURELY_SPEECH
    return None if sure else why  # 0: a host that does not tell


def _is_made_up(words: tuple[str, ...], language: str) -> bool:
    main = main_language(language)
    known = {tokens(text) for text in (*_MADE_UP["en"], *_MADE_UP.get(main, ()))}
    return words in known


def _goes_in_circles(text: str, words: tuple[str, ...]) -> bool:
    for size in range(1, 7):
        repeats = 1
        for start in range(size, len(words) - size + 1, size):
            same = words[start : start + size] == words[start - size : start]
            repeats = repeats + 1 if same else 1
            if repeats > MAX_REPEATS:
                return True
    raw = text.encode()
    return len(raw) > 60 and len(raw) / len(zlib.compress(raw)) > MAX_COMPRESSION


def _unlikely(heard: Transcript) -> str | None:
    if heard.avg_logprob < SURELY_WRONG_LOGPROB:
        return "the speech model is not sure of any word"
    if heard.avg_logprob < DOUBTFUL_LOGPROB and heard.no_speech_prob > NO_SPEECH:
        return "probably no speech"
    length = len(heard.text) + (_SYLLABLE - 1) * len(_IDEOGRAPH.findall(heard.text))
    if heard.audio_seconds > 0 and length > MAX_CHARACTERS_PER_SECOND * heard.audio_seconds + 10:
        return "more words than that time has room for"
    return None


def names_only(text: str, language: str, home: Home) -> bool:
    """Whether the text only names a device: no verb, no value, nothing unknown that may be one.

    The sentence templates of some languages take that for a command.
    """
    lexicon = lexicon_of(language)
    pieces = [] if lexicon is None else cut(text, lexicon, home)
    return bool(pieces) and all(_is_of_home(p) or (p.sense and p.sense.filler) for p in pieces)


def names_any(text: str, language: str, home: Home) -> bool:
    """Whether a device, a kind of device or a room of this home is named."""
    lexicon = lexicon_of(language)
    return lexicon is not None and any(map(_is_of_home, cut(text, lexicon, home)))


def may_be_command(text: str, language: str, home: Home) -> bool:
    """Whether asking the model for calls could lead to an action at all."""
    evidence = _evidence(text, language, home)
    return evidence is not None and bool(evidence.described) and bool(evidence.verbs)


def may_be_talk(text: str, language: str, home: Home) -> bool:
    """Whether it is a question to chat about: not about this home, nor about today's world."""
    words = tokens(text)
    lexicon = lexicon_of(language)
    if lexicon is None or len(words) < 3 or len(text) > MAX_TALK:
        return False
    asks = words[0] in lexicon.questions or text.rstrip().endswith(("?", "？"))
    asks = asks or (language.startswith("zh") and not lexicon.questions.isdisjoint(words))
    if not asks or not lexicon.news.isdisjoint(words):
        return False
    return not any(_is_of_home(piece) for piece in cut(text, lexicon, home))


def fits_talk(said: str, language: str, home: Home) -> bool:
    """Whether a sentence of a model's talk may be said: not what tells of this home, of which its
    talk knows nothing, nor what claims a deed, of which it does none.
    """
    lexicon = lexicon_of(language)
    if lexicon is None:
        return True
    pieces = cut(said, lexicon, home)
    senses = [piece.sense for piece in pieces if piece.sense is not None]
    if any(sense.names or sense.area for sense in senses):
        return False
    speaks = not _SPEAKER.get(main_language(language), frozenset()).isdisjoint(tokens(said))
    deed = any(sense.verbs or sense.particle for sense in senses)
    kind = any(sense.kind is not None for sense in senses)
    return speaks + deed + kind < 2


def checked(proposed: Meaning, request: Request, home: Home) -> Meaning | None:
    """The proposal, if each action's device, verb and value are in the words that were said.

    A dangerous action is never done on a model's word: the answer asks for the full name.
    """
    evidence = _evidence(request.text, request.language, home)
    if evidence is None:
        return None
    for action in proposed.actions:
        entity = home.entities.get(action.entity_id)
        if entity is None or not _is_meant(entity, evidence, request, home):
            return None
        if not _is_told(action, entity, evidence, home):
            return None
        if is_dangerous(entity, action.command):
            return trouble(proposed.intent, Trouble.DANGEROUS, name=entity.name)
    return proposed


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a sentence says for certain, whatever a model makes of it."""

    verbs: frozenset[Verb]
    values: Values
    described: tuple[tuple[Piece, ...], ...]  # rooms, kinds, names: one group for each target
    lexicon: Lexicon


def _evidence(text: str, language: str, home: Home) -> _Evidence | None:
    """None when a word forbids acting, when words contradict, or too little is understood."""
    lexicon = lexicon_of(language)
    if lexicon is None or len(text) > MAX_COMMAND:
        return None
    pieces = cut(text, lexicon, home)
    if any(piece.sense is not None and piece.sense.stop for piece in pieces):
        return None
    roles = Roles(pieces)
    values = values_of(roles)
    verbs = _said_verbs(roles)
    if values is None or any(pair <= verbs for pair in _OPPOSITES):
        return None
    number = values.temperature if values.percent is None else values.percent
    if not is_clear(tuple(verbs), number, roles):
        return None
    if not values.none or roles.carried:
        verbs |= {Verb.SET}
    if _is_about_other_things(pieces):
        return None
    known = [piece for piece in roles.described if piece.sense is not None]
    return _Evidence(verbs, values, groups_of(known), lexicon)


def _said_verbs(roles: Roles) -> frozenset[Verb]:
    if roles.verbs:
        return frozenset(verb for verbs in roles.verbs for verb in verbs)
    particles = [piece.sense.particle for _, piece in roles.particles if piece.sense]
    return frozenset(verb for verbs in particles for verb in verbs)


def _is_about_other_things(pieces: Sequence[Piece]) -> bool:
    """Unknown words that may change what is meant: all but a name of address at the beginning."""
    said = [piece for piece in pieces if piece.sense is None or not piece.sense.filler]
    unknown = [piece for piece in said if piece.sense is None]
    if not unknown:
        return False
    if len(unknown) > 1 or said[0] is not unknown[0] or not said[0].joined.isascii():
        return True
    following = said[1].sense if len(said) > 1 else None
    return following is None or not (following.verbs or following.carrier)


def _is_of_home(piece: Piece) -> bool:
    sense = piece.sense
    return sense is not None and (sense.kind is not None or bool(sense.area or sense.names))


def _is_meant(entity: Entity, evidence: _Evidence, request: Request, home: Home) -> bool:
    """Whether one of the descriptions can mean this entity and no other."""
    return any(
        _is_the_one(entity, group, evidence.lexicon, request.area, home)
        for group in evidence.described
    )


def _is_the_one(
    entity: Entity, group: Sequence[Piece], lexicon: Lexicon, here: str | None, home: Home
) -> bool:
    """Named in full, or of the kind that was said and, without a room, the only one of it."""
    alike = [e for e in home.entities.values() if fit(group, e, lexicon) is Fit.WELL]
    if entity not in alike:
        return False
    full = [e for e in alike if fully_named(group, e, lexicon)]
    if full:
        chosen = one_room(full, here)
        return not isinstance(chosen, Problem) and entity in chosen
    kinds = [p.sense.kind for p in group if p.sense is not None and p.sense.kind is not None]
    if not any(is_of_kind(entity, kind) for kind in kinds):
        return False
    room_said = any(piece.sense is not None and piece.sense.area for piece in group)
    return room_said or len(alike) == 1 or same_area(entity, here)


def _is_told(action: Action, entity: Entity, evidence: _Evidence, home: Home) -> bool:
    """Whether the verbs and values that were said come to exactly this command."""
    state = home.state(entity.entity_id)
    values = evidence.values
    for verb in evidence.verbs:
        used = values if verb in (Verb.SET, Verb.MORE, Verb.LESS) or values.none else None
        choice = None if used is None else choose(verb, used, entity, state)
        if isinstance(choice, tuple) and choice == (action.command, dict(action.params)):
            return True
    return False
