"""The summary for a pull request."""

import re
from pathlib import Path

import msgspec
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.made import HOSTILE, made_board

from smeaton.insight.forms import Confusion, Example, NearCopies, Report, Suspect
from smeaton.quality.forms import Drift, Shift
from smeaton.reporting.assemble import assemble
from smeaton.reporting.build import Build
from smeaton.reporting.exports.md import part, summary
from smeaton.reporting.forms import BuildReport
from smeaton.task.profile import Suspect as Leak


def head_of(build: Build) -> BuildReport:
    """A report without its sections: a summary reads none."""
    return BuildReport(
        version="0", task=build.board.task, target=build.task.target, metric=build.board.metric,
        better=build.board.better, outcome="ready", solution="linear", trial=build.board.winner or "", built="",
        sections=(),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_it_says_how_it_ended_and_how_good_it_is(kind: str, opened: Opened, tmp_path: Path) -> None:
    build = opened(kind)
    report = assemble(build)
    text = part.write(report, build, tmp_path / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {report.task}: {report.outcome}\n")
    assert len(text.splitlines()) < 60
    assert "than the constant baseline" in text
    assert "sealed test (opened" in text
    assert "| 1 | " in text
    assert "card.md" in text


def test_links_lead_from_where_it_lies(opened: Opened) -> None:
    build = opened("two")
    text = summary(head_of(build), build, build.folder)
    assert f"[the card]({build.bundle.name}/card.md)" in text
    assert f"[the card](../{build.bundle.name}/card.md)" in summary(head_of(build), build, build.folder / "below")
    assert summary(head_of(build), build, build.folder.parent / "elsewhere") == text


def test_no_text_of_the_users_is_markup_and_it_stays_short(opened: Opened) -> None:
    build = opened("three")
    manifest = build.manifest
    assert manifest is not None
    odd = f"{HOSTILE} | @team `x` [a](b)\n# head"
    leaks = tuple(Leak(kind=odd, columns=(odd,), why=f"{odd} {number}", accept=odd) for number in range(50))
    changed = msgspec.structs.replace(manifest.profile, suspects=leaks, notes=(odd,) * 50)
    vars(build)["manifest"] = msgspec.structs.replace(manifest, profile=changed, reasons=(odd,) * 50)
    board = made_board()
    vars(build)["board"] = msgspec.structs.replace(board, rows=board.rows * 30)
    example = Example(row=1, text=odd)
    shifts = (Shift(column=odd, what="values", distance=1, p=0),) * 9
    found = Report(
        task="t", target="y", solution="s", trial="t", rows=100, suspected=3, conflicting=2,
        suspects=(Suspect(example=example, given=odd, suggested=odd, strength=1.0),),
        confusions=(Confusion(given=odd, said=odd, rows=1, of=2, share=0.5, low=0.1, high=0.9),),
        near=(NearCopies(between="folds", rows=9, of=100, same=1.0, chance=0.0),) * 5,
        drifts=(Drift(first="a", second="b", rows=(1, 1), shifts=shifts),) * 5,
    )  # fmt: skip
    report = msgspec.structs.replace(head_of(build), task=odd, goal=odd, target=odd, solution=odd, found=found)
    text = summary(report, build, build.folder)
    assert len(text.splitlines()) < 60
    prose = re.sub("`[^`]*`", "", text.replace("\\`", ""))
    assert "<script" not in prose
    assert "@team" not in prose
    rows = [line for line in text.splitlines() if line.startswith("| 2 |")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 9, "a cell has no border of its own"
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert all(line.startswith(("# ", "## ")) for line in heads)
    assert len(heads) == 4


def test_what_was_found_is_said_in_a_line_each(opened: Opened) -> None:
    build = opened("three")
    found = Report(
        task="t", target="y", solution="s", trial="t", rows=100, conflicting=7,
        near=(NearCopies(between="training rows and the sealed test", rows=9, of=100, same=1.0, chance=0.0),),
        drifts=(Drift(first="the first", second="the last", rows=(1, 1), auc=0.8, low=0.7, high=0.9, p=0.001),),
    )  # fmt: skip
    text = summary(msgspec.structs.replace(head_of(build), found=found), build, build.folder)
    assert "9 of 100 rows have a near-copy between training rows and the sealed test" in text
    assert "7 training rows have the same inputs" in text
    assert "tells the last from the first (AUC 0.80)" in text


def test_without_a_bundle_the_test_is_not_known(opened: Opened) -> None:
    build = opened("two")
    vars(build)["manifest"] = None
    text = summary(head_of(build), build, build.folder)
    assert "the sealed test is not known" in text
    assert "| sealed test" not in text


def test_without_a_solution_it_says_so(opened: Opened) -> None:
    build = opened("two")
    rows = tuple(msgspec.structs.replace(row, rank=None, score=None) for row in build.board.rows)
    vars(build)["board"] = msgspec.structs.replace(build.board, rows=rows, winner=None, lead=None)
    vars(build)["manifest"] = None
    text = summary(msgspec.structs.replace(head_of(build), trial="", outcome="no solution"), build, build.folder)
    assert "No solution could be scored." in text
    assert "## Board" not in text
