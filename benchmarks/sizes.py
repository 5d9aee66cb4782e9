"""Installed sizes, import and help times. `python benchmarks/sizes.py` makes two fresh environments and measures.

Targets: base <= 175 MB and <= 20 packages; with `build` <= 520 MB (without byte code); `import smeaton` <= 50 ms with
no third-party module; `smeaton --help` <= 120 ms. Times are medians of 15 fresh processes.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"base_mb": 175, "base_packages": 20, "build_mb": 520, "import_ms": 50, "help_ms": 120, "third_party": 0}
SEED_PACKAGES = ("pip", "setuptools", "wheel")


def install(folder: Path, extra: str) -> Path:
    """A fresh environment with Smeaton; returns its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        f"{ROOT}{extra}",
    ]
    subprocess.run(command, check=True)
    return python


def measure(python: Path) -> tuple[float, int]:
    """Megabytes (10^6 bytes) and packages of an environment, without byte code and pip itself."""
    site = next((python.parent.parent / "lib").glob("python*/site-packages"))
    skipped = tuple(f"{name}" for name in SEED_PACKAGES)
    total = 0
    for path in site.rglob("*"):
        top = path.relative_to(site).parts[0].split("-")[0].lower()
        if (
            path.is_file()
            and not path.is_symlink()
            and path.suffix != ".pyc"
            and top not in (*skipped, "pkg_resources")
        ):
            total += path.stat().st_size
    listed = json.loads(subprocess.check_output([python, "-m", "pip", "list", "--format", "json"]))
    packages = [item["name"] for item in listed if item["name"] not in SEED_PACKAGES]
    return total / 1e6, len(packages)


def milliseconds(command: list[str], runs: int = 15) -> float:
    """Median wall clock of a fresh process, in ms."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    times = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[2:])


def third_party(python: Path) -> int:
    """How many modules from outside the standard library `import smeaton` loads."""
    code = (
        "import sys; before = set(sys.modules); import smeaton; "
        "new = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(len({n for n in new if n not in sys.stdlib_module_names and n != 'smeaton'}))"
    )
    return int(subprocess.check_output([python, "-c", code]))


def main() -> int:
    """Measure and compare with the targets."""
    with tempfile.TemporaryDirectory() as scratch:
        base = install(Path(scratch, "base"), "")
        build = install(Path(scratch, "build"), "[build]")
        base_mb, packages = measure(base)
        build_mb, _ = measure(build)
        bare = milliseconds([str(build), "-c", "pass"])
        figures = {
            "base_mb": round(base_mb, 1),
            "base_packages": packages,
            "build_mb": round(build_mb, 1),
            "import_ms": round(milliseconds([str(build), "-c", "import smeaton"]) - bare, 1),
            "help_ms": round(milliseconds([str(build.parent / "smeaton"), "--help"]), 1),
            "third_party": third_party(build),
        }
    for name, value in figures.items():
        print(f"{name:14} {value:8} (at most {TARGETS[name]})  {'ok' if value <= TARGETS[name] else 'MISSED'}")
    print(json.dumps(figures))
    return int(any(value > TARGETS[name] for name, value in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
