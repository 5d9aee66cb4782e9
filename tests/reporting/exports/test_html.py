"""The page of a real build."""

from pathlib import Path

import pytest
from tests.reporting.conftest import Opened

from smeaton import plugins
from smeaton.errors import DataError
from smeaton.reporting.assemble import assemble


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_it_is_one_file_with_every_section(kind: str, opened: Opened, tmp_path: Path) -> None:
    build = opened(kind)
    report = assemble(build)
    out = plugins.load("exports", "html").write(report, build, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    page = out.read_text("utf-8")
    assert len(page.encode()) < 2_000_000
    assert page.count("<figure ") == sum(len(part.figures) for part in report.sections) > 0
    for part in report.sections:
        assert f'id="s-{part.id}-title"' in page
    assert f'id="candidate-{build.board.winner}"' in page


def test_it_is_written_whole_or_not_at_all(opened: Opened, tmp_path: Path) -> None:
    build = opened("two")
    report = assemble(build)
    (tmp_path / "file").write_text("what stood there")
    with pytest.raises(DataError, match="cannot be written"):
        plugins.load("exports", "html").write(report, build, tmp_path / "file" / "report.html")
    assert (tmp_path / "file").read_text() == "what stood there"
