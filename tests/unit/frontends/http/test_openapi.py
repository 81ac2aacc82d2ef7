"""The description says what there is. That it is true: tests/contract/test_http_clients.py."""

from __future__ import annotations

import json
import re

from laresd.frontends.http import terms
from laresd.frontends.http.audio_schemas import AUDIO_SCHEMAS
from laresd.frontends.http.knowledge_schemas import KNOWLEDGE_SCHEMAS
from laresd.frontends.http.openapi import document
from laresd.frontends.http.routes import routes
from laresd.frontends.http.schemas import SCHEMAS
from laresd.frontends.http.services import Services
from tests.fakes.clock import FakeClock


def test_every_route_is_described_and_nothing_else() -> None:
    services = Services(None, None, FakeClock(), models=list, metrics=lambda: "", ready=lambda: "")
    served = {
        (route.method.lower(), re.sub(r":[^}]*}", "}", route.path))
        for route in routes(services, lambda: "")
    }
    paths = document()["paths"]
    assert isinstance(paths, dict)
    described = {
        (method, path)
        for path, methods in paths.items()
        if isinstance(methods, dict)
        for method in methods
    }
    assert described == served


def test_every_schema_is_there_and_used() -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document())))
    assert names == {*SCHEMAS, *AUDIO_SCHEMAS, *KNOWLEDGE_SCHEMAS}


def test_every_header_of_the_terms_is_described() -> None:
    text = json.dumps(document())
    for header in (terms.PRIORITY, terms.DEADLINE, terms.REACH, terms.HOSTS, terms.POLICY):
        assert f'"{header}"' in text and header in (terms.__doc__ or "")
    assert '"enum": ["interactive", "automation", "background"]' in text  # voice is for people
