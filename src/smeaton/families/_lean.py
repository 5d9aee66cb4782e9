"""LightGBM without what it would load beside itself.

`import lightgbm` also imports scikit-learn and pandas where they are installed, for interfaces that nothing here uses:
some 100 MB in each worker. LightGBM works without either; so a worker hides them while it loads its own copy of the
module. Whoever else says `import lightgbm` there, such as a user's estimator, gets the whole one.
"""

import platform
import sys
from importlib import import_module
from typing import Any

from smeaton.extras import needs

_NAME = "lightgbm"
_HEAVY = ("sklearn", "pandas")
#: Where LightGBM and scikit-learn share one OpenMP runtime in whichever order they are loaded.
_ANY_ORDER = ("linux", "x86_64")
_alone = False
_lean: Any = None


def alone() -> None:
    """Say that nothing else in this process imports modules meanwhile: it is a worker's. Hiding them is safe then."""
    global _alone
    _alone = True


def lightgbm() -> Any:
    """The module `lightgbm`, lean where that is safe and saves anything.

    Raises:
        ExtraMissing: it is not installed.
    """
    global _lean
    if _lean is not None:
        return _lean
    with needs("build"):
        if not _alone or (sys.platform, platform.machine()) != _ANY_ORDER:
            return import_module(_NAME)
        if any(name in sys.modules for name in (_NAME, *_HEAVY)):
            return import_module(_NAME)
        _lean = _loaded()
    return _lean


def _loaded() -> Any:
    """A copy of the module of its own, forgotten by the interpreter."""
    import_module("scipy.sparse")  # it must not miss what is hidden
    sys.modules.update(dict.fromkeys(_HEAVY))  # type: ignore[arg-type]  # None: an import of it fails
    try:
        return import_module(_NAME)
    finally:
        for name in [name for name in sys.modules if name in _HEAVY or name.split(".")[0] == _NAME]:
            del sys.modules[name]
