"""A task the grammar can state and no family can solve: refused rows with the reason, exit 4, never a crash."""

from pathlib import Path

import pytest

import smeaton
from smeaton import plugins
from smeaton.errors import NoSolution
from smeaton.flow.build import board, board_text
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type

HEAD = "smeaton: 1\nname: odd\n"
TASKS = {
    "image": ("data: clients.csv\ninputs: {photo: image}\noutput: {y: boolean}", "image"),
    "documents": ("data: {documents: docs/, examples: clients.csv}\noutput: {y: boolean}", "documents"),
    "forecast": ("data: clients.csv\noutput: {y: {type: number, horizon: 7}}\nrows: {time: when}", "horizon"),
    "texts": ("data: clients.csv\noutput: {y: {type: list, of: text}}", "list"),
    "answer and sources": ("data: clients.csv\noutput: {answer: text or null, sources: citations}", "2 outputs"),
    "tools": (
        'data: clients.csv\noutput: {y: boolean}\ntools: {use: ["t.py:f"]}\nchecks: ["t.py:f"]',
        "tools",
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_every_family_is_a_refused_row(name: str, tmp_path: Path) -> None:
    text, word = TASKS[name]
    (tmp_path / "smeaton.yaml").write_text(HEAD + text + "\n")
    (tmp_path / "clients.csv").write_text("photo,when,y\n1,2026-01-01,yes\n")
    (tmp_path / "t.py").write_text("def f(row):\n    return True\n")
    (tmp_path / "docs").mkdir()
    with pytest.raises(NoSolution, match=word) as ended:
        smeaton.build(tmp_path)
    assert ended.value.exit_code == 4
    found = board(tmp_path)
    assert {row.family for row in found.rows} == set(plugins.names("families"))
    assert all(row.state == "refused" and word in row.why for row in found.rows)
    assert word in board_text(found)
    assert not (tmp_path / "odd.bundle").exists()


def test_a_task_over_a_table_is_served() -> None:
    from smeaton.flow.unserved import unserved

    for kind in ("boolean", "text"):
        task = Task(data=Data(examples=Source(files=("a.csv",))), output={"y": Type(type=kind)})  # type: ignore[arg-type]
        assert unserved(task) == ""
