"""The page: one file that holds all it needs."""

from dataclasses import dataclass
from pathlib import Path

from smeaton.report.build import Build
from smeaton.report.exports._files import write_file
from smeaton.report.forms import BuildReport
from smeaton.report.page.cards import cards, links
from smeaton.report.page.document import Pictures, document
from smeaton.report.svg import draw


@dataclass(frozen=True, slots=True)
class Page:
    """Writes the page."""

    name: str = "report.html"
    about: str = "a page that explains itself, in one file"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """Draw the figures and write the page."""
        return write_file(out, document(report, drawn(report), cards(build.board), links(build.board)).encode())


def drawn(report: BuildReport) -> Pictures:
    """All figures of a report as pictures.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    return {
        part.id: {figure.id: draw(figure, f"f{number}-{place}") for place, figure in enumerate(part.figures)}
        for number, part in enumerate(report.sections)
    }


part = Page()
