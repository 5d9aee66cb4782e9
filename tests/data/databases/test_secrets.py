"""What the environment holds stands in nothing that a build writes or says."""

import json
from pathlib import Path

import pytest
from tests.conftest import QUICK, client_rows, smeaton
from tests.data.databases._server import PASSWORD, Server

pytestmark = pytest.mark.slow

TASK = """\
smeaton: 1
name: clients
data:
  tables: {people: "%s#people", plans: plans.csv}
  steps:
    known: {query: "SELECT client, age, plan, spend, churned FROM people WHERE age < 200", checks: {unique: [client]}}
    priced: SELECT known.*, price FROM known JOIN plans USING (plan)
output: {churned: boolean}
rows: {id: client}
solutions: {only: [baseline], add: ["quick.py:quick"]}
budget: {time: 60s}
"""


def test_a_build_over_a_database(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = "zz_reading_user"
    server.run(
        "CREATE TABLE people (client text, age int, plan text, spend float8, churned text)",
        f"DROP ROLE IF EXISTS {user}",
        f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT SELECT ON people TO {user}",
    )
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO people VALUES (%(client)s, %(age)s, %(plan)s, %(spend)s, %(churned)s)", client_rows()
        )
    monkeypatch.setenv("PG_USER", user)
    (tmp_path / "plans.csv").write_text("plan,price\nbasic,1\nplus,2.5\npro,4\n")
    (tmp_path / "quick.py").write_text(QUICK)
    (tmp_path / "smeaton.yaml").write_text(TASK % server.url())
    done = smeaton("build", tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert "price" in (Path(said["bundle"]) / "bundle.json").read_text()
    report = smeaton("report", tmp_path)
    again = smeaton("build", tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "known: kept, 240 rows" in again.stdout + again.stderr
    spoken = done.stdout + done.stderr + report.stdout + report.stderr + again.stdout + again.stderr
    assert f"240 rows came from postgresql://127.0.0.1:{server.port}/shop#people" in spoken
    for held in (PASSWORD, "s3cr%3At%40%2F%23%25p", user):
        assert held not in spoken
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert held.encode() not in path.read_bytes(), path
    manifest = json.loads((Path(said["bundle"]) / "bundle.json").read_text())
    assert "PG_PASSWORD" not in json.dumps(manifest)
    server.run("UPDATE people SET age = 30 WHERE client = 'c0001'")
    changed = smeaton("build", tmp_path)
    assert "known: recomputed (people changed), 240 rows" in changed.stdout + changed.stderr
