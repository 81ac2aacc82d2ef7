"""Chat templates in Jinja, of files that anybody may have made, in a sandbox with a budget.

The one file of the engines that imports jinja2. laresd.backends.home.templates imports it, too,
for a home's value templates: a worker process cannot import backends, and these are a line each
where a chat template is a program, so that they share no more than the library.

What a template may cost is counted where it could grow: every turn of a loop, every call, and every
text, list and object that it makes is paid by its size. Filters, methods and tests that chat
templates have no use for are not there.
"""

from __future__ import annotations

import itertools
import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, LoopControlExtension
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from laresd.engines.llm.budget import Budget, Limits, TooMuchError
from laresd.errors import Permanent, Refused

MAX_SOURCE = 256 * 1024  # characters
MAX_BITS = 256  # of an integer
MAX_INDENT = 16
REMEDY = "take another version of the model (lares models list)"

_FAILURES = (  # what a template can raise by what is written in it, in jinja2 and in Python
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
_BUDGET = "the budget"  # no template can write a name with a space
_FILTERS = """abs capitalize count d default dictsort first float int items last length list lower
    map max min reject rejectattr reverse round select selectattr sort title trim unique upper"""
_TEXT_METHODS = """capitalize count endswith find index isalpha isdigit isspace isupper lower lstrip
    rfind rsplit rstrip split splitlines startswith strip title upper"""
_MAPPING_METHODS = frozenset({"copy", "get", "items", "keys", "values"})
_LIST_METHODS = frozenset({"copy", "count", "index"})
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[A-Za-z%]){0,64}")


DEFAULT_LIMITS = Limits()


class _Refusal(jinja2.TemplateRuntimeError):
    """The template itself says that it will not do it."""


class Compiled:
    """A template that can be rendered many times."""

    def __init__(self, template: jinja2.Template, limits: Limits) -> None:
        self._template = template
        self._limits = limits

    def render(self, variables: Mapping[str, object], today: date) -> str:
        """Raises Refused with the template's own words where it calls raise_exception, and
        Permanent where it fails or is too much.

        `today`: what strftime_now tells; its time of day is midnight.
        """
        budget = Budget(self._limits)
        given = {**variables, _BUDGET: budget, "strftime_now": partial(_day, today)}
        try:
            return self._template.render(given)
        except _Refusal as error:
            raise Refused(
                f"the language model's chat template refuses the messages: {error}"
            ) from error
        except _FAILURES as error:
            raise _fails(error) from error


def compile_template(source: str, limits: Limits = DEFAULT_LIMITS) -> Compiled:
    """Raises Permanent for a template that cannot be read."""
    if len(source) > MAX_SOURCE:
        raise _unreadable(f"{len(source)} characters; the most is {MAX_SOURCE}")
    sandbox = _Sandbox()
    try:
        tree = sandbox.parse(source)
        _Counting().visit(tree)
        tree.set_environment(sandbox)
        return Compiled(sandbox.from_string(tree), limits)
    except _FAILURES as error:
        raise _unreadable(str(error)) from error


def _budget(context: Context) -> Budget:
    budget = context.resolve(_BUDGET)
    if not isinstance(budget, Budget):
        raise jinja2.TemplateRuntimeError("there is no budget here")
    return budget


class _Counting(NodeTransformer):
    """Sends what could grow through a filter that counts it."""

    def visit(self, node: nodes.Node, *args: object, **kwargs: object) -> nodes.Node:
        self.generic_visit(node)
        match node:
            case nodes.For(recursive=True):
                raise jinja2.TemplateSyntaxError("loops cannot be recursive here", node.lineno)
            case nodes.For():
                node.iter = _through("turns", node.iter)
            case nodes.Output():
                node.nodes = [_through("shown", part) for part in node.nodes]
            case nodes.Concat():
                return _through("joined", nodes.List(node.nodes, lineno=node.lineno))
            case nodes.Filter() | nodes.Getitem(arg=nodes.Slice()):
                return _through("made", node)
            case nodes.List() | nodes.Dict() | nodes.Tuple(ctx="load"):
                return _through("built", node)
        return node


def _through(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, f"lares:{name}", [], [], None, None, lineno=node.lineno)


class _Generation(Extension):
    """{% generation %}, which marks what a model is trained on, changes nothing here."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Namespace(Namespace):
    """One that does not show what is in it, which may be many others."""

    def __repr__(self) -> str:
        return "<namespace>"


class _Sandbox(ImmutableSandboxedEnvironment):
    """What the templates of transformers rely on, and not more."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,
            optimized=False,
            extensions=[LoopControlExtension, _Generation],
        )
        counted = {"turns": _turns, "made": _made, "built": _built}
        counted |= {"joined": _joined, "shown": _shown}
        self.filters = {name: FILTERS[name] for name in _FILTERS.split()}
        self.filters |= {f"lares:{name}": function for name, function in counted.items()}
        self.filters |= {"indent": _indent, "join": _join, "replace": _replace}
        self.filters |= {"safe": _shown, "string": _shown, "tojson": _tojson}
        self.globals = {
            "range": self.globals["range"],
            "dict": dict,
            "namespace": _Namespace,
            "raise_exception": _raise,
        }

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        if isinstance(obj, str):
            return attr in _TEXT_METHODS.split()
        if isinstance(obj, Mapping):
            return attr in _MAPPING_METHODS
        if isinstance(obj, (list, tuple)):
            return attr in _LIST_METHODS
        if isinstance(obj, (int, float)):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: object, attribute: str) -> object:
        return _text_method(obj, attribute) or super().getattr(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        return _text_method(obj, argument) or super().getitem(obj, argument)

    def call(__self, __context: Context, __obj: object, *args: object, **kwargs: object) -> object:  # noqa: N805
        budget = _budget(__context)
        budget.pay(1)
        result = super().call(__context, __obj, *args, **kwargs)
        budget.pay_for(result)
        return result

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            _check_number(operator, left, right)
        elif operator == "+":
            _budget(context).pay(_size(left) + _size(right))
        elif _size(left) or _size(right):
            raise jinja2.TemplateRuntimeError(f"{operator} is for numbers here")
        return super().call_binop(context, operator, left, right)


def _size(value: object) -> int:
    return len(value) if isinstance(value, (str, list, tuple)) else 0


def _check_number(operator: str, left: float, right: float) -> None:
    """Refuse what makes a huge integer."""
    bits = [value.bit_length() for value in (left, right) if isinstance(value, int)]
    if len(bits) == 2:
        product = {"*": sum(bits), "**": bits[0] * max(1, abs(int(right)))}.get(operator, 0)
        if product > MAX_BITS:
            raise TooMuchError("the number is too large")


@jinja2.pass_context
def _made(context: Context, value: object) -> object:
    _budget(context).pay(1 + _size(value))
    return value


@jinja2.pass_context
def _built(context: Context, value: object) -> object:
    _budget(context).pay_for(value)
    return value


@jinja2.pass_context
def _shown(context: Context, value: object) -> str:
    text = str(value)
    _budget(context).pay(1 + len(text))
    return text


@jinja2.pass_context
def _joined(context: Context, parts: Iterable[object]) -> str:
    return "".join(_shown(context, part) for part in parts)


@jinja2.pass_context
def _turns(context: Context, values: Iterable[object]) -> Iterator[object]:
    budget = _budget(context)
    for value in values:
        budget.pay(1)
        yield value


@jinja2.pass_context
def _join(
    context: Context, values: Iterable[object], between: str = "", attribute: str | None = None
) -> str:
    if attribute is not None:
        values = map(make_attrgetter(context.environment, attribute), values)
    texts = [_shown(context, value) for value in values]
    _budget(context).pay(len(texts) * len(between))
    return between.join(texts)


@jinja2.pass_context
def _replace(context: Context, value: object, old: str, new: str, count: int = -1) -> str:
    text = _shown(context, value)
    _budget(context).pay(text.count(old) * len(new))
    return text.replace(old, new, -1 if count is None else count)


@jinja2.pass_context
def _indent(
    context: Context,
    value: object,
    width: int | str = 4,
    first: bool = False,
    blank: bool = False,
) -> str:
    text, margin = _shown(context, value), width if isinstance(width, str) else " " * _width(width)
    _budget(context).pay((1 + text.count("\n")) * len(margin))
    return str(FILTERS["indent"](text, margin, first, blank))


@jinja2.pass_context
def _tojson(
    context: Context,
    value: object,
    *,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As transformers has it: no character is escaped for HTML."""
    budget = _budget(context)
    before = budget.left
    depth = budget.pay_for(value)
    budget.pay((before - budget.left) * depth * _width(indent or 0))
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _width(width: int) -> int:
    if not 0 <= width <= MAX_INDENT:
        raise TooMuchError(f"an indent of {width} is too much")
    return width


def _text_method(value: object, name: object) -> Callable[..., str] | None:
    """The methods of a text that could make a longer one."""
    if not isinstance(value, str):
        return None
    if name == "replace":
        return jinja2.pass_context(lambda context, *words: _replace(context, value, *words))
    if name == "join":
        return jinja2.pass_context(lambda context, values: _join(context, values, value))
    if name == "format":
        return jinja2.pass_context(lambda context, *values: _format(context, value, values))
    return None


def _format(context: Context, text: str, values: tuple[object, ...]) -> str:
    """Fill in {} and {0}; nothing else can be written between the braces."""
    parts: list[object] = []
    following = itertools.count()
    for before, name, spec, conversion in string.Formatter().parse(text):
        parts.append(before)
        if name is None:
            continue
        if spec or conversion or not (name == "" or name.isdecimal()):
            raise jinja2.TemplateRuntimeError("only {} and {0} can be formatted")
        parts.append(values[int(name) if name else next(following)])
    return _joined(context, parts)


def _day(today: date, form: str) -> str:
    if not _DATE_FORMAT.fullmatch(form):
        raise jinja2.TemplateRuntimeError(f"{form[:32]!r} is no format of a date")
    return today.strftime(form)


def _raise(words: object) -> None:
    raise _Refusal(str(words)[:500])


def _unreadable(why: str) -> Permanent:
    return Permanent(
        f"the language model's chat template cannot be read: {why[:300]}", remedy=REMEDY
    )


def _fails(error: BaseException) -> Permanent:
    why = str(error)[:300] or type(error).__name__
    return Permanent(f"the language model's chat template fails: {why}", remedy=REMEDY)
