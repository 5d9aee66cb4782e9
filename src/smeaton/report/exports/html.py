"""The page: one file that holds all it needs."""

from dataclasses import dataclass
from pathlib import Path

from smeaton.report.build import Build
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
        page = document(report, drawn(report), cards(build.board), links(build.board))
        out.write_text(page, "utf-8")
        return out


def drawn(report: BuildReport) -> Pictures:
    """All figures of a report as pictures.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    return {
        part.id: {figure.id: draw(figure, f"s-{part.id}-{figure.id}") for figure in part.figures}
        for part in report.sections
    }


part = Page()
