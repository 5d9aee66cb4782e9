"""What the tensor protocols say of an error: one text, the path to the bad value in it."""

from smeaton.service.problem import Problem


def wrong(code: str, message: str, path: str) -> Problem:
    """A request that cannot be taken as it is."""
    return Problem(422, code, message, path)


def not_served(message: str, path: str) -> Problem:
    """Something that these protocols know and this service does not do."""
    return Problem(501, "not_served", message, path)


def error_text(problem: Problem) -> tuple[int, object]:
    """Status and `{"error": "PATH: MESSAGE; FIX"}`, under 1,000 bytes. What cannot be taken is 400 here."""
    told = problem.as_dict()["error"]
    assert isinstance(told, dict)
    text = f"{told['path']}: {told['message']}" if "path" in told else told["message"]
    if "fix" in told:
        text = f"{text}; {told['fix']}"
    return 400 if problem.status == 422 else problem.status, {"error": text}
