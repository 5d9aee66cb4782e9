"""Failures of a call as `ProviderError`: what kind, how long to wait, and whether it may have been charged."""

import math
from http import HTTPStatus
from typing import Any

from pydantic_ai import exceptions as faults

from smeaton.errors import ProviderError

#: A server that says one of these did not take the work, so nobody is charged for it.
_NOT_TAKEN = (429, 503, 529)
_KEY = "check the key, its rights and the account's balance"
_ASK_AGAIN = "ask again later, or name another model after it"


def fault(error: Exception, reference: str) -> ProviderError:
    """What went wrong with a call to `reference`."""
    kind, billed = _kind(error)
    status = int(getattr(error, "status_code", 0) or 0)
    fix = {"key": _KEY, "busy": _ASK_AGAIN, "failed": _ASK_AGAIN, "unreachable": "check the address and the network"}
    return ProviderError(
        f"{reference}: {_words(error, status)}",
        kind=kind,
        status=status,
        wait=_wait(error),
        billed=billed,
        fix=fix.get(kind, ""),
    )


def _wait(error: Exception) -> float | None:
    """Seconds the server asked for. `Retry-After` is whole seconds or a date; some servers write a decimal point."""
    known: float | None = getattr(error, "retry_after", None)
    stated = (getattr(error, "headers", None) or {}).get("retry-after", "")
    if known is not None or not stated:
        return known
    try:
        seconds = float(stated)
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _kind(error: Exception) -> tuple[str, bool]:
    if isinstance(error, faults.ModelConnectionError):
        unsent = error.phase in ("pool", "connect")
        late = isinstance(error, faults.ModelTimeoutError) and not unsent
        return ("timeout" if late else "unreachable"), not unsent
    if isinstance(error, faults.ContentFilterError):
        return "filtered", True
    if isinstance(error, faults.ModelAPIError):
        kind, billed = _stated(error)
        return kind, billed or error.in_stream
    if isinstance(error, faults.UserError):  # the wire has no words for what is asked; nothing was sent
        return "refused", False
    return "malformed", True


def _stated(error: faults.ModelAPIError) -> tuple[str, bool]:
    """Kind and whether it may be billed, of a failure that the server states."""
    status = int(getattr(error, "status_code", 0) or 0)
    if "content_filter" in (error.provider_error_code, error.provider_error_type):
        return "filtered", False
    if isinstance(error, faults.ModelQuotaExceededError | faults.ModelAuthenticationError) or status in (401, 402, 403):
        return "key", False
    if status in _NOT_TAKEN or isinstance(error, faults.ModelRateLimitError | faults.ModelUnavailableError):
        return "busy", False
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return "timeout", True
    if 400 <= status < 500 or isinstance(error, faults.ModelRequestRejectedError):
        return "refused", False
    if status >= 500 or isinstance(error, faults.ModelServerError):
        return "failed", True
    return "malformed", True


def _words(error: Exception, status: int) -> str:
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message", inner) if isinstance(inner, dict) else inner
    text = str(body if body else getattr(error, "message", None) or error)
    text = " ".join(text.split())[:500]
    return f"HTTP {status}: {text}" if status else text or type(error).__name__
