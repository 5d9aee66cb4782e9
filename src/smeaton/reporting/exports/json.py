"""The report as JSON: all its sections with the data of every figure, and what the answers say about the data."""

from pathlib import Path
from typing import Any

import msgspec

from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import write_file
from smeaton.reporting.exports._plain import as_json
from smeaton.reporting.forms import BuildReport


class Json:
    """`report.json`, which `schema` describes."""

    name = "report.json"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """See the contract."""
        return write_file(out, as_json(report) + b"\n")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `report.json`."""
    found = msgspec.json.schema(BuildReport)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A report of Smeaton", **found}


part = Json()
