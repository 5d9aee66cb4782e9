"""Formats that a report is written in. A part writes one."""

from pathlib import Path
from typing import Protocol

from smeaton.reporting.build import Build
from smeaton.reporting.forms import BuildReport


class Export(Protocol):
    """One format. `name` is the file or folder it writes beside the task if no other is given."""

    name: str

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """Write it whole or not at all; returns what was written.

        Raises:
            DataError: `out` cannot be written.
            ExtraMissing: it needs packages that are not installed.
        """
        ...
