"""Home Assistant's value and command templates, in a sandbox.

The only file of the backends that imports jinja2; laresd.engines.llm.sandbox imports it, too, for a
model's chat template. A template comes from whoever may publish on the broker: it gets no loop in a
loop, no macros, none of Jinja's filters and methods that make a short text long, and every text
that it makes is bounded.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from laresd.backends.home import filters
from laresd.errors import Permanent
from laresd.types import Json

log = logging.getLogger(__name__)

MAX_SOURCE = 8192
MAX_LOOPS = 1  # a discovery message comes from the network: no loop in a loop
MAX_REPEAT = 10_000
MAX_KEPT = 4096  # compiled templates
FORBIDDEN: tuple[type[nodes.Node], ...] = (
    *(nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.Block),
    *(nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends),
)

# most templates only pick one value: that needs no interpreter
_KEY = r"""(?:\.[A-Za-z_]\w*|\['[^'\\\]]*'\]|\["[^"\\\]]*"\])"""
_PICK = re.compile(rf"\{{\{{-?\s*value_json({_KEY}+)\s*-?\}}\}}")
_STEP = re.compile(r"\.(\w+)|\[['\"]([^'\"]*)['\"]\]")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Arithmetic and methods that could eat the memory are refused, too."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "**" and (not numbers or abs(right) > 64 or abs(left) > 1_000_000):
            raise jinja2.TemplateRuntimeError("power too large")
        if operator == "*" and not numbers:
            size = max(left if isinstance(left, int) else 0, right if isinstance(right, int) else 0)
            if size > MAX_REPEAT or _length(left) + _length(right) > MAX_REPEAT:
                raise jinja2.TemplateRuntimeError("repetition too long")
        if operator == "*" and numbers and max(abs(left), abs(right)) > 1e30:
            raise jinja2.TemplateRuntimeError("product too large")
        if operator == "+" and _length(left) + _length(right) > filters.MAX_TEXT:
            raise jinja2.TemplateRuntimeError("text too long")
        if operator == "%" and isinstance(left, str):
            filters.checked_format(left)
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and callable(value) and attr not in filters.METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja takes `format` before it asks whether an attribute is safe."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def checked(*args: Any, **named: Any) -> str:
            if value.__name__ != "format":
                raise jinja2.exceptions.SecurityError("only format is there")
            filters.checked_format(value.__self__)
            return wrapped(*args, **named)

        return checked

    def call(self, /, context: Any, obj: Any, *args: Any, **named: Any) -> Any:
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str):
            if obj.__name__ == "replace":
                return filters.replaced(owner, *args)
            if obj.__name__ == "join":
                return filters.joined(args[0], owner)
        return super().call(context, obj, *args, **named)


class Payload:
    """What came in on a topic; its JSON is read once, however many values are taken from it."""

    __slots__ = ("_json", "_read", "is_json", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._json: Json = None
        self._read = self.is_json = False

    @property
    def json(self) -> Json:
        """None where it is no JSON."""
        if not self._read:
            self._read = True
            with contextlib.suppress(ValueError, RecursionError):
                self._json = json.loads(self.text)
                self.is_json = True
        return self._json


class Template:
    """One compiled template."""

    def __init__(self, source: str, compiled: jinja2.Template) -> None:
        self.source = source
        self._compiled = compiled
        picked = _PICK.fullmatch(source.strip())
        steps = _STEP.findall(picked[1]) if picked else []
        self._path = tuple(name or key for name, key in steps)
        if not {"get", "items", "keys", "values", "pop", "copy", "update"}.isdisjoint(self._path):
            self._path = ()  # a method of Python's would come before the key

    def read(self, payload: str | Payload) -> str | None:
        """The value in a state payload (`value`, `value_json`); None where it has none."""
        whole = Payload(payload) if isinstance(payload, str) else payload
        if self._path:
            return _picked(whole.json, self._path)
        variables: dict[str, Json] = {"value": whole.text}
        parsed = whole.json
        if whole.is_json:
            variables["value_json"] = parsed
        return self._render(variables)

    def write(self, variables: Mapping[str, Json]) -> str:
        """A command's payload. Raises Permanent where the template fails."""
        text = self._render(variables)
        if text is None:
            raise Permanent(f"the device's command template fails: {self.source}")
        return text

    def _render(self, variables: Mapping[str, Json]) -> str | None:
        try:
            return self._compiled.render(variables).strip()
        except (jinja2.TemplateError, ArithmeticError, LookupError, RecursionError) as error:
            log.debug("template %r: %s", self.source, error)
        except (TypeError, ValueError, AttributeError, OSError) as error:
            log.debug("template %r: %s", self.source, error)
        return None


def _picked(value: Json | None, path: tuple[str, ...]) -> str | None:
    """What `{{ value_json.a.b }}` prints: nothing where the last key is missing."""
    for step in path[:-1]:
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    if value is None:
        return None
    return str(value.get(path[-1], "")).strip() if isinstance(value, dict) else ""


class Templates:
    """Compiles, and keeps what it compiled: many devices share their templates."""

    def __init__(self) -> None:
        environment = _Sandbox(autoescape=False, cache_size=0, auto_reload=False)
        kept = {name: environment.filters[name] for name in filters.HARMLESS}
        environment.filters = kept | dict(filters.FILTERS) | {"is_defined": _is_defined}
        ours = {"range": environment.globals["range"], "dict": dict, "zip": zip}
        environment.globals = ours | dict(filters.GLOBALS)
        environment.tests |= filters.TESTS
        self._environment = environment
        self._compiled: OrderedDict[str, Template] = OrderedDict()

    def compile(self, source: str) -> Template:
        """Raises Permanent for a template that cannot be read or is too much."""
        known = self._compiled.get(source)
        if known is not None:
            return known
        if len(source) > MAX_SOURCE:
            raise Permanent(f"a template of {len(source)} characters is too long")
        try:
            tree = self._environment.parse(source)
            _refuse_too_much(tree)
            compiled = self._environment.from_string(_without_concat(tree))
        except (jinja2.TemplateError, RecursionError, SyntaxError, MemoryError) as error:
            raise Permanent(f"the template {source[:80]!r} cannot be read: {error}") from error
        template = self._compiled[source] = Template(source, compiled)
        if len(self._compiled) > MAX_KEPT:
            self._compiled.popitem(last=False)
        return template


def _refuse_too_much(tree: nodes.Template) -> None:
    if len(list(tree.find_all(nodes.For))) > MAX_LOOPS:
        raise Permanent("a template with more than one loop is too much")
    if next(tree.find_all(FORBIDDEN), None) is not None:
        raise Permanent("a template with macros, blocks or other files is too much")


class _Joining(jinja2.visitor.NodeTransformer):
    """`a ~ b` as a bounded filter: Jinja joins it past every check of the sandbox."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # Jinja's name
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)


def _without_concat(tree: nodes.Template) -> nodes.Template:
    changed: nodes.Template = _Joining().visit(tree)
    return changed


def _is_defined(value: object) -> object:
    if isinstance(value, jinja2.Undefined):
        raise jinja2.UndefinedError(f"{value._undefined_name} is undefined")
    return value


def _length(value: object) -> int:
    return len(value) if isinstance(value, (str, list, tuple)) else 0
