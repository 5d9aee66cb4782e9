"""The page: one file that holds all it needs."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import write_file
from smeaton.reporting.forms import BuildReport
from smeaton.reporting.page.cards import cards, links
from smeaton.reporting.page.document import Pictures, document
from smeaton.reporting.svg import BEGUN, Drawn, pictures


@dataclass(frozen=True, slots=True)
class Page:
    """Writes the page."""

    name: str = "report.html"
    about: str = "a page that explains itself, in one file"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """Draw the figures and write the page."""
        return write_file(
            out,
            document(report, drawn(report, build.kept.get(BEGUN, {})), cards(build.board), links(build.board)).encode(),
        )


def drawn(report: BuildReport, begun: Mapping[str, Future[dict[str, Drawn]]] = MappingProxyType({})) -> Pictures:
    """All figures of a report as pictures; those that are being drawn already are waited for.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    return {part.id: begun[part.id].result() if part.id in begun else pictures(part) for part in report.sections}


part = Page()
