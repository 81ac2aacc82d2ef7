"""The bodies of requests as what the engines are asked. Pure; each raises Rejected.

Fields that only tune an answer and that the engines do not have (top_p, penalties, logit_bias) are
ignored, as are unknown ones; those that would make it another kind of answer are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from laresd.frontends.http.cards import ANY, ModelCard, chosen, narrowed
from laresd.frontends.http.faults import Rejected
from laresd.frontends.http.fields import Body, checked_text
from laresd.frontends.http.messages import read_answer_form, read_messages, read_tools
from laresd.frontends.http.terms import Terms
from laresd.generation import Generation, Message, Role
from laresd.jobs import JobKind

DEFAULT_TOKENS = 512  # of an answer for which the request does not say it
MOST_TOKENS = 1 << 20  # an engine's context allows less, and says so
MOST_TEMPERATURE = 2.0
MAX_STOPS = 4
MAX_TEXTS = 1024  # to embed at once
_SEEDS = 1 << 63


@dataclass(frozen=True, slots=True)
class TextAsked:
    """A text to generate. `model`: as it was named; `seconds`: from now to the deadline."""

    generation: Generation
    model: str = ANY
    seconds: float = 300.0
    stream: bool = False
    include_usage: bool = False


@dataclass(frozen=True, slots=True)
class EmbedAsked:
    """Texts to embed. `width`: what the vectors must have, 0 for whatever the model has."""

    texts: tuple[str, ...]
    model: str = ANY
    base64: bool = False
    width: int = 0


def read_chat(body: Body, terms: Terms, cards: Sequence[ModelCard], seed: int) -> TextAsked:
    """POST /v1/chat/completions. `seed`: for a request that has none of its own."""
    _refuse_logprobs(body)
    tools, grammar = read_tools(body), read_answer_form(body)
    if tools.tools and grammar is not None:
        body.unsupported(
            "response_format",
            "an answer cannot both have a form and be free to call tools",
            "send either response_format or tools, or tool_choice none",
        )
    generation = Generation(
        read_messages(body),
        grammar=grammar,
        max_tokens=_max_tokens(body),
        tools=tools.tools,
        choice=tools.choice,
        max_calls=tools.most,
    )
    return _asked(body, generation, terms, cards, seed)


def read_completion(body: Body, terms: Terms, cards: Sequence[ModelCard], seed: int) -> TextAsked:
    """POST /v1/completions: text to go on from, as it is."""
    if body.flag("echo", False):
        body.unsupported("echo", "'echo' is not supported", "put the prompt before it yourself")
    if body.text("suffix", ""):
        body.unsupported("suffix", "'suffix' is not supported: this model writes forwards alone")
    _refuse_logprobs(body)
    if body.integer("best_of", 1, least=1, most=MOST_TOKENS) != 1:
        body.unsupported("best_of", "there is one answer to a request", "leave out 'best_of'")
    generation = Generation(prompt=_prompt(body), max_tokens=_max_tokens(body))
    return _asked(body, generation, terms, cards, seed)


def read_simple(body: Body, terms: Terms, cards: Sequence[ModelCard], seed: int) -> TextAsked:
    """POST /generate: what a person says, answered as in a chat."""
    messages = (Message(Role.USER, _filled(body, "prompt")),)
    generation = Generation(messages, max_tokens=_max_tokens(body))
    return _asked(body, generation, terms, cards, seed)


def read_embeddings(body: Body, cards: Sequence[ModelCard]) -> EmbedAsked:
    """POST /v1/embeddings."""
    model = chosen(cards, body.text("model", ""), JobKind.EMBED)
    value = body.get("input")
    if value is None:
        body.missing("input")
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= MAX_TEXTS:
        body.wrong("input", f"a text, or a list of 1 to {MAX_TEXTS} texts")
    if any(isinstance(item, (int, list)) and not isinstance(item, bool) for item in items):
        body.unsupported("input", "tokens of another model cannot be embedded", "send the text")
    name = "input[{}]" if isinstance(value, list) else "input"
    texts = tuple(checked_text(item, name.format(n)) for n, item in enumerate(items))
    base64 = body.word("encoding_format", ("float", "base64"), "float") == "base64"
    return EmbedAsked(
        texts, model.id, base64, body.integer("dimensions", 0, least=1, most=MOST_TOKENS)
    )


def _asked(
    body: Body, generation: Generation, terms: Terms, cards: Sequence[ModelCard], seed: int
) -> TextAsked:
    """With what all requests for text have in common."""
    if body.integer("n", 1, least=1, most=128) != 1:
        body.unsupported("n", "there is one answer to a request", "leave out 'n', or send 1")
    card = chosen(cards, body.text("model", ""), JobKind.TEXT)
    own = body.integer("seed", seed, least=-_SEEDS, most=_SEEDS - 1)
    options = body.row("stream_options")
    return TextAsked(
        replace(
            generation,
            temperature=body.real("temperature", 0.0, least=0.0, most=MOST_TEMPERATURE),
            stop=_stops(body),
            seed=own % _SEEDS,
            priority=terms.priority,
            adapter=card.adapter,
            routing=narrowed(terms.routing, card),
        ),
        model=card.id,
        seconds=terms.seconds,
        stream=body.flag("stream", False),
        include_usage=options.flag("include_usage", False) if options else False,
    )


def _max_tokens(body: Body) -> int:
    """`max_completion_tokens` is OpenAI's newer name, and counts before the older."""
    older = body.integer("max_tokens", DEFAULT_TOKENS, least=1, most=MOST_TOKENS)
    return body.integer("max_completion_tokens", older, least=1, most=MOST_TOKENS)


def _stops(body: Body) -> tuple[str, ...]:
    value = body.get("stop")
    items = [] if value is None else value if isinstance(value, list) else [value]
    if len(items) > MAX_STOPS:
        body.wrong("stop", f"a text, or at most {MAX_STOPS} of them")
    stops = tuple(checked_text(item, body.name("stop")) for item in items)
    if "" in stops:
        raise Rejected("an empty text cannot stop an answer", param=body.name("stop"))
    return stops


def _prompt(body: Body) -> str:
    value = body.get("prompt")
    if not isinstance(value, list):
        return _filled(body, "prompt")
    if len(value) != 1 or not isinstance(value[0], str):
        body.unsupported("prompt", "a request has one prompt, and it is a text")
    return _filled(Body({"prompt": value[0]}), "prompt")


def _filled(body: Body, key: str) -> str:
    text = body.text(key)
    if not text:
        raise Rejected(f"{body.name(key)!r} is empty", param=body.name(key))
    return text


def _refuse_logprobs(body: Body) -> None:
    """`logprobs` is a flag of a chat and a number of a completion; 0 asks for them, too."""
    for key in ("logprobs", "top_logprobs"):
        value = body.get(key)
        if value is not None and value is not False and (key, value) != ("top_logprobs", 0):
            body.unsupported(key, "the probabilities of tokens are not told", f"leave out {key!r}")
