from collections.abc import Iterator

import pytest
from tests.data.databases._server import PASSWORD, Server, program, running


@pytest.fixture(scope="session")
def started() -> Iterator[Server]:
    pytest.importorskip("psycopg")
    if program("initdb") is None or program("postgres") is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as server:
        yield server


@pytest.fixture
def server(started: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, with user and password in the environment, and an empty schema `public`."""
    monkeypatch.setenv("PG_USER", "admin")
    monkeypatch.setenv("PG_PASSWORD", PASSWORD)
    started.run("DROP SCHEMA IF EXISTS public CASCADE", "DROP SCHEMA IF EXISTS other CASCADE", "CREATE SCHEMA public")
    started.run("GRANT USAGE ON SCHEMA public TO public")
    return started
