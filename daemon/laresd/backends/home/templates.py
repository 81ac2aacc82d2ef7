"""Home Assistant's value and command templates, in a sandbox. The only file that imports jinja2."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from laresd.errors import Permanent
from laresd.types import Json

log = logging.getLogger(__name__)

MAX_SOURCE = 8192
MAX_LOOPS = 1  # a discovery message comes from the network: no loop in a loop
MAX_REPEAT = 10_000


class _Sandbox(ImmutableSandboxedEnvironment):
    """Arithmetic that could eat the memory is refused, too."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "**" and (not numbers or abs(right) > 64 or abs(left) > 1_000_000):
            raise jinja2.TemplateRuntimeError("power too large")
        if operator == "*" and not numbers:
            size = max(left if isinstance(left, int) else 0, right if isinstance(right, int) else 0)
            if size > MAX_REPEAT:
                raise jinja2.TemplateRuntimeError("repetition too long")
        return super().call_binop(context, operator, left, right)


class Template:
    """One compiled template."""

    def __init__(self, source: str, compiled: jinja2.Template) -> None:
        self.source = source
        self._compiled = compiled

    def read(self, payload: str) -> str | None:
        """The value in a state payload (`value`, `value_json`); None where it has none."""
        variables: dict[str, Json] = {"value": payload}
        with contextlib.suppress(ValueError, RecursionError):
            variables["value_json"] = json.loads(payload)
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
        except (TypeError, ValueError, AttributeError) as error:
            log.debug("template %r: %s", self.source, error)
        return None


class Templates:
    """Compiles, and keeps what it compiled: many devices share their templates."""

    def __init__(self) -> None:
        environment = _Sandbox(autoescape=False)
        environment.filters |= {
            "from_json": json.loads,
            "to_json": json.dumps,
            "tojson": json.dumps,
            "is_defined": _is_defined,
            "iif": _iif,
        }
        environment.globals |= {"float": _float, "int": _int, "iif": _iif}
        self._environment = environment
        self._compiled: dict[str, Template] = {}

    def compile(self, source: str) -> Template:
        """Raises Permanent for a template that cannot be read or is too much."""
        known = self._compiled.get(source)
        if known is not None:
            return known
        if len(source) > MAX_SOURCE:
            raise Permanent(f"a template of {len(source)} characters is too long")
        try:
            tree = self._environment.parse(source)
            if len(list(tree.find_all(nodes.For))) > MAX_LOOPS:
                raise Permanent("a template with more than one loop is too much")
            compiled = self._environment.from_string(source)
        except (jinja2.TemplateError, RecursionError, SyntaxError) as error:
            raise Permanent(f"the template {source[:80]!r} cannot be read: {error}") from error
        template = self._compiled[source] = Template(source, compiled)
        return template


def _is_defined(value: object) -> object:
    if isinstance(value, jinja2.Undefined):
        raise jinja2.UndefinedError(f"{value._undefined_name} is undefined")
    return value


def _iif(value: object, if_true: object = True, if_false: object = False) -> object:
    return if_true if value else if_false


def _float(value: Any, default: object = None) -> object:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _int(value: Any, default: object = None) -> object:
    number = _float(value)
    return int(number) if isinstance(number, float) else default
