"""Errors as OpenAI's clients read them: `{"error": {"message", "type", "param", "code"}}`."""

from typing import Any

from smeaton.service.problem import Problem

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
#: Where OpenAI has a word of its own for it.
_CODES = {"unknown_model": "model_not_found", "no_key": "invalid_api_key", "out_of_money": "insufficient_quota"}


def status_of(problem: Problem) -> int:
    """400 for what cannot be taken; 422 only where the request was right and the model had no answer."""
    return 400 if problem.status == 422 and problem.code != "no_answer" else problem.status


def error_of(problem: Problem) -> dict[str, Any]:
    """The object under `error`; `param` is the path to the bad value."""
    told = problem.as_dict()["error"]
    assert isinstance(told, dict)
    message = f"{told['message']}; {told['fix']}" if "fix" in told else told["message"]
    status = status_of(problem)
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    code = _CODES.get(problem.code, problem.code)
    return {"message": message, "type": kind, "param": told.get("path"), "code": code}
