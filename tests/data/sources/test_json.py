from pathlib import Path

import numpy as np
import pytest
from tests.data.sources._write import file

from smeaton.data.read import read, read_chunks
from smeaton.data.sources import json as source
from smeaton.errors import DataError

FORMS = {
    "objects": (b'[{"a": 1, "b": "x"}, {"a": 2, "c": null}]', {"a": [1, 2], "b": ["x", None], "c": [None, None]}, ""),
    "columns": (b'{"a": [1, 2], "b": ["x", null]}', {"a": [1, 2], "b": ["x", None]}, ""),
    "rows under a key": (b'{"n": 2, "rows": [{"a": 1}], "tags": [1]}', {"a": [1]}, "under 'rows'; beside it stands"),
    "columns under a key": (b'{"data": {"a": [1]}, "version": 1}', {"a": [1]}, "under 'data'"),
    "the only key": (b'{"rows": [{"a": 1}]}', {"a": [1]}, "under 'rows'"),
    "nested cells": (b'[{"a": {"k": [1]}, "b": [1, "x"]}]', {"a": [{"k": [1]}], "b": [[1, "x"]]}, ""),
    "lines": (b'{"a": 1}\n\n{"a": 2}\n', {"a": [1, 2]}, "one JSON object a line"),
    "columns over lines": (b'{\n"a": [1,\n2]}', {"a": [1, 2]}, ""),
}


@pytest.mark.parametrize("name", FORMS)
def test_documents_that_are_tables(tmp_path: Path, name: str) -> None:
    content, expected, said = FORMS[name]
    path = file(tmp_path, "t.json", content)
    raw = read(path, tmp_path)
    assert {key: column.tolist() for key, column in raw.table.items()} == expected
    assert [said in note for note in raw.notes] == ([True] if said else [])
    chunks = list(read_chunks(path, 1))
    assert [len(chunk) for chunk in chunks] == [1] * len(raw)
    assert chunks[0].notes == raw.notes


def test_numbers_keep_their_types(tmp_path: Path) -> None:
    table = read(file(tmp_path, "t.json", b'[{"a": 1, "b": 1.5}, {"a": 2, "b": null}]'), tmp_path).table
    assert table["a"].dtype == np.int64
    np.testing.assert_array_equal(table["b"], [1.5, np.nan])


BAD = {
    "empty": (b"  \n", "", "is empty"),
    "no rows": (b"[]", "", "array is empty"),
    "an empty object": (b"{}", "", "an empty object"),
    "one value": (b"3", "", "one int"),
    "an array of others": (b"[1, 2]", "", "an array of other things"),
    "an object of others": (b'{"a": 1}', "", "an object of other things"),
    "lengths": (b'{"a": [1, 2], "b": [1]}', "", "'a' has 2, 'b' has 1"),
    "two tables": (b'{"a": [{"x": 1}], "b": [{"x": 1}, {"x": 2}]}', "", "several keys hold rows: 'a', 'b'"),
    "broken": (b'[{"a": 1},\n{"a": }]', ":2", "not one JSON document"),
    "cut off": (b'[{"a": 1},\n{"a": 1', ":1", "not one JSON document"),
    "too deep": (b"[" * 5_000, ":1", "not one JSON document"),
    "nan": (b'[{"a": NaN}]', ":1", "not one JSON document"),
    "a bad line": (b'{"a": 1}\n{"a": 2}\n[3]\n', ":3", "not one JSON object"),
}


@pytest.mark.parametrize("name", BAD)
def test_other_documents_are_refused(tmp_path: Path, name: str) -> None:
    content, line, words = BAD[name]
    path = file(tmp_path, "t.json", content)
    with pytest.raises(DataError, match=words) as caught:
        read(path, tmp_path)
    assert caught.value.where == f"{path}{line}"
    assert caught.value.fix


def test_a_huge_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LARGEST", 100)
    path = file(tmp_path, "t.json", b'[{"a":\n 1},\n' * 20)
    with pytest.raises(DataError, match="larger than 100 bytes") as caught:
        read(path, tmp_path)
    assert ".jsonl" in caught.value.fix


def test_places(tmp_path: Path) -> None:
    path = file(tmp_path, "t.json", b'[{"a": 1},\n{"a": 2}]')
    assert read(path, tmp_path).place(1) == f"{path}, object 2"
    lines = file(tmp_path, "u.json", b'{"a": 1}\n\n{"a": 2}\n')
    assert read(lines, tmp_path).place(1) == f"{lines}:3"
