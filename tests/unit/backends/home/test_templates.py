"""Templates of discovery payloads: Home Assistant's filters, and what nobody may make them do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.backends.home import filters
from laresd.backends.home.templates import Templates
from laresd.errors import Permanent

# template, payload, what Home Assistant's documentation says comes out (None: no value)
READ: dict[str, tuple[str, str, str | None]] = {
    "a key": ("{{ value_json.a }}", '{"a": 21.5}', "21.5"),
    "a key in quotes": ("{{ value_json['a b'].c }}", '{"a b": {"c": true}}', "True"),
    "a key that is missing": ("{{ value_json.b }}", '{"a": 1}', ""),
    "a key of nothing": ("{{ value_json.b.c }}", '{"a": 1}', None),
    "a key of what is no JSON": ("{{ value_json.a }}", "nope", None),
    "a null": ("{{ value_json.a }}", '{"a": null}', "None"),
    "a key that is called like a method": ("{{ value_json['items'] }}", '{"items": 3}', "3"),
    "a number": ("{{ value | float | round(1) }}", "7.44", "7.4"),
    "whole numbers stay whole": ("{{ value | float | round }}", "7.6", "8"),
    "no number": ("{{ value | float }}", "unavailable", None),
    "no number, with a default": ("{{ value | float(0) }}", "unavailable", "0"),
    "the function, too": ("{{ float(value, none) }}", "x", "None"),
    "int of a fraction": ("{{ value | int }}", "3.9", "3"),
    "int in another base": ("{{ value | int(base=16) }}", "ff", "255"),
    "up, down, half": (
        "{{ 1.2 | round(0, 'ceil') }} {{ 1.8 | round(0, 'floor') }} {{ 1.3 | round(1, 'half') }}",
        *("", "2 1 1.5"),
    ),
    "is defined": ("{{ value_json.a | is_defined }}", '{"b": 1}', None),
    "iif": ("{{ value_json.a | iif('on', 'off') }}", '{"a": 0}', "off"),
    "iif of none": ("{{ value_json.a | iif('y', 'n', 'u') }}", '{"a": null}', "u"),
    "bits": ("{{ value | int | bitwise_and(4) }}", "6", "4"),
    "a truth": ("{{ value | bool }}", "on", "True"),
    "from JSON": ("{{ (value | from_json).a }}", '{"a": "x"}', "x"),
    "to JSON": ("{{ {'e': value_json.a} | to_json }}", '{"a": "ä"}', '{"e": "ä"}'),
    "a match": ("{{ value | regex_match('on$') }}", "on", "True"),
    "a search": ("{{ value | regex_search('ON', ignorecase=True) }}", "is on", "True"),
    "a replacement": ("{{ value | regex_replace('[^0-9.]', '') }}", "21.5 °C", "21.5"),
    "the first found": ("{{ value | regex_findall_index('\\\\d+') }}", "a12b3", "12"),
    "a time": ("{{ value | timestamp_custom('%Y', false) }}", "0", "1970"),
    "a moment": ("{{ as_timestamp('2026-11-25T10:00:00+00:00') }}", "", "1795600800.0"),
    "joined": ("{{ 'a' ~ value ~ 3 }}", "x", "ax3"),
    "a mapping": ("{{ {'0': 'off', '1': 'low'}.get(value, 'None') }}", "1", "low"),
    "formatted": ("{{ '%.1f' | format(value | float) }} {{ '{:02d}'.format(7) }}", "2", "2.0 07"),
    "a colour": ("{{ value_json.c.split(',')[0:3] | join(',') }}", '{"c": "1,2,3,4"}', "1,2,3"),
    "a branch": ("{% if value_json.o %}on{% else %}off{% endif %}", '{"o": true}', "on"),
    "a test": ("{{ value is is_number }}", "1", "True"),
    "packed": ("{{ value | base64_decode }}", "aGk=", "hi"),
}


@pytest.mark.parametrize("row", READ.values(), ids=READ)
def test_a_value_is_read_as_home_assistant_reads_it(row: tuple[str, str, str | None]) -> None:
    source, payload, wanted = row
    assert Templates().compile(source).read(payload) == wanted


TOO_MUCH = {
    "doubling": "{% set a = 'x' * 9999 %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "adding": "{% set a = 'x' * 9999 %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "a wide format": "{{ '%999999999d' % 1 }}",
    "a wide format filter": "{{ '%999999999d' | format(1) }}",
    "a width of its own": "{{ '{:>{}}'.format('x', 999999999) }}",
    "a wide string": "{{ '{:>999999999}'.format('x') }}",
    "many replaced": "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
    "many replaced by the method": "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
    "joined lists": "{{ (['x' * 9999] * 999) | join }}",
    "a slow expression": "{{ ('a' * 200) | regex_search('(a+)+$') }}",
    "a slow sequence": "{{ ('a' * 200) | regex_search('a*a*a*a*b') }}",
    "a large number": "{{ 9 ** 60 * 9 ** 60 * 9 ** 60 }}",
}


@pytest.mark.parametrize("source", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_template_that_would_eat_time_or_memory_gives_no_value(source: str) -> None:
    began = time.process_time()
    assert Templates().compile(source).read("1") is None
    assert time.process_time() - began < 2  # of the processor: a bound, not a speed


REFUSED = {
    "a macro": "{% macro f(x) %}{{ x }}{{ f(x ~ x) }}{% endmacro %}{{ f('a') }}",
    "another file": "{% include 'x' %}",
    "padding": "{{ 'x' | indent(999999999) }}",
    "what only Home Assistant knows": "{{ value | states }}",
    "too long": "{{ value }}" + " " * 9000,
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_what_a_discovery_payload_has_no_use_for_is_refused_by_name(source: str) -> None:
    with pytest.raises(Permanent) as refused:
        Templates().compile(source)
    assert refused.value.message


@pytest.mark.parametrize("method", ["ljust", "center", "zfill", "expandtabs", "format_map"])
def test_methods_that_make_long_texts_are_not_there(method: str) -> None:
    assert Templates().compile(f"{{{{ 'x'.{method}(99999) }}}}").read("1") is None


@given(st.text(max_size=60), st.text(max_size=300))
@settings(deadline=None)
def test_no_regular_expression_does_more_than_fail(source: str, subject: str) -> None:
    try:
        filters.regex_search(subject, source)
    except ValueError as error:
        assert str(error)


def test_a_template_is_compiled_once() -> None:
    templates = Templates()
    assert templates.compile("{{ value }}") is templates.compile("{{ value }}")
