"""The way in for programs: an OpenAI-compatible API over HTTP."""

from laresd.frontends.http.cards import ModelCard
from laresd.frontends.http.frontend import HttpFrontend
from laresd.frontends.http.server import Limits

__all__ = ["HttpFrontend", "Limits", "ModelCard"]
