"""A check that fails, as the command line says it: what, where, and the file of the rows, which stays."""

import re
from pathlib import Path

import pytest
from tests.conftest import smeaton

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
