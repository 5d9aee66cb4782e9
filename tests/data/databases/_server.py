"""A PostgreSQL server of the tests' own, in a temporary folder, on a free port of the loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "s3cr:t@/#%p"  # every mark that has a meaning in an address
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin")


@dataclass(frozen=True)
class Server:
    """Where it listens. `admin` may do everything; `reader` what tests grant."""

    port: int
    folder: Path

    def url(self, database: str = "shop", user: str = "${PG_USER}", password: str = "${PG_PASSWORD}") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "shop", user: str = "admin") -> Any:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=user, password=PASSWORD, autocommit=True
        )

    def run(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)


def program(name: str) -> str | None:
    """A program of PostgreSQL, on the path or where Debian and Homebrew put it."""
    found = [str(path) for place in _FOLDERS for path in Path("/").glob(f"{place[1:]}/{name}")]
    return shutil.which(name) or next(iter(sorted(found, reverse=True)), None)


@contextmanager
def running() -> Iterator[Server]:
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb is not None
    assert postgres is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    # The server refuses to be root's.
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        name = next(user for user in ("postgres", "nobody") if user in {entry.pw_name for entry in pwd.getpwall()})
        os.chown(folder, pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid)
        owner = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o644)
        data = str(folder / "data")
        subprocess.run(
            [initdb, "-D", data, "-A", "scram-sha-256", "-U", "admin", f"--pwfile={secret}", "-E", "UTF8", "--no-sync",
             "--locale=C"], check=True, capture_output=True, cwd=folder, **owner,
        )  # fmt: skip
        port = _free_port()
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [postgres, "-D", data, "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1",
                 "-c", "fsync=off", "-c", "full_page_writes=off"], stdout=log, stderr=log, cwd=folder, **owner,
            )  # fmt: skip
        try:
            yield _ready(Server(port, folder), server)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(server: Server, process: subprocess.Popen[bytes]) -> Server:
    import psycopg

    until = time.monotonic() + 60
    while True:
        try:
            with server.connect("postgres") as connection:
                connection.execute("CREATE DATABASE shop")
                connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
            return server
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
