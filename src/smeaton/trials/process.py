"""How a Python process of our own is started: by argument list, one thread, the same `smeaton` as here."""

import os
import sys
from pathlib import Path

#: Read by BLAS, OpenMP and numexpr when they are loaded; so they must stand before numpy is imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

OUT_OF_MEMORY = 77  #: exit status of a worker that ran out of memory and could still say so


def command(module: str, *arguments: str) -> list[str]:
    """The argument list that runs a module of ours. `-P` keeps a stray `numpy.py` in the current folder out."""
    return [sys.executable, "-P", "-m", module, *arguments]


def pin_threads(threads: int = 1) -> None:
    """Have numerical libraries use so many threads in this process, unless the user's environment says otherwise. Only
    those that are not loaded yet read it. More threads than cores to spare wait for each other, awake."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(threads))


def oom_kills() -> int | None:
    """How many processes the system has ended for want of memory since it started; None where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def environment(threads: int = 1) -> dict[str, str]:
    """The variables such a process starts with: thread counts pinned, hashing fixed, our package importable."""
    variables = dict(os.environ)
    variables.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    variables["PYTHONHASHSEED"] = "0"
    home = str(Path(__file__).resolve().parents[2])
    if "site-packages" not in home:
        # A notebook may have found us through `sys.path` alone.
        paths = [path for path in variables.get("PYTHONPATH", "").split(os.pathsep) if path]
        variables["PYTHONPATH"] = os.pathsep.join([*paths, home])
    return variables
