"""`write_report`: the whole report of a build, in the formats that are asked for."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from smeaton import plugins
from smeaton.errors import InputError
from smeaton.flow._shipped import bundle_path
from smeaton.flow.last_build import last_build
from smeaton.insight.evidence import open_task
from smeaton.reporting.assemble import assemble
from smeaton.reporting.build import Build, Wish
from smeaton.reporting.forms import BuildReport
from smeaton.reporting.painter import PAINTED, Painter
from smeaton.reporting.svg import MADE


def write_report(
    task: str | Path = ".",
    formats: Sequence[str] = (PAINTED,),
    out: str | Path | None = None,
    wish: Wish | None = None,
) -> tuple[Path, ...]:
    """Write the report of the last build of a task.

    Args:
        task: the task's file, its folder, or its bundle.
        formats: parts of `smeaton.reporting.exports`: `html` (the page), `json`, `md`, `mlflow`, `card`.
        out: the file (for `mlflow` the folder) to write, or a folder that is there to write into; default: beside the
            task, under each format's own name. Several formats go into a folder.
        wish: what to look at.

    Raises:
        DataError: nothing was built there, or the file cannot be written.
        ExtraMissing: the page needs `smeaton[report]`.
        InputError: several formats into one file.
        ProgramError: there is no such format.
    """
    for name in formats:
        plugins.load("exports", name)
    if out is not None and len(formats) > 1 and not Path(out).is_dir():
        raise InputError("several formats do not go into one file", where=str(out), fix="name a folder that is there")
    with Painter() if PAINTED in formats else nullcontext() as painter:
        build = open_build(task, wish)
        report = make_report(build, painter)
    return tuple(write_format(report, build, name, out) for name in formats)


def open_build(task: str | Path = ".", wish: Wish | None = None) -> Build:
    """What the last build of a task left.

    Raises:
        DataError: nothing was built there.
    """
    folder, root = last_build(Path(task))
    return Build(folder, root, bundle_path(folder, open_task(root)), wish or Wish())


def make_report(build: Build, painter: Painter | None = None) -> BuildReport:
    """The report of a build. With a painter the pictures of a section are drawn while the next are made."""
    if painter is None:
        return assemble(build)
    with ThreadPoolExecutor(1) as beside:
        build.look_ahead(beside)
        report = assemble(build, painter.begin)
    build.kept[MADE] = painter.made()
    return report


def write_format(report: BuildReport, build: Build, name: str, out: str | Path | None = None) -> Path:
    """Write a report in one format; see `write_report`. Returns what was written."""
    part = plugins.load("exports", name)
    place = build.folder if out is None else Path(out)
    if out is None or (place.is_dir() and place.name != part.name):
        place /= part.name
    written: Path = part.write(report, build, place)
    return written
