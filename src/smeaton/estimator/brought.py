"""Estimators of the caller's own session, such as a notebook's: they stand on the board beside the families.

A family of one's own is named by a file and a name in it. So each gets a file in the folder of the fit that takes the
estimator up from here, for as long as the fit lasts, and says what it is: another setting is another candidate.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE = """\
from smeaton.estimator.brought import take

# {said}
model = take(__file__)
"""
_here: dict[str, Any] = {}


def reference_of(name: str) -> str:
    """What an estimator brought under a name is called on the board.

    Raises:
        ValueError: it is no name.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name for a model of your own: use letters, digits and _")
    return f"{name}.py:model"


def describe(model: Any) -> str:
    """An estimator's class and settings in one line."""
    settings = model.get_params() if hasattr(model, "get_params") and not isinstance(model, type) else model
    return " ".join(f"{getattr(model, '__qualname__', type(model).__qualname__)} {settings!r}".split())


def take(file: str) -> Any:
    """The estimator that a file of ours stands for, while its fit lasts."""
    return _here[file]


@contextmanager
def brought(models: Mapping[str, Any], folder: Path) -> Iterator[None]:
    """Within it the files stand in the folder, and give the estimators."""
    home = folder.resolve()
    home.mkdir(parents=True, exist_ok=True)
    files = {str(home / f"{name}.py"): model for name, model in models.items()}
    for file, model in files.items():
        Path(file).write_text(_FILE.format(said=describe(model)), encoding="utf-8")
    _here.update(files)
    try:
        yield
    finally:
        for file in files:
            del _here[file]
            Path(file).unlink()
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) in files:
                del sys.modules[name]
