"""Parts are found, not registered: the files of a folder plus the installed entry points of the same name.

In a folder of parts `__init__.py` is the contract and every other module is one part, named by its file. Modules whose
name begins with `_` are shared helpers. A part module binds its implementation to the name `part`.
"""

import importlib
import importlib.util
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from smeaton.errors import ProgramError

FOLDERS = {
    "metrics": "smeaton.metrics",
    "ops": "smeaton.runtime.ops",
    "sources": "smeaton.data.sources",
    "databases": "smeaton.data.databases",
    "families": "smeaton.families",
    "proposers": "smeaton.trials.proposers",
    "executors": "smeaton.trials.executors",
    "protocols": "smeaton.service.protocols",
    "weights": "smeaton.weights",
    "wires": "smeaton.llm.wires",
    "importers": "smeaton.importers",
    "leaks": "smeaton.quality.leaks",
    "sections": "smeaton.reporting.sections",
    "charts": "smeaton.reporting.charts",
    "exports": "smeaton.reporting.exports",
}


@cache
def names(kind: str) -> tuple[str, ...]:
    """Names of all parts of a kind, sorted, without importing any of them."""
    spec = importlib.util.find_spec(FOLDERS[kind])
    folder = list(spec.submodule_search_locations or []) if spec else []
    own = {module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_")}
    return tuple(sorted(own | _installed(kind).keys()))


@cache
def load(kind: str, name: str) -> Any:
    """The part called `name`: what its module binds to `part`.

    Raises:
        ProgramError: no part has that name.
    """
    if name not in names(kind):
        raise ProgramError(
            f"there is no {kind} part called {name!r}; there are: {', '.join(names(kind))}",
            fix="install the package that brings it, or correct the name",
        )
    target = _installed(kind).get(name) or f"{FOLDERS[kind]}.{name}"
    module: ModuleType = importlib.import_module(target)
    return module.part


@cache
def _installed(kind: str) -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group=f"smeaton.{kind}")}
