"""Chat templates: what those of transformers rely on is there, and none can do harm."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.engines.llm.budget import Limits
from laresd.engines.llm.sandbox import MAX_SOURCE, compile_template
from laresd.errors import LaresError, Permanent, Refused

DAY = date(2031, 3, 4)
LITTLE = Limits(work=200_000)
LONG = "x" * 1000


def rendered(source: str, **variables: object) -> str:
    return compile_template(source).render(variables, DAY)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ {'a': '<b> & \\'ü\\''} | tojson }}", "{\"a\": \"<b> & 'ü'\"}"),
        ("{{ [1, {'b': 2}] | tojson(indent=2) }}", '[\n  1,\n  {\n    "b": 2\n  }\n]'),
        ("{{ {'b': 1, 'a': none} | tojson(sort_keys=True) }}", '{"a": null, "b": 1}'),
        ("{{ 'ü' | tojson(ensure_ascii=True) }}", '"\\u00fc"'),
        ("{{ [1, 2] | tojson(separators=(',', ':')) }}", "[1,2]"),
        ("{{ strftime_now('%d %b %Y') }}", "04 Mar 2031"),
        ("{{ strftime_now('%H:%M') }}", "00:00"),
        ("{% for n in range(9) %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}", "01"),
        ("{% for n in [1, 2] %}{% continue %}{{ n }}{% endfor %}.", "."),
        ("a{% generation %}b{{ c }}{% endgeneration %}d", "abd"),
        ("{% if true %}\n  a\n  {% endif %}\nb\n", "  a\nb"),
        ("{% set ns = namespace(n=0) %}{% for n in [1, 2] %}{% set ns.n = ns.n + n %}{% endfor %}"
         "{{ ns.n }}", "3"),
        ("{{ 'a<b'.replace('<', '>') + ' '.join(['x', 'y']) + '{}-{0}'.format(1) }}", "a>bx y1-1"),
        ("{{ 'a' ~ 1 ~ none }}{{ x }}{{ x is defined }}", "a1NoneFalse"),
        ("{{ messages[::-1][0]['role'] + messages | map(attribute='role') | join('+') }}", "ba+b"),
        ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f('a') + f('b') }}", "<a><b>"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}{% set x %}c{% endset %}{{ x|safe }}", "ABc"),
        ("{% for k, v in {'a': 1} | items %}{{ loop.last }}{{ loop.length }}{{ k }}{{ v }}"
         "{% endfor %}", "True1a1"),
        ("{% for m in messages %}{% if loop.previtem %}{{ loop.previtem.role }}{% endif %}"
         "{{ m.role }}{% endfor %}", "aab"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{% set a, b = 1, 2 %}{{ b }}{{ a }}{{ 7 % 4 }}{{ 2 ** 3 }}{{ 3 * 1.5 }}", "21384.5"),
    ],
)  # fmt: skip
def test_it_writes_what_transformers_would(source: str, text: str) -> None:
    assert rendered(source, messages=[{"role": "a"}, {"role": "b"}]) == text


def test_a_refusal_has_the_words_of_the_template() -> None:
    with pytest.raises(Refused, match="roles must alternate"):
        rendered("{{ raise_exception('roles must alternate') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ nothing.at.all }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ {} | tojson | unknown }}",
        "{{ {'a': missing} | tojson }}",
        "{% include 'x' %}",
        "{% if %}",
        "{% for x in y recursive %}{{ loop(x) }}{% endfor %}",
        "{{ strftime_now('%999999999d') }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{" + "(" * 5000 + "}}",
        "{{" + "9" * 5000 + "}}",
        "{{ 1 }}\0{% set x = '\0' %}{{ x.y.z }}",
        "{% set x %}" * 5000,
        "x" * (MAX_SOURCE + 1),
    ],
)  # fmt: skip
def test_a_faulty_template_is_a_clear_error(source: str) -> None:
    with pytest.raises(Permanent, match="chat template") as caught:
        rendered(source)
    assert caught.value.remedy


HOSTILE = {
    "loops in loops": "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}"
    "{% endfor %}",
    "a macro that calls itself twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}"
    "{% endif %}{% endmacro %}{{ f(60) }}",
    "doubling by plus": "{% set ns = namespace(x=s) %}{% for n in range(60) %}"
    "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "doubling by tilde": "{% set ns = namespace(x=s) %}{% for n in range(60) %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubling by a block": "{% set ns = namespace(x=s) %}{% for n in range(60) %}{% set x %}"
    "{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = x %}{% endfor %}",
    "doubling by a macro": "{% macro f(x) %}{{ x }}{{ x }}{% endmacro %}"
    "{% set ns = namespace(x=s) %}{% for n in range(60) %}{% set ns.x = f(ns.x) %}{% endfor %}",
    "doubling by replace": "{% set ns = namespace(x=s) %}{% for n in range(60) %}"
    "{% set ns.x = ns.x.replace('x', 'xx') %}{% endfor %}",
    "a text in place of each letter": "{% set t = s[:300].replace('x', s[:300]) %}"
    "{{ t.replace('x', t) }}",
    "doubling by join": "{% set ns = namespace(x=s) %}{% for n in range(60) %}"
    "{% set ns.x = ns.x | list | join('x') %}{% endfor %}",
    "doubling by format": "{% set ns = namespace(x=s) %}{% for n in range(60) %}"
    "{% set ns.x = '{0}{0}'.format(ns.x) %}{% endfor %}",
    "lists of lists, as text": "{% set ns = namespace(x=[s]) %}{% for n in range(60) %}"
    "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "lists of lists, compared": "{% set ns = namespace(x=[s], y=[s]) %}{% for n in range(60) %}"
    "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
    "objects of objects": "{% set ns = namespace(x={}) %}{% for n in range(60) %}"
    "{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x | tojson }}",
    "namespaces of namespaces": "{% set ns = namespace(x=1) %}{% for n in range(20) %}"
    "{% set o = namespace(a=ns.x, b=ns.x) %}{% set ns.x = o %}{% endfor %}"
    "{{ ns.x ~ s * 1000000000 }}",
    "a text many times": "{{ s * 1000000000 }}",
    "a list many times": "{{ [s] * 1000000000 }}",
    "a wide indent": "{{ s | indent(1000000000) }}",
    "a wide margin": "{% set m = s | join(s) %}{{ (s | join('\n')) | indent(m) }}",
    "JSON with a wide indent": "{{ {'a': 1} | tojson(indent=1000000000) }}",
    "a power": "{{ 9 ** 999999999 }}",
    "a power of powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "squares": "{% set ns = namespace(x=9) %}{% for n in range(60) %}"
    "{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "padding": "{{ 'x'.ljust(1000000000) }}",
    "padding by a filter": "{{ 'x' | center(1000000000) }}",
    "a text of texts": "{% for n in range(90000) %}" + LONG + "{% endfor %}",
    "slices": "{% for n in range(90000) %}{% set x = s[::-1] %}{% endfor %}",
    "upper case": "{% for n in range(90000) %}{% set x = s | upper %}{% endfor %}",
    "a look inside": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a look inside by a filter": "{{ ([''] | map(attribute='__class__') | first).mro() }}",
    "a look at the budget": "{{ self.context }}{{ [] | attr('x') }}",
    "a change of what was given": "{{ given.update({'a': 1}) }}",
    "a change of a list": "{{ things.append(1) }}",
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_ends_as_an_error(source: str) -> None:
    given: dict[str, int] = {}
    things: list[int] = []
    with pytest.raises(Permanent) as caught:
        compile_template(source, LITTLE).render({"s": LONG, "given": given, "things": things}, DAY)
    assert not isinstance(caught.value.__cause__, MemoryError)
    assert (given, things) == ({}, [])


def test_what_is_not_counted_is_bound_by_the_clock() -> None:
    template = compile_template("{% for n in [1] %}{% endfor %}", Limits(cpu_s=-1.0))
    with pytest.raises(Permanent, match="too much"):
        template.render({}, DAY)


def test_each_rendering_has_a_budget_of_its_own() -> None:
    template = compile_template("{% for n in range(900) %}x{% endfor %}", Limits(work=3000))
    for _ in range(9):
        assert template.render({}, DAY) == "x" * 900


@pytest.mark.parametrize("source", ["{{ x }}", "{{ x | tojson }}", "{{ [x] }}"])
def test_what_is_nested_too_deep_is_an_error_and_not_the_end(source: str) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(LaresError):
        compile_template(source).render({"x": deep}, DAY)


TAGS = """{{ }} {% %} {%- -%} {# #} if else endif for in endfor set endset macro endmacro call
    endcall filter endfilter generation endgeneration break recursive block endblock import from
    include raw endraw with endwith""".split
TERMS = """x y s m loop loop.index ns namespace() range(3) dict() [ ] ( ) { } , : . | ~ + - * ** //
    % == < and or not is defined none true 1 99 1.5 'a' "b" [0] [::-1] .x .items() .split()
    .format(1) .replace('a','b') trim tojson join length list map('upper') sort first indent upper
    default(1) replace('a','b') items string (x) = self caller() varargs""".split


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(st.sampled_from([*TAGS(), *TERMS()]), max_size=40))
def test_no_template_can_raise_anything_else(parts: list[str]) -> None:
    with contextlib.suppress(LaresError):
        compile_template(" ".join(parts), LITTLE).render({"x": [1], "s": "a b", "m": {"x": 1}}, DAY)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.sampled_from(TERMS()), max_size=9))
def test_no_expression_can_raise_anything_else(parts: list[str]) -> None:
    source = "{% for x in s.split() %}{{ " + " ".join(parts) + " }}{% endfor %}"
    with contextlib.suppress(LaresError):
        compile_template(source, LITTLE).render({"x": [1], "s": "a b", "m": {"x": 1}}, DAY)
