"""Which right (`auth.scopes`) a path needs, and who asks."""

from starlette.types import Scope

from smeaton.service.settings import Settings

_OPEN = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
_PAGES = frozenset({"/", "/docs"})
_NAMED = {"/metrics": "metrics", "/feedback": "feedback"}
_ADMIN = ("/load", "/unload", "/reload")


def scope_of(method: str, path: str, asks: bool, settings: Settings) -> str:
    """The right that a request needs; empty for what is open to all: probes, and the page where it is.

    `asks`: the path is one at which a model answers.
    """
    if asks:
        return "predict"
    if path in _OPEN or (path in _PAGES and settings.page):
        return ""
    if path in _NAMED:
        return _NAMED[path]
    if method not in ("GET", "HEAD"):
        if path.endswith(_ADMIN):
            return "admin"
        if path.endswith("/learn"):
            return "learn"
    return "predict"


def client_of(scope: Scope) -> str:
    """The address of the peer; empty where it is not known."""
    client = scope.get("client")
    return client[0] if client else ""
