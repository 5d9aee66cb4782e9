"""What OpenAI's chat and responses wires share: the key, errors, settings that models refuse, response formats."""

import re
from collections.abc import Mapping
from typing import Any

from smeaton.testing.servers._answer import Counts, Piece
from smeaton.testing.servers._refusal import Refused, known_keys, needed, one_of
from smeaton.testing.servers._schema import check_schema

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REASONS = re.compile(r"(o\d|gpt-5(?!.*chat))")
_MAY_BE_OFF = re.compile(r"gpt-5\.[1-9]")
_KINDS = {429: "requests", 401: "invalid_request_error", 403: "invalid_request_error"}
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def bearer(headers: Mapping[str, str]) -> str | None:
    """The key of an `Authorization: Bearer` header."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def error_body(refused: Refused) -> dict[str, Any]:
    """An error in OpenAI's form."""
    kind = _KINDS.get(refused.status, "invalid_request_error" if refused.status < 500 else "server_error")
    return {"error": {"message": refused.message, "type": kind, "param": refused.param, "code": refused.code}}


def refuse_of_reasoners(body: Mapping[str, Any], effort: Any) -> None:
    """Settings that a reasoning model does not have.

    Raises:
        Refused: one of them is set.
    """
    model = str(body["model"])
    if not _REASONS.match(model) or (_MAY_BE_OFF.match(model) and effort in (None, "none")):
        return
    for key, usual in {"temperature": 1, "top_p": 1, "logprobs": False, "top_logprobs": None}.items():
        if body.get(key) not in (None, usual):
            message = f"Unsupported parameter: '{key}' is not supported with this model."
            raise Refused(message, param=key, code="unsupported_parameter")


def reasons(model: str) -> bool:
    """Whether a model of this name reasons before it answers."""
    return _REASONS.match(model) is not None


def format_schema(form: Mapping[str, Any], where: str) -> Mapping[str, Any] | None:
    """The schema of a `json_schema` format.

    Raises:
        Refused: its name or schema would be refused.
    """
    known_keys(form, ("type", "name", "schema", "strict", "description"), where)
    needed(form, {"name": str})
    if not _NAME.fullmatch(form["name"]):
        raise Refused(f"Invalid '{where}.name': expected {_NAME.pattern}.", param=f"{where}.name", code="invalid_value")
    if "schema" not in form:
        raise Refused(f"Missing required parameter: '{where}.schema'.", param=f"{where}.schema")
    check_schema(form["schema"], strict=bool(form.get("strict")))
    schema: Mapping[str, Any] = form["schema"]
    return schema


def tool_schemas(functions: list[Mapping[str, Any]], where: str) -> dict[str, Mapping[str, Any]]:
    """Parameters of each function, by name.

    Raises:
        Refused: a function would be refused.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for function in functions:
        known_keys(function, ("type", "name", "description", "parameters", "strict"), where)
        needed(function, {"name": str})
        if not _NAME.fullmatch(function["name"]):
            raise Refused(f"Invalid '{where}.name'.", param=f"{where}.name", code="invalid_value")
        found[function["name"]] = function.get("parameters") or {}
        if found[function["name"]]:
            check_schema(found[function["name"]], strict=bool(function.get("strict")))
    return found


def check_effort(effort: Any, where: str) -> None:
    """A reasoning effort, where one is given, is known.

    Raises:
        Refused: it is not.
    """
    if effort is not None:
        one_of(effort, EFFORTS, where)


def alternatives(piece: Piece, most: int) -> list[dict[str, Any]]:
    """The likeliest tokens in a piece's place."""
    return [token(text, logprob) for text, logprob in piece.top[:most]]


def token(text: str, logprob: float) -> dict[str, Any]:
    """A token with its log-probability."""
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def usage(counts: Counts, names: tuple[str, str]) -> dict[str, Any]:
    """Token counts under the wire's names: (`prompt`, `completion`) or (`input`, `output`)."""
    asked, said = names
    return {
        f"{asked}_tokens": counts.input,
        f"{said}_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        f"{asked}_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": counts.cache_write},
        f"{said}_tokens_details": {"reasoning_tokens": counts.reasoning},
    }
