"""How much memory is free for a table: of the machine, of the container, or as the user says."""

import os
from pathlib import Path

from smeaton.data._sample import Sample
from smeaton.errors import InputError
from smeaton.task.units import size_bytes

VARIABLE = "SMEATON_MEMORY"
#: Where nothing can be asked (neither /proc nor cgroups nor sysconf).
_UNKNOWN = 2 * 10**9
#: The rows as they are read take at most this share of it: reading, parsing and fitting need the rest.
_SHARE = 4


def room() -> Sample:
    """The most rows to read so that their arrays take a quarter of the free memory; drawn with seed 0."""
    why = f"a quarter of the memory that is free; {VARIABLE}, such as 8GB, says otherwise"
    return Sample(bytes=max(available() // _SHARE, 1), why=why)


def available() -> int:
    """Bytes that this process may still use.

    The environment variable SMEATON_MEMORY ("2GB") decides; else the least of what the machine has free and what the
    container's limit leaves.

    Raises:
        InputError: the variable is no size.
    """
    said = os.environ.get(VARIABLE)
    if said:
        try:
            return max(size_bytes(said), 1)
        except ValueError as error:
            raise InputError(f"{VARIABLE}={said!r}: {error}", fix="write a size such as 2GB, or unset it") from error
    return min([found for found in (_machine(), _container()) if found is not None], default=_UNKNOWN)


def _machine(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass  # no Linux: what the system has at all is the next best
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (OSError, ValueError):
        return None


def _container(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int | None:
    """What the limits of the control groups (version 2, else 1) around this process leave."""
    left = [_left(folder, "memory.max", "memory.current", "inactive_file") for folder in _groups(root, own)]
    left.append(_left(root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))
    return min([found for found in left if found is not None], default=None)


def _groups(root: Path, own: Path) -> list[Path]:
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return [root]
    path = next((line[3:] for line in lines if line.startswith("0::")), "/").strip("/")
    inner = root / path if path else root
    return [inner, *(parent for parent in inner.parents if parent == root or root in parent.parents)]


def _left(folder: Path, limit: str, used: str, cache: str) -> int | None:
    try:
        most = (folder / limit).read_text(encoding="ascii").strip()
        now = int((folder / used).read_text(encoding="ascii"))
        stat = (folder / "memory.stat").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    if not most.isdigit() or int(most) >= 2**60:  # "max", or version 1's way to say none
        return None
    # Pages of files that nobody uses count as used, and are given back when they are needed.
    kept = next((int(line.split()[1]) for line in stat.splitlines() if line.startswith(f"{cache} ")), 0)
    return max(int(most) - now + kept, 2**20)
