"""`Refused`: a request that the real service would not take, and the checks that find it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Refused(Exception):
    """Answered with an HTTP error. `code` and `param` where the wire has them."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code


@contextmanager
def readable() -> Iterator[None]:
    """Reading a request, whatever it holds.

    Raises:
        Refused: a part of it is not of the type it should be of.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Refused(f"the request is not in the wire's form: {error!r}") from error


def words(text: str) -> frozenset[str]:
    """The words of a text: names that a service knows."""
    return frozenset(text.split())


def known_keys(body: Mapping[str, Any], allowed: Collection[str], where: str = "") -> None:
    """Every key is one the service knows.

    Raises:
        Refused: one is not.
    """
    for key in body:
        if key not in allowed:
            name = f"{where}.{key}" if where else key
            raise Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def texts_in(value: Any, where: str) -> tuple[str, ...]:
    """A text or a list of texts (nothing: none).

    Raises:
        Refused: it is something else.
    """
    found = () if value is None else (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(one, str) for one in found):
        raise Refused(f"Invalid value for '{where}'.", param=where, code="invalid_value")
    return found


def needed(body: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    """Every key is there, and of its type.

    Raises:
        Refused: one is missing or of another type.
    """
    for key, kind in kinds.items():
        if key not in body:
            raise Refused(f"Missing required parameter: '{key}'.", param=key, code="missing_required_parameter")
        if not isinstance(body[key], kind) or body[key] in ("", []):
            raise Refused(f"Invalid value for '{key}'.", param=key, code="invalid_value")


def within(body: Mapping[str, Any], key: str, low: float, high: float) -> None:
    """A number, where given, lies in [low, high].

    Raises:
        Refused: it does not, or is no number.
    """
    value = body.get(key)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Refused(f"Invalid '{key}': expected a number from {low:g} to {high:g}.", param=key, code="invalid_value")


def one_of(value: Any, allowed: Collection[Any], name: str) -> None:
    """A value is one of those the service knows.

    Raises:
        Refused: it is not.
    """
    if value not in allowed:
        known = ", ".join(f"'{entry}'" for entry in allowed)
        raise Refused(
            f"Invalid value for '{name}': '{value}'. Supported values are: {known}.", param=name, code="invalid_value"
        )
