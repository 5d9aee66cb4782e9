"""The file of answers: durable line by line, mended after a crash, and never half-written."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.data.read import read
from smeaton.errors import DataError, InputError
from smeaton.labelling.answers import AnswerFile

COLUMNS = ["text", "label"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_what_was_written_is_read_back(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    rows = [{"text": 'a "b",\n\tc', "label": "x"}, {"text": "東京 \u2028", "label": "y"}, {"text": None, "label": "z"}]
    AnswerFile(path, COLUMNS).append(rows[0])
    AnswerFile(path, COLUMNS).extend(rows[1:])
    table = read(path, Path(".")).table
    assert [value or None for value in table["text"].tolist()] == [row["text"] for row in rows]
    assert table["label"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_undo_takes_back_the_last_ones_only_and_never_what_others_wrote(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    AnswerFile(path, COLUMNS).append({"text": "old", "label": "x"})
    before = path.read_bytes()
    answers = AnswerFile(path, COLUMNS)
    assert not answers.undo()
    answers.append({"text": "one", "label": "x"})
    after_one = path.read_bytes()
    answers.append({"text": "two", "label": "x"})
    assert answers.undo()
    assert path.read_bytes() == after_one
    assert answers.undo()
    assert path.read_bytes() == before
    assert not answers.undo()
    answers.append({"text": "three", "label": "x"})
    AnswerFile(path, COLUMNS).append({"text": "another", "label": "x"})
    assert not answers.undo()
    assert b"another" in path.read_bytes()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_write_cut_anywhere_loses_no_earlier_answer(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    ending = data.draw(st.sampled_from(["csv", "tsv", "jsonl"]))
    # Carriage returns are left out: the reader takes them for line ends, which is another matter.
    texts = data.draw(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1), min_size=1, max_size=4)
    )
    path = tmp_path_factory.mktemp("cut") / f"a.{ending}"
    answers = AnswerFile(path, COLUMNS)
    ends = []
    for text in texts:
        answers.append({"text": text, "label": "x"})
        ends.append(path.stat().st_size)
    cut = data.draw(st.integers(ends[0], ends[-1]))
    path.write_bytes(path.read_bytes()[:cut])
    again = AnswerFile(path, COLUMNS)
    again.append({"text": "new", "label": "y"})
    whole = sum(end <= cut for end in ends)
    found = _rows(path)
    assert [row[0] for row in found[:whole]] == texts[:whole]
    assert found[-1] == ["new", "y"]
    assert len(found) in (whole + 1, whole + 2)


def _rows(path: Path) -> list[list[str]]:
    if path.suffix == ".jsonl":
        return [list(json.loads(line).values()) for line in path.read_text(encoding="utf-8").split("\n") if line]
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter="\t" if path.suffix == ".tsv" else ","))[1:]


def test_who_only_looks_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label\none,x\n"tw')
    assert AnswerFile(path, COLUMNS, mend=False).note == ""
    assert path.read_text().endswith('"tw')
    assert "cut off" in AnswerFile(path, COLUMNS).note
    assert path.read_text() == "text,label\none,x\n"


def test_a_last_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\none,x")
    AnswerFile(path, COLUMNS).append({"text": "two", "label": "y"})
    assert path.read_text() == "text,label\none,x\ntwo,y\n"


def test_other_columns_and_endings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("body,label\none,x\n")
    with pytest.raises(DataError, match="body, label"):
        AnswerFile(path, COLUMNS)
    with pytest.raises(InputError, match="parquet"):
        AnswerFile(tmp_path / "a.parquet", COLUMNS)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path = tmp_path / "a.csv"
    answers = AnswerFile(path, COLUMNS)
    answers.append({"text": "one", "label": "x"})
    before, write = path.read_bytes(), os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 10:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:10])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        answers.append({"text": "a long text that is cut", "label": "y"})
    monkeypatch.undo()
    assert path.read_bytes() == before
