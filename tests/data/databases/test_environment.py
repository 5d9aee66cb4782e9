"""What `${NAME}` stands for goes into the connection, and into nothing else."""

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.data.databases._environment import resolve
from smeaton.data.read import read
from smeaton.errors import DataError, ExtraMissing
from smeaton.task.address import Address, read_address
from smeaton.task.task import Source


def address(text: str) -> Address:
    found = read_address(text)
    assert found is not None
    return found


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=20))
def test_a_value_may_hold_any_mark(password: str) -> None:
    found = resolve(address("postgresql://me:${P}@host:5432/db#t"), {"P": password})
    parts = urlsplit(found.url)
    assert unquote(parts.password or "") == password
    assert (parts.hostname, parts.port, parts.path) == ("host", 5432, "/db")
    assert repr(found) == "Resolved(...)"


def test_hosts_and_names_from_the_environment() -> None:
    values = {"U": "a@b", "H": "db.example.com:6543", "D": "shop/x"}
    assert resolve(address("postgresql://${U}@${H}/${D}#t"), values).url == (
        "postgresql://a%40b@db.example.com:6543/shop%2Fx"
    )


def test_a_whole_connection_string() -> None:
    where = address("${URL}#t")
    url = "postgres+psycopg://me:s3%20cret@10.1.2.3:5/shop?sslmode=require"
    found = resolve(where, {"URL": url})
    assert found.url == "postgres://me:s3%20cret@10.1.2.3:5/shop?sslmode=require"
    said = found.hide('connection to "10.1.2.3", database "shop", as me with s3 cret or s3%20cret failed')
    assert said == 'connection to "${URL}", database "${URL}", as ${URL} with ${URL} or ${URL} failed'
    for value, message in (
        (None, "URL is not set"),
        ("", "URL is not set"),
        ("mysql://x/y", "does not hold an address"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            resolve(where, {} if value is None else {"URL": value})
        assert caught.value.where == "${URL}#t"
        assert value is None or not value or value not in str(caught.value)


def test_the_client_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    source = Source(query="SELECT * FROM t", tables={"t": "postgresql://localhost/db#t"})
    with pytest.raises(ExtraMissing, match="extra 'postgres'") as caught:
        read(source, tmp_path)
    assert caught.value.fix == "run: pip install 'smeaton[postgres]'"
