"""The report of a build is written where it is wished, in the formats that are wished."""

from pathlib import Path

import pytest
from tests.conftest import Example

from smeaton.errors import DataError, InputError, ProgramError
from smeaton.flow import write_report as flow
from smeaton.flow.write_report import make_report, open_build, write_format, write_report
from smeaton.reporting.build import Wish


def test_several_formats_go_into_a_folder(example: Example, tmp_path: Path) -> None:
    page, data = write_report(example.folder, ("html", "json"), tmp_path, Wish(seconds=5))
    assert (page, data) == (tmp_path / "report.html", tmp_path / "report.json")
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_size < 2_000_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_one_format_goes_into_the_file_that_is_named(example: Example, tmp_path: Path) -> None:
    build = open_build(example.bundle)
    report = make_report(build)
    assert write_format(report, build, "html", tmp_path / "a.html") == tmp_path / "a.html"
    assert write_format(report, build, "md", tmp_path) == tmp_path / "report.md"
    with pytest.raises(DataError, match="cannot be written"):
        write_format(report, build, "html", tmp_path / "a.html" / "b.html")


def test_nothing_is_made_for_a_wish_that_cannot_be_met(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "assemble", lambda build: pytest.fail("it was made"))
    with pytest.raises(ProgramError, match="no exports part called 'pdf'"):
        write_report(example.folder, ("pdf",))
    with pytest.raises(InputError, match="do not go into one file"):
        write_report(example.folder, ("html", "json"), tmp_path / "one")
    with pytest.raises(DataError, match="nothing was built"):
        write_report(tmp_path)
