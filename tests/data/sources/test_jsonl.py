import gzip
from pathlib import Path

import numpy as np
import pytest

from smeaton.data.read import read, read_chunks
from smeaton.errors import DataError


def write(folder: Path, content: bytes, name: str = "t.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_values_keep_their_types(tmp_path: Path) -> None:
    lines = b'{"a": 1, "b": 1.5, "c": "x", "d": true, "e": [1, 2]}\n\n{"a": 2, "b": null, "c": null, "f": 3}\n'
    for path in (write(tmp_path, lines), write(tmp_path, gzip.compress(lines), "t.ndjson.gz")):
        table = read(path, tmp_path).table
        assert table["a"].dtype == np.int64
        np.testing.assert_array_equal(table["b"], [1.5, np.nan])
        assert table["c"].tolist() == ["x", None]
        assert table["d"].tolist() == [True, None]
        assert table["e"].tolist() == [[1, 2], None]
        assert table["f"].tolist() == [None, 3]


def test_an_inexact_integer_stays_exact(tmp_path: Path) -> None:
    table = read(
        write(tmp_path, b'{"a": 9007199254740993}\n{"a": null}\n{"a": 12345678901234567890123}\n'), tmp_path
    ).table
    assert table["a"].tolist() == [9007199254740993, None, 12345678901234567890123]


BAD = {
    "empty": (b"", "", "is empty"),
    "a list": (b'{"a": 1}\n[1]\n', ":2", "not one JSON object"),
    "broken": (b'{"a": 1}\n{"a": }\n', ":2", "not one JSON object"),
    "two on a line": (b'{"a": 1} {"a": 2}\n', ":1", "not one JSON object"),
    "one document": (b'[\n{"a": 1}\n]\n', ":1", "not one JSON object"),
    "nan": (b'{"a": NaN}\n', ":1", "not one JSON object"),
    "bytes": ('{"a": "éé"}\n{"a": "'.encode() + b'\xff"}\n', ":2", "0xff is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lines_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    content, line, words = BAD[name]
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=words) as caught:
        read(path, tmp_path)
    assert caught.value.where == f"{path}{line}"
    assert caught.value.fix


def test_truncated_gzip(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b'{"a": 1}\n' * 1000)[:-5], "t.jsonl.gz")
    with pytest.raises(DataError, match="cut off"):
        read(path, tmp_path)


def test_chunks_and_places(tmp_path: Path) -> None:
    path = write(tmp_path, b"".join(b'{"a": %d}\n\n' % i for i in range(10)))
    chunks = list(read_chunks(path, 4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert [value for chunk in chunks for value in chunk.table["a"]] == list(range(10))
    assert chunks[2].place(0) == f"{path}:17"
    with pytest.raises(DataError, match="there are: 'a'"):
        list(read_chunks(path, 4, ["zzz"]))
