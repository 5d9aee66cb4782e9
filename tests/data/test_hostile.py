"""Files that nobody should have to read: each is read, or refused in words with what to do. Nothing else ever happens.

`corpus/` holds the nastiest small ones, `benchmarks/hostile.py` generates thousands.
"""

import importlib.util
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smeaton.data.load import load, start_task
from smeaton.data.read import read
from smeaton.errors import InputError
from smeaton.flow.prepare import prepare, spaces
from smeaton.flow.request import resolve
from smeaton.task.infer import infer_type

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"

#: What is refused, with a word of the reason; all other files of the corpus can be built from.
REFUSED = {
    "all_null.csv": "nothing to learn",
    "arrays_for_objects.jsonl": "not one JSON object",
    "cut.parquet": "not readable as Parquet",
    "deep_document.json": "JSON",
    "deep_object.jsonl": "not one JSON object",
    "empty.csv": "the file is empty",
    "foot_damaged.parquet": "not readable as Parquet",
    "gzip_cut.csv.gz": "broken or cut off",
    "huge_target.csv": "cannot be squared",
    "key_twice.jsonl": "no column is left",
    "lone_surrogate_in_name.jsonl": "JSON",
    "lone_surrogates.jsonl": "JSON",
    "name_twice.csv": "'a' appears 2 times",
    "nan_and_infinity.jsonl": "JSON",
    "one_row.csv": "nothing to learn",
    "only_a_mark.csv": "the file is empty",
    "only_names.csv": "there are no rows",
    "open_quote.csv": "quot",
    "ragged.csv": "3 values",
    "target_mixed.jsonl": "cannot be predicted yet",
    "target_null.csv": "null in 40 of 40 rows",
    "target_same.csv": "nothing to learn",
    "text_called_gzip.csv.gz": "broken or cut off",
    "text_called_parquet.parquet": "not readable as Parquet",
    "two_values_a_line.jsonl": "not one JSON object",
    "zero_bytes.csv": "zero bytes",
}


def test_what_is_refused_is_there() -> None:
    assert {path.name for path in CORPUS.iterdir()} > set(REFUSED)


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: str(path.name))
def test_the_corpus(path: Path, tmp_path: Path) -> None:
    target = "prediction" if path.name.startswith("target_called") else "target"
    if path.name in REFUSED:
        with pytest.raises(InputError) as caught:
            prepared(path, target, tmp_path)
        assert REFUSED[path.name] in str(caught.value)
        assert caught.value.fix
    else:
        assert prepared(path, target, tmp_path)


def prepared(path: Path, target: str, folder: Path) -> dict[str, Any]:
    """All that a build does before anything is tried; the families that would run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers beyond what can be squared are part of this
        return spaces(prepare(resolve(str(path), target, None, folder / "out"), 0, lambda notice: None))[0]


def build_from(content: bytes, ending: str) -> None:
    """Read it and type it; what is wrong with it is an InputError with a fix."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        path = Path(name, f"table{ending}")
        path.write_bytes(content)
        refused = None
        try:
            raw = read(path, Path(name))
            for column, cells in raw.table.items():
                infer_type(cells, column)
            for target in list(raw.table)[-1:]:
                load(*start_task(path, target, Path(name)))
        except InputError as error:
            refused = error
        assert refused is None or refused.fix, refused


ENDINGS = st.sampled_from([".csv", ".tsv", ".jsonl", ".json"])


@given(content=st.binary(max_size=300), ending=ENDINGS)
@example(content=b"\x00", ending=".csv")
@example(content=b"a\x00", ending=".csv")
@settings(max_examples=60, deadline=None)
def test_any_bytes(content: bytes, ending: str) -> None:
    build_from(content, ending)


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-1e308", "9" * 40, "2024-02-30", "0000-00-00", "yes", "nan", "inf", '"', "[1", "{}", "=1+1"]
    ),
    st.text(max_size=6),
    st.floats().map(str),
    st.dates().map(str),
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=4),
    times=st.sampled_from([1, 8, 25]),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]),
    ending=st.sampled_from([".csv", ".tsv"]),
)
@settings(max_examples=40, deadline=None)
def test_any_delimited_text(rows: list[list[str]], times: int, mark: str, encoding: str, ending: str) -> None:
    lines = [mark.join(["a", "b", "c"][: len(rows[0])]), *[mark.join(row) for row in rows] * times]
    build_from("\n".join(lines).encode(encoding, "replace"), ending)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    rows=st.lists(st.fixed_dictionaries({"a": JSON, "b": JSON}), min_size=1, max_size=4), times=st.sampled_from([1, 25])
)
@settings(max_examples=40, deadline=None)
def test_any_json_rows(rows: list[dict[str, Any]], times: int) -> None:
    import json

    build_from("".join(json.dumps(row) + "\n" for row in rows * times).encode(), ".jsonl")
    build_from(json.dumps(rows * times).encode(), ".json")


def test_a_case_follows_from_its_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("hostile_files", ROOT / "benchmarks" / "hostile_files.py")
    assert spec is not None
    assert spec.loader is not None
    files = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "hostile_files", files)
    spec.loader.exec_module(files)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (files.make(7, tmp_path / name) for name in ("one", "two"))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert (one.what, one.target) == (two.what, two.target)


@pytest.mark.slow
def test_generated_files_end_in_an_outcome() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "hostile.py"), "--files", "60", "--whole", "30", "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 violations" in done.stdout
