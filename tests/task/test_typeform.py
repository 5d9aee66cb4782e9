"""What types of the wild look like in a task file: written, read back, refused where they are wrong."""

from pathlib import Path

import pytest

from smeaton.errors import TaskError
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.task.yaml import read_task, write_task

TYPES = {
    "price": Type(type="number", form="1.234,5 EUR|-999|k.A.", unit="EUR", optional=True),
    "share": Type(type="number", form="1234.5%"),
    "loss": Type(type="number", form="($1,234.5)"),
    "length": Type(type="number", form="h:m:s"),
    "open": Type(type="boolean", form="ja/nein"),
    "filled": Type(type="boolean", form="words|unknown", optional=True),
    "day": Type(type="timestamp", form="Ymd"),
    "seen": Type(type="timestamp", form="unix_ms"),
    "born": Type(type="timestamp", form="d. b Y"),
    "mix": Type(type="category", form="mixed"),
    "size": Type(type="category", ordered=True, known=("S", "M", "L")),
    "tags": Type(type="list", of=Type(type="category", known=("a",)), form="bar"),
    "place": Type(type="json", fields={"city": Type(type="category", optional=True)}),
    "strict": Type(type="object", fields={"city": Type(type="category")}),
    "literal": Type(type="list", of=Type(type="number"), form="python"),
}


def test_types_are_read_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("y\n1\n")
    task = Task(data=Data(examples=Source(files=("x.csv",))), output={"y": Type(type="number")}, inputs=TYPES, name="t")
    path = tmp_path / "smeaton.yaml"
    (tmp_path / "x.csv").write_text("y\n1\n")
    write_task(task, path)
    assert read_task(path).inputs == TYPES


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("{type: number, form: '1,2,3'}", "a number has no form '1,2,3'"),
        ("{type: number, form: 'A1234.5'}", None),
        ("{type: timestamp, form: 'Y/d/m'}", "a timestamp has no form 'Y/d/m'"),
        ("{type: boolean, form: 'up/down'}", "a boolean has no form 'up/down'"),
        ("{type: number, known: [1]}", "a type number has no 'known'"),
        ("{type: category, known: []}", "at least two labels"),
        ("{type: text, fields: {a: number}}", "a type text has no 'fields'"),
    ],
)
def test_what_is_no_type_is_refused(tmp_path: Path, stated: str, words: str | None) -> None:
    path = tmp_path / "smeaton.yaml"
    (tmp_path / "x.csv").write_text("y\n1\n")
    path.write_text(f"smeaton: 1\ndata: x.csv\noutput: {{y: number}}\ninputs:\n  x: {stated}\n")
    if words is None:
        assert read_task(path).inputs is not None
        return
    with pytest.raises(TaskError, match=words):
        read_task(path)
