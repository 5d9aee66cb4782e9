"""Schemathesis in an environment of its own, installed when first needed."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("schema_cases.py")
_PACKAGE = "schemathesis>=4.32,<5"


def interpreter() -> Path:
    """Its Python, beside the environment that runs this."""
    folder = Path(sys.prefix) / "schemathesis"
    python = folder / "bin" / "python"
    if not (folder / ".done").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", _PACKAGE], check=True)
        (folder / ".done").touch()
    return python


def start(url: str, requests: int, number: int, key: str) -> "subprocess.Popen[str]":
    """Send so many requests made from the description at a URL."""
    command = [str(interpreter()), str(_SCRIPT), url, str(requests), str(number), key]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What it saw: `statuses` by mode, `faults`, an example each.

    Raises:
        RuntimeError: it did not get to the end.
    """
    line, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"schemathesis ended with {process.returncode}")
    found: dict[str, Any] = json.loads(line)
    return found
