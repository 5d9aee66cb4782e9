"""The tables, the shared vectors and the examples of docs/text_op.md, and the TypeScript side of them."""

import importlib.util
import json
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.runtime.ops._bag import BagTable, bag_cells
from smeaton.runtime.ops._unicode import UNKNOWN, classes
from smeaton.runtime.ops._words import fnv1a, ngram_hashes, tokens, word_vectors

ROOT = Path(__file__).resolve().parents[3]
CLIENT = ROOT / "clients/typescript/text"
SHARED = json.loads((CLIENT / "vectors.json").read_text("utf-8"))


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"benchmarks/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_unicode_14() -> None:
    if unicodedata.unidata_version != "14.0.0":
        pytest.skip(f"needs a Python with Unicode 14.0.0; this one has {unicodedata.unidata_version}")
    tables = script("text_tables")
    assert tables.CLASSES.read_text("utf-8") == tables.classes_text()
    assert tables.TABLES.read_text("utf-8") == tables.tables_text()
    points = range(0x110000)
    assert classes().tolist() == [tables.kind(point) for point in points]


def test_the_host_folds_what_14_knows_as_the_table_says() -> None:
    """On any host: the folds in the TypeScript tables are those of `str.casefold`."""
    packed = (CLIENT / "src/tables.ts").read_text("utf-8").split('FOLDS =\n  "')[1].split('"')[0]
    last, folds = 0, {}
    for fold in packed.split(" "):
        step, *folded = (int(digits, 36) for digits in fold.split(":"))
        last += step
        folds[last] = "".join(map(chr, folded))
    known = np.flatnonzero(classes() != UNKNOWN).tolist()
    assert folds == {point: chr(point).casefold() for point in known if chr(point).casefold() != chr(point)}


def test_the_vectors_are_those_of_the_recipe() -> None:
    recipe = script("text_vectors")
    assert len(recipe.texts()) == len(SHARED["cases"]) > 300
    assert recipe.VECTORS.read_text("utf-8") == recipe.content()


def test_examples_of_tokens_and_hashes() -> None:
    text = "Straße ﬁn ①\u0378İ"
    assert tokens(text) == ["strasse", "fin", "1", "i\u0307"]
    assert [fnv1a(token.encode()) for token in tokens(text)] == [0x0581A214, 0xC8E4A51A, 0x340CA71C, 0xC356D1CD]
    expected = ["cd8b0edc", "88bc86d1", "551f758f", "36a62cd3", "6104c79c", "db831dbe", "3dff236c"]
    assert [f"{value:08x}" for value in ngram_hashes([text], [1, 2], [])[0]] == expected
    found = [f"{value:08x}" for value in ngram_hashes(["The cat"], [1, 2], [5])[0]]
    assert found[:3] == ["c50749f8", "f01dce9c", "5e70a4c3"]
    assert found[3:] == ["de25ca4e", "d79cb251", "a8192860", "6fcbea0b", "fc515631"]
    page = (ROOT / "docs/text_op.md").read_text("utf-8")
    assert all(f"`{value}`" in page for value in (*expected, *found))


def test_example_of_a_vector() -> None:
    hashes, _ = ngram_hashes(["a cat, a hat"], [1], [])
    assert hashes.tolist() == [444641715, 4028485276, 444641715, 3360525370]
    expected = [0, 0, 0.470772, 0.746156, 0.470772, 0, 0, 0]
    np.testing.assert_allclose(word_vectors(["a cat, a hat"], 8, (1,), ())[0], expected, atol=5e-7)


def test_example_of_a_bag() -> None:
    keys = np.array([444641715, 2443789735, 4028485276], dtype=np.uint32)
    idf = np.array([0.5, 2, 2], dtype=np.float32)
    table = BagTable(keys, idf, np.array([[1, 0], [9, 9], [-1, 3]], dtype=np.float32), 0)
    cells = bag_cells(["a cat, a hat"], [{"words": [1]}], 0, "plain")
    assert table.sums(cells, 1, 1, norm=False).tolist() == [[-1, 6]]
    np.testing.assert_allclose(table.sums(cells, 1, 1, norm=True), [[-0.447214, 2.683282]], atol=5e-7)


@pytest.fixture(scope="module")
def built() -> Path:
    """The TypeScript side, compiled."""
    compiler = CLIENT / "node_modules/typescript/bin/tsc"
    if shutil.which("node") is None:
        pytest.skip("node is not on the PATH")
    if not compiler.is_file():
        pytest.skip("TypeScript is not installed: run `npm install` in clients/typescript/text")
    done = subprocess.run(["node", str(compiler)], cwd=CLIENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return CLIENT


@pytest.mark.slow
def test_typescript_passes_its_tests(built: Path) -> None:
    files = sorted(path.name for path in (built / "test").glob("*.test.mjs"))
    command = ["node", "--test", *(f"test/{name}" for name in files)]
    done = subprocess.run(command, cwd=built, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "# pass 0" not in done.stdout


@pytest.mark.slow
def test_typescript_agrees_on_made_up_texts(built: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks/text_parity.py"), "--texts", "10000", "--seed", "7"]
    done = subprocess.run(command, cwd=built, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["mismatches"] == 0
