"""`report`: what a build came to and what its answers say about its data. No row leaves the machine."""

from pathlib import Path

from smeaton.flow._shipped import bundle_path
from smeaton.flow.last_build import last_build
from smeaton.insight.evidence import open_task
from smeaton.insight.forms import SECONDS, Report
from smeaton.insight.found import found
from smeaton.insight.text import render


def report(task: str | Path = ".", *, rows: int = 20, seconds: float = SECONDS) -> Report:
    """What the answers of the last build of a task say about its data.

    Args:
        task: the task's file, its folder, or its bundle.
        rows: how many suspects to name.
        seconds: about how long it may take; the shipped program is asked until then.

    Raises:
        DataError: nothing was built there, or the build's answers are gone.
    """
    folder, root = last_build(Path(task))
    return found(root, bundle_path(folder, open_task(root)), rows=rows, seconds=seconds)


def report_text(what: Report) -> str:
    """A report as lines for a terminal."""
    return render(what)
