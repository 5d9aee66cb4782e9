"""The peers' environments, each with pinned versions in a virtual environment of its own.

python -m benchmarks.serving.peers --install FOLDER [--only NAME]
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmarks.serving.servers import APPS, PEERS, Place

_SCORING = ("lightgbm==4.7.0", "scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6", "pydantic==2.14.4")
_UVICORN = ("uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0")
#: What pip is asked for. MLServer 1.7 asks for a FastAPI below 0.116 by itself, and its pool of
#: processes does not start with a later uvloop.
PINNED: Mapping[str, tuple[str, ...]] = {
    "fastapi": ("fastapi==0.165.0", *_UVICORN, *_SCORING),
    "litserve": ("litserve==0.2.19", "fastapi==0.165.0", *_UVICORN, *_SCORING),
    "bentoml": ("bentoml==1.4.40", "uvicorn==0.54.0", *_SCORING),
    "ray": ("ray[serve]==2.60.0", "fastapi==0.165.0", *_UVICORN, *_SCORING),
    "mlflow": ("mlflow==3.17.2", "fastapi==0.165.0", "uvicorn==0.54.0", *_SCORING),
    "mlserver": ("mlserver==1.7.1", "onnxruntime==1.32.0", "uvicorn==0.54.0", "uvloop==0.21.0", "numpy==2.4.6"),
}
_NAMES = ("fastapi", "litserve", "bentoml", "ray", "mlflow", "mlserver", "lightgbm", "pandas", "numpy", "onnxruntime",
    "pydantic", "starlette", "uvicorn", "uvloop", "httptools", "msgspec", "smeaton")  # fmt: skip
_BUILDING = ("lightgbm", "pandas", "fastapi", "pydantic")
_ASK = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({name: found for name in %r if (found := of(name))} | {"python": platform.python_version()}))
"""


def install(folder: Path, only: str | None) -> None:
    """Make the environments that are not there yet, one after the other."""
    for name, wanted in PINNED.items():
        target = folder / name
        if only not in (None, name) or (target / ".done").exists():
            continue
        print(f"{name}: {' '.join(wanted)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(target)], check=True)
        pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted], check=True)
        (target / ".done").touch()


@cache
def versions(python: str) -> dict[str, str]:
    """Versions of what matters in an environment."""
    found: dict[str, str] = json.loads(subprocess.check_output([python, "-c", _ASK % (_NAMES,)], text=True))
    # Where Smeaton is, the libraries that it was built with may lie too; no server there loads them.
    return {name: number for name, number in found.items() if "smeaton" not in found or name not in _BUILDING}


def lacking(peers: Path) -> list[str]:
    """The environments that are not there."""
    return sorted({server.peer for server in PEERS if not (peers / server.peer / "bin" / "python").exists()})


def prepare(place: Place) -> None:
    """Save the model for MLflow, once a model folder."""
    target = place.model.folder / "mlflow"
    if target.exists():
        return
    env = next(server for server in PEERS if server.peer == "mlflow").environment(place)
    command = [place.program("mlflow", "python"), str(APPS / "mlflow_save.py"), str(target)]
    subprocess.run(command, env=env, check=True, capture_output=True)


def main() -> None:
    """Install."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", choices=sorted(PINNED))
    given = parser.parse_args()
    install(given.install, given.only)


if __name__ == "__main__":
    main()
