"""Optional packages: `with needs("build"): import lightgbm` turns an ImportError into the one line that installs it."""

from collections.abc import Iterator
from contextlib import contextmanager

from smeaton.errors import ExtraMissing


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Guard imports that the extra named `extra` brings.

    Raises:
        ExtraMissing: a package of the extra is not installed; the fix is the pip command.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "smeaton":
            raise
        raise ExtraMissing(
            f"the package {error.name!r} is not installed; it comes with the extra {extra!r}",
            fix=f"run: pip install 'smeaton[{extra}]'",
        ) from error
