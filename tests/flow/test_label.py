"""Labelling around a build: rows to label are taken, the bundle that learnt from them says what to ask next."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import as_csv, client_rows, write_task

import smeaton
from smeaton.errors import DataError, TaskError
from smeaton.flow.label import Options, opened, status, take_csv, task_of, to_csv, use_line
from smeaton.flow.similar import find, find_duplicates, search, texts_of
from smeaton.labelling.ask import choose
from smeaton.labelling.work import Work

TASK = """\
smeaton: 1
name: clients
data: {examples: clients.csv, unlabelled: pool.csv}
inputs: {spend: number or null, age: integer, plan: category}
output: {churned: boolean}
solutions: {only: [baseline], add: ["quick.py:quick"]}
budget: {time: 60s}
"""


def folder_of(path: Path) -> Path:
    write_task(path, TASK)
    pool = [{name: row[name] for name in ("client", "age", "plan", "spend")} for row in client_rows(150, 9)]
    (path / "pool.csv").write_text(as_csv(pool))
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task with unlabelled rows, built."""
    folder = folder_of(tmp_path_factory.mktemp("label") / "clients")
    assert smeaton.build(folder, seed=1).outcome == "ready"
    return folder


def work_of(folder: Path) -> tuple[Work, Any]:
    with opened(task_of(folder), Options()) as (work, model):
        batch = choose(work, 30, model)
    return work, batch


def test_a_build_is_not_put_off_by_unlabelled_rows_and_its_bundle_says_what_to_ask(built: Path) -> None:
    work, batch = work_of(built)
    assert "bundle's uncertainty" in batch.how
    guided = [question.probability for question in batch.questions if not question.random]
    at_random = [question.probability for question in batch.questions if question.random]
    everyone = [question.probability for question in _all(built)]
    assert np.mean(guided) < np.mean(everyone) - 0.02
    assert at_random
    assert list(batch.questions[0].row) == [name for name in work.answers.columns if name != "churned"]


def _all(folder: Path) -> Any:
    with opened(task_of(folder), Options()) as (work, model):
        return choose(work, 1000, model).questions


def test_rows_written_before_a_build_are_taken_after_it(built: Path, tmp_path: Path) -> None:
    before = folder_of(tmp_path / "clients")
    said = to_csv(before, tmp_path / "ask.csv", Options(count=20))
    assert said["rows"] == 20
    lines = (tmp_path / "ask.csv").read_text().splitlines()
    place = lines[0].split(",").index("churned")
    filled = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        cells[place] = "yes"
        filled.append(",".join(cells))
    (tmp_path / "ask.csv").write_text("\n".join(filled) + "\n")
    waiting = status(built, Options()).waiting
    taken, work = take_csv(built, tmp_path / "ask.csv", Options(to=str(tmp_path / "answers.csv")))
    assert (taken.taken, taken.empty, taken.before) == (20, 0, 0)
    assert "unlabelled: pool.csv" in use_line(work)
    assert "yes" in (tmp_path / "answers.csv").read_text()
    assert status(built, Options(to=str(tmp_path / "answers.csv"))).waiting == waiting - 20


def test_status_tells_the_gain_or_why_not(built: Path) -> None:
    found = status(built, Options())
    assert 235 <= found.labelled <= 240, "equal rows count once"
    assert found.gain.rows == 240
    assert found.gain.then is not None or found.gain.why


def test_no_task_and_no_pool(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="no task file"):
        task_of(tmp_path / "clients.csv")
    folder = write_task(tmp_path / "plain").parent
    with pytest.raises(TaskError, match="no unlabelled rows"):
        status(folder, Options())


def test_search_and_duplicates_of_files_lists_and_folders(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text(
        "id,body,short\n1,the printer in room four is broken,x\n2,The Printer in room four is broken!,y\n3,,\n"
    )
    texts = texts_of(table)
    assert (texts.column, texts.chosen) == ("body", True)
    assert [group.rows for group in find_duplicates(table)[0]] == [(0, 1)]
    assert search(table, "printer", 1)[0].document == 0
    assert search(["a cat", "a dog"], "dog")[0].text == "a dog"
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "docs" / "one.md").write_text("about cats", encoding="utf-8")
    (tmp_path / "docs" / "sub" / "two.txt").write_text("\ufeffabout dogs", encoding="utf-8")
    hits, found, index = find(tmp_path / "docs", "dogs")
    assert found.places[hits[0].document] == str(Path("sub") / "two.txt")
    assert index.by == "words"


def test_sources_that_cannot_be_searched(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no document"):
        texts_of(tmp_path / "empty")
    (tmp_path / "empty" / "bad.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="UTF-8"):
        texts_of(tmp_path / "empty")
    (tmp_path / "n.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column"):
        texts_of(tmp_path / "n.csv", "c")
