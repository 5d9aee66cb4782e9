"""The page: one file that holds all it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import write_file
from smeaton.reporting.forms import BuildReport
from smeaton.reporting.page.cards import cards, links
from smeaton.reporting.page.document import Pictures, document
from smeaton.reporting.svg import MADE, Drawn, pictures


@dataclass(frozen=True, slots=True)
class Page:
    """Writes the page."""

    name: str = "report.html"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """Draw the figures and write the page."""
        return write_file(
            out,
            document(report, drawn(report, build.kept.get(MADE, {})), cards(build.board), links(build.board)).encode(),
        )


def drawn(report: BuildReport, made: Mapping[str, Mapping[str, Drawn]] = MappingProxyType({})) -> Pictures:
    """All figures of a report as pictures; those of sections in `made` are there already.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    return {part.id: made[part.id] if part.id in made else pictures(part) for part in report.sections}


part = Page()
