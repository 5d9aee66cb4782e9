"""Which versions a bundle was built and is run with."""

import platform
from importlib.metadata import PackageNotFoundError, metadata, version

#: What loading and answering needs; the rest only built it.
RUNS_WITH = ("smeaton", "numpy", "onnxruntime", "msgspec")
BUILT_WITH = ("scikit-learn", "lightgbm", "onnx", "duckdb")


def environment() -> dict[str, str]:
    """Versions of Python and of the packages here that a bundle may depend on. Packages not installed are left out."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in (*RUNS_WITH, *BUILT_WITH):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def licence(name: str) -> str:
    """The SPDX expression a package states for itself, '' where it states none."""
    try:
        return next(iter(metadata(name).get_all("License-Expression") or ()), "")
    except PackageNotFoundError:
        return ""
