"""A check that fails, as the command line says it: what, where, and the file of the rows, which stays."""

import re
from pathlib import Path

import duckdb
import pytest
from tests.conftest import smeaton

from smeaton.data.read import read
from smeaton.task.task import Source, Step

pytestmark = pytest.mark.slow

TASK = """\
smeaton: 1
data:
  tables: {orders: orders.csv}
  steps:
    clean: {query: "SELECT * FROM orders WHERE amount > 0", checks: {range: {amount: [0, 5]}}}
output: {y: number}
"""


def test_a_failed_check_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "smeaton.yaml").write_text(TASK)
    (tmp_path / "orders.csv").write_text("id,amount,y\n" + "".join(f"{n},{n % 7},{n}\n" for n in range(1, 31)))
    done = smeaton("build", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert "4 of 26 rows hold 'amount' that is not between 0 and 5" in done.stderr
    file = re.search(r"all of them: (.*)", done.stderr)
    assert file is not None
    assert (tmp_path / file[1]).read_text() == "id,amount,y\n6,6,6\n13,6,13\n20,6,20\n27,6,27\n"


def test_a_step_larger_than_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sort of 200 MB within DuckDB's least limit, 128 MB."""
    monkeypatch.setenv("SMEATON_MEMORY", "1MB")
    duckdb.sql(f"COPY (SELECT range AS id FROM range(2000000)) TO '{tmp_path}/ids.parquet'")
    steps = {
        "hashed": Step(query="SELECT id, md5(id::varchar) AS a, sha1(id::varchar) AS b FROM ids ORDER BY b"),
        "few": Step(query="SELECT count(*) AS n, count(DISTINCT a) AS d FROM hashed"),
    }
    raw = read(Source(tables={"ids": "ids.parquet"}, steps=steps), tmp_path)
    assert raw.table["n"].tolist() == raw.table["d"].tolist() == [2_000_000]
    names = {path.suffix for path in (tmp_path / ".smeaton" / "steps").iterdir()}
    assert names == {".parquet", ".json"}
